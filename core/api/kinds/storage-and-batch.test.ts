// Rules of kinds beyond workloads, in Kubernetes' words.
import { describe, expect, test } from 'vitest';
import { fieldErrorText } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { kindOf } from './index.ts';

function errors(apiVersion: string, kind: string, o: object, prev?: object): string[] {
  const spec = kindOf(apiVersion, kind)!, ready = (x: object): KubeObject => {
    const copy = { metadata: { name: 'x', ...(spec.namespaced ? { namespace: 'default' } : {}) }, ...structuredClone(x) } as KubeObject;
    spec.setDefaults?.(copy);
    return copy;
  };
  const next = ready(o);
  return (prev ? spec.validateUpdate?.(next, ready(prev)) ?? [] : spec.validate(next)).map(fieldErrorText);
}

describe('network policies', () => {
  const policy = (peer: object, port: object = {}): object => ({ spec: { ingress: [{ from: [peer], ports: [port] }] } });
  test('peers', () => {
    expect(errors('networking.k8s.io/v1', 'NetworkPolicy', policy({}))).toEqual(['spec.ingress[0].from[0]: Required value: must specify a peer']);
    expect(errors('networking.k8s.io/v1', 'NetworkPolicy', policy({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }))).toEqual(['spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer']);
    expect(errors('networking.k8s.io/v1', 'NetworkPolicy', policy({ ipBlock: { cidr: '10.1.0.0/16', except: ['10.1.2.0/24', '10.2.0.0/24', '10.1.0.0/16'] } }))).toEqual([
      'spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: "10.2.0.0/24": must be a strict subset of `cidr`', 'spec.ingress[0].from[0].ipBlock.except[2]: Invalid value: "10.1.0.0/16": must be a strict subset of `cidr`',
    ]);
  });
  test('ports', () => {
    expect(errors('networking.k8s.io/v1', 'NetworkPolicy', policy({ podSelector: {} }, { port: 90, endPort: 80 }))).toEqual(['spec.ingress[0].ports[0].endPort: Invalid value: 90: must be greater than or equal to `port`']);
    expect(errors('networking.k8s.io/v1', 'NetworkPolicy', policy({ podSelector: {} }, { protocol: 'ICMP' }))).toEqual(['spec.ingress[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"']);
  });
});

test('addresses are named as they are written best', () => {
  const address = (name: string): object => ({ metadata: { name }, spec: { parentRef: { resource: 'services', name: 'a', namespace: 'default' } } });
  expect(errors('networking.k8s.io/v1', 'IPAddress', address('2001:db8::1'))).toEqual([]);
  expect(errors('networking.k8s.io/v1', 'IPAddress', address('2001:DB8:0::1'))).toEqual(['metadata.name: Invalid value: "2001:DB8:0::1": must be a canonical format IP address']);
});

test('classes cannot be changed', () => {
  const vac = { driverName: 'a.example.com', parameters: { iops: '1' } };
  expect(errors('storage.k8s.io/v1', 'VolumeAttributesClass', { ...vac, parameters: {} })).toEqual(['parameters: Required value: must contain at least one key/value pair']);
  expect(errors('storage.k8s.io/v1', 'VolumeAttributesClass', { ...vac, driverName: 'b' }, vac)).toEqual(['driverName: Forbidden: updates to driverName are forbidden.']);
  expect(errors('node.k8s.io/v1', 'RuntimeClass', { handler: 'b' }, { handler: 'a' })).toEqual(['handler: Invalid value: "b": field is immutable']);
});

