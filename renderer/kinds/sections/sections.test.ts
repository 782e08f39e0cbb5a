import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { Node, Pod } from '../../../core/api/types/kubernetes.ts';
import { allocationOf, podAmounts, readable } from './allocation.ts';
import { pointsAt, templateOf, usedBy, uses, type Link } from './links.ts';

const words = (links: readonly Link[]): string[] => links.map(l => `${l.kind.kind}${l.namespace ? ` ${l.namespace}` : ''}/${l.name}${l.note ? ` ${l.note}` : ''}`);
const box = (name: string, cpu: string, more: object = {}) => ({ name, resources: { requests: { cpu, memory: '1Gi' }, limits: { cpu: '2' } }, ...more });

describe('allocation', () => {
  it('is the containers or the largest init container, with sidecars and overhead', () => {
    const spec = { initContainers: [box('big', '3'), box('side', '100m', { restartPolicy: 'Always' }), box('late', '2')], containers: [box('a', '500m'), box('b', '500m')], overhead: { cpu: '50m' } };
    expect(podAmounts({ spec } as unknown as Pod, 'requests')).toEqual({ cpu: '3050m', memory: '3Gi' });
  });
  it('writes bytes so that they can be read', () => {
    expect([readable('memory', '24581692Ki'), readable('memory', '512'), readable('requests.storage', '1536Mi'), readable('cpu', '1500m')]).toEqual(['23.4Gi', '512', '1.5Gi', '1500m']);
  });
  it('counts pods that have not ended, against what the node can give', () => {
    const node = { status: { allocatable: { pods: '4', memory: '4Gi', cpu: '2', 'hugepages-2Mi': '0' } } } as unknown as Node;
    const pod = (phase: string): Pod => ({ spec: { containers: [box('a', '500m')] }, status: { phase } }) as unknown as Pod;
    expect(allocationOf(node, [pod('Running'), pod('Pending'), pod('Succeeded'), pod('Failed')])).toEqual([
      { resource: 'cpu', requests: '1', limits: '4', allocatable: '2', part: 0.5 }, { resource: 'memory', requests: '2Gi', limits: '–', allocatable: '4Gi', part: 0.5 }, { resource: 'pods', requests: '2', limits: '–', allocatable: '4', part: 0.5 },
    ]);
  });
});

describe('links', () => {
  it('what a pod spec uses, each once', () => {
    const spec = { nodeName: 'n', serviceAccountName: 'default', volumes: [{ name: 'a', configMap: { name: 'settings' } }, { name: 'b', persistentVolumeClaim: { claimName: 'disk' } }, { name: 'kube-api-access-x', projected: { sources: [{ configMap: { name: 'kube-root-ca.crt' } }] } }], containers: [{ name: 'a', envFrom: [{ configMapRef: { name: 'settings' } }], env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'db', key: 'p' } } }] }] };
    expect(words(usedBy(spec))).toEqual(['ConfigMap/settings', 'PersistentVolumeClaim/disk', 'Secret/db', 'ServiceAccount/default', 'Node/n']);
    expect(uses(spec, { kind: 'Secret', name: 'db' })).toBe(true);
    expect(uses(spec, { kind: 'ConfigMap', name: 'db' })).toBe(false);
  });
  it('what an object points at', () => {
    const of = (o: object): string[] => words(pointsAt(o as KubeObject));
    expect(of({ kind: 'Ingress', spec: { ingressClassName: 'main', tls: [{ secretName: 'cert' }], rules: [{ http: { paths: [{ path: '/', backend: { service: { name: 'web' } } }] } }] } })).toEqual(['Service/web /', 'Secret/cert TLS', 'IngressClass/main']);
    expect(of({ kind: 'RoleBinding', roleRef: { kind: 'Role', name: 'edit' }, subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'tools' }, { kind: 'User', name: 'ada' }] })).toEqual(['Role/edit', 'ServiceAccount tools/ci']);
    expect(of({ kind: 'Event', involvedObject: { kind: 'Pod', apiVersion: 'v1', name: 'web', namespace: 'shop' } })).toEqual(['Pod shop/web']);
    expect(of({ kind: 'PersistentVolume', spec: { claimRef: { name: 'disk', namespace: 'shop' } } })).toEqual(['PersistentVolumeClaim shop/disk']);
    expect(of({ kind: 'HorizontalPodAutoscaler', spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } })).toEqual(['Deployment/web']);
    expect(of({ kind: 'Event', involvedObject: { kind: 'Unheard', apiVersion: 'x/v1', name: 'y' } })).toEqual([]);
  });
  it('the template of a cron job is two levels down', () => {
    expect(templateOf({ kind: 'CronJob', spec: { jobTemplate: { spec: { template: { metadata: { labels: { a: 'b' } }, spec: { containers: [] } } } } } } as KubeObject)).toEqual({ labels: { a: 'b' }, spec: { containers: [] } });
  });
});
