import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../core/api/kinds/index.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { forwardCommand, portsOf } from './ports.ts';

const POD = kindOf('v1', 'Pod')!, SERVICE = kindOf('v1', 'Service')!, DEPLOYMENT = kindOf('apps/v1', 'Deployment')!;
const containers = [{ name: 'main', ports: [{ name: 'http', containerPort: 8080 }, { containerPort: 53, protocol: 'UDP' }] }, { name: 'side', ports: [{ containerPort: 9090 }, { containerPort: 8080 }] }];

describe('portsOf', () => {
  it('offers the TCP ports of pods, of templates and of services', () => {
    const both = [{ port: 8080, about: 'http · main' }, { port: 9090, about: 'side' }];
    expect(portsOf(POD, { spec: { containers } } as KubeObject)).toEqual(both);
    expect(portsOf(DEPLOYMENT, { spec: { template: { spec: { containers } } } } as KubeObject)).toEqual(both);
    expect(portsOf(SERVICE, { spec: { ports: [{ name: 'web', port: 80, targetPort: 'http' }, { port: 53, protocol: 'UDP' }] } } as KubeObject)).toEqual([{ port: 80, about: 'web' }]);
    expect(portsOf(POD, {} as KubeObject)).toEqual([]);
  });
});
describe('forwardCommand', () => {
  it('is what kubectl takes', () => {
    expect(forwardCommand(undefined, POD, 'shop', 'web', 8080)).toBe('kubectl -n shop port-forward pod/web :8080');
    expect(forwardCommand(undefined, SERVICE, 'shop', 'web', 80, 9000)).toBe('kubectl -n shop port-forward service/web 9000:80');
    expect(forwardCommand(undefined, SERVICE, 'shop', 'web', 9000, 9000)).toBe('kubectl -n shop port-forward service/web 9000');
  });
});