test('claims do not shrink', () => {
  const claim = (storage: string, more: object = {}): object => ({ status: { phase: 'Bound', capacity: { storage: '2Gi' } }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } }, ...more } });
  expect(errors('v1', 'PersistentVolumeClaim', claim('1Gi'), claim('2Gi'))).toEqual(['spec.resources.requests.storage: Forbidden: field can not be less than status.capacity']);
  expect(errors('v1', 'PersistentVolumeClaim', claim('2Gi'), claim('1Gi'))).toEqual([]);
  expect(errors('v1', 'PersistentVolumeClaim', claim('1Gi', { dataSourceRef: { kind: 'VolumeSnapshot', name: 'a' } }))).toEqual(['dataSource', 'dataSourceRef'].map(f => `spec.${f}: Invalid value: "VolumeSnapshot": must be 'PersistentVolumeClaim' when referencing the default apiGroup`));
});

describe('autoscalers', () => {
  const spec = { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 3 };
  test('metrics have the source of their type', () => {
    expect(errors('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { ...spec, metrics: [{ type: 'Pods', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] } })).toEqual([
      'spec.metrics[0].pods: Required value: must populate information for the given metric source',
    ]);
    expect(errors('autoscaling/v2', 'HorizontalPodAutoscaler', { spec: { ...spec, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] } })).toEqual([
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ]);
  });
  test('behaviour is filled and bounded', () => {
    const h = { metadata: { name: 'x', namespace: 'default' }, spec: { ...spec, behavior: { scaleDown: { stabilizationWindowSeconds: 4000 } } } };
    kindOf('autoscaling/v2', 'HorizontalPodAutoscaler')!.setDefaults!(h as KubeObject);
    expect(h.spec.behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodSeconds: 15 }, { type: 'Percent', value: 100, periodSeconds: 15 }] },
      scaleDown: { stabilizationWindowSeconds: 4000, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
    });
    expect(errors('autoscaling/v2', 'HorizontalPodAutoscaler', h)).toEqual(['spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600']);
  });
});

test('jobs: failure policies and indexes', () => {
  const job = (more: object): object => ({ spec: { selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...more } });
  expect(errors('batch/v1', 'Job', job({ backoffLimitPerIndex: 1 }))).toEqual(['spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode']);
  expect(errors('batch/v1', 'Job', job({ podFailurePolicy: { rules: [{ action: 'Ignore' }, { action: 'Count', onExitCodes: { operator: 'In', values: [2, 0], containerName: 'no' } }] } }))).toEqual([
    'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
    'spec.podFailurePolicy.rules[1].onExitCodes.containerName: Invalid value: "no": must be one of the container or initContainer names in the pod template',
    'spec.podFailurePolicy.rules[1].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator',
    'spec.podFailurePolicy.rules[1].onExitCodes.values: Invalid value: [2,0]: must be ordered',
  ]);
});

test('cron jobs: zones', () => {
  const cron = (timeZone: string): object => ({ spec: { schedule: '* * * * *', timeZone, jobTemplate: { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } } } } });
  expect(errors('batch/v1', 'CronJob', cron('Europe/Berlin'))).toEqual([]);
  expect(errors('batch/v1', 'CronJob', cron('Mars/Base'))).toEqual(['spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']);
  expect(errors('batch/v1', 'CronJob', cron('local'))).toEqual(['spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones', 'spec.timeZone: Invalid value: "local": unknown time zone local']);
  expect(errors('batch/v1', 'CronJob', cron('Europe/../x'))).toEqual(['spec.timeZone: Invalid value: "Europe/../x": unknown time zone Europe/../x']);
});

test('devices: requests and what refers to them', () => {
  const claim = (devices: object): object => ({ spec: { devices } });
  expect(errors('resource.k8s.io/v1', 'ResourceClaim', claim({ requests: [{ name: 'a', exactly: { deviceClassName: 'gpu' } }], constraints: [{ requests: ['b'], matchAttribute: 'x.io/y' }] }))).toEqual([
    "spec.devices.constraints[0].requests[0]: Invalid value: \"b\": must be the name of a request in the claim or the name of a request and a subrequest separated by '/'",
  ]);
  expect(errors('resource.k8s.io/v1', 'ResourceClaim', claim({ requests: [{ name: 'a' }] }))).toEqual(['spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required']);
});
