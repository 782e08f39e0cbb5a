import { describe, expect, test } from 'vitest';
import { clone } from '../meta/clone.ts';
import { fieldErrorText } from '../meta/field-error.ts';
import type { KubeObject } from '../meta/object.ts';
import { table } from '../meta/table.ts';
import type { Deployment, Job, PersistentVolumeClaim, Secret, Service } from '../types/kubernetes.ts';
import { deployment } from './apps/deployment.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { job } from './batch/job.ts';
import { configMap } from './core/config-map.ts';
import { endpointsText } from './core/endpoints.ts';
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { replicationController } from './core/replication-controller.ts';
import { secret } from './core/secret.ts';
import { service } from './core/service.ts';
import { eventV1 } from './events/event.ts';
import { fromCoreEvent, toCoreEvent } from './events/convert.ts';
import type { KindSpec } from './kind.ts';

const NOW = Date.UTC(2026, 0, 1, 1);
function created<T extends KubeObject>(kind: KindSpec<T>, o: object): T {
  const object = clone({ metadata: { name: 'web', namespace: 'default', uid: 'u' }, ...o }) as unknown as T;
  kind.setDefaults?.(object);
  kind.prepareForCreate?.(object);
  return object;
}
const errors = <T extends KubeObject>(kind: KindSpec<T>, o: object): string[] => kind.validate(created(kind, o)).map(fieldErrorText);
function updated<T extends KubeObject>(kind: KindSpec<T>, prev: T, change: (o: T) => void): string[] {
  const next = clone(prev);
  change(next);
  kind.setDefaults?.(next);
  kind.prepareForUpdate?.(next, prev);
  return [...kind.validate(next), ...(kind.validateUpdate?.(next, prev) ?? [])].map(fieldErrorText);
}
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'a:1' }] } };
const spec = { selector: { matchLabels: { app: 'web' } }, template };

describe('deployments', () => {
  test('defaults', () => {
    const d = created<Deployment>(deployment, { spec: { ...spec, template: { ...template, metadata: { ...template.metadata, creationTimestamp: null } } } });
    expect(d.spec).toMatchObject({ replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } });
    expect(d.spec!.template.metadata).toEqual({ labels: { app: 'web' } });
    expect(d.spec!.template.spec!.enableServiceLinks).toBeUndefined();
  });
  test('what is wrong is said as Kubernetes says it', () => {
    expect(errors(deployment, { spec: { template } })).toEqual(['spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']);
    expect(errors(deployment, { spec: { ...spec, strategy: { type: 'Blue' } } })).toEqual(['spec.strategy: Unsupported value: {"Type":"Blue","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"']);
    expect(errors(deployment, { spec: { ...spec, selector: { matchLabels: { app: 'no' } } } })).toEqual(['spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`']);
    expect(errors(deployment, { spec: { ...spec, replicas: -1 } })).toEqual(['spec.replicas: Invalid value: -1: must be greater than or equal to 0']);
    expect(errors(deployment, { spec: { ...spec, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } } })).toEqual(['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0']);
    expect(errors(deployment, { spec: { ...spec, strategy: { type: 'Recreate', rollingUpdate: {} } } })).toEqual(["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]);
    expect(errors(deployment, { spec: { ...spec, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } } })).toEqual(['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"']);
    expect(errors(deployment, { spec: { ...spec, minReadySeconds: 600 } })).toEqual(['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds']);
    expect(errors(deployment, {})).toEqual(['spec.selector: Required value', 'spec.template: Required value']);
  });
  test('the selector is immutable', () => {
    const d = created<Deployment>(deployment, { spec });
    expect(updated(deployment, d, o => { o.spec!.selector.matchLabels = { app: 'web', x: 'y' }; o.spec!.template.metadata!.labels!.x = 'y'; })[0]).toMatch(/^spec\.selector: Invalid value: .*: field is immutable$/);
  });
  test('rows', () => {
    const d = created<Deployment>(deployment, { spec: { ...spec, replicas: 3 } });
    d.status = { replicas: 3, readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 };
    d.metadata!.creationTimestamp = '2025-12-31T23:00:00Z';
    expect(table(deployment, [d], { now: NOW }).rows[0]!.cells).toEqual(['web', '2/3', 3, 1, '120m', 'c', 'a:1', 'app=web']);
    expect(deployment.scale!.selector(d)).toBe('app=web');
  });
});

test('a ReplicationController takes selector and labels from its template', () => {
  const rc = created(replicationController, { spec: { template } });
  expect(rc.spec!.selector).toEqual({ app: 'web' });
  expect(rc.metadata!.labels).toEqual({ app: 'web' });
});

test('a StatefulSet refuses what cannot change', () => {
  const s = created(statefulSet, { spec: { ...spec, serviceName: 'web' } });
  expect(updated(statefulSet, s, o => { o.spec!.replicas = 5; })).toEqual([]);
  expect(updated(statefulSet, s, o => { o.spec!.serviceName = 'x'; })).toEqual(["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"]);
});

describe('jobs', () => {
  const never = { ...template, metadata: {}, spec: { ...template.spec, restartPolicy: 'Never' } };
  test('select their pods by uid', () => {
    const j = created<Job>(job, { spec: { template: never } });
    expect(j.spec!.selector).toEqual({ matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } });
    expect(j.spec!.template.metadata!.labels).toMatchObject({ 'job-name': 'web', 'controller-uid': 'u' });
    expect(j.spec).toMatchObject({ completions: 1, parallelism: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false });
    expect(updated(job, j, o => { o.spec!.template.spec!.containers[0]!.image = 'b'; })[0]).toMatch(/^spec\.template: Invalid value: .*: field is immutable$/);
    expect(updated(job, j, o => { o.spec!.parallelism = 3; })).toEqual([]);
  });
  test('may not restart always', () => expect(errors(job, { spec: { template } })).toEqual(['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']));
});

describe('services', () => {
  test('defaults', () => {
    const s = created<Service>(service, { spec: { ports: [{ port: 80 }] } });
    expect(s.spec).toEqual({ sessionAffinity: 'None', type: 'ClusterIP', internalTrafficPolicy: 'Cluster', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    expect(created<Service>(service, { spec: { type: 'NodePort', sessionAffinity: 'ClientIP', ports: [{ port: 80 }] } }).spec).toMatchObject({ externalTrafficPolicy: 'Cluster', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } });
  });
  test('rules', () => {
    expect(errors(service, { spec: {} })).toEqual(['spec.ports: Required value']);
    expect(errors(service, { spec: { clusterIP: 'None' } })).toEqual([]);
    expect(errors(service, { spec: { ports: [{ port: 80 }, { port: 81 }] } })).toEqual(['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value']);
    expect(errors(service, { spec: { ports: [{ port: 80, nodePort: 30_000 }] } })).toEqual(["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]);
    expect(errors(service, { spec: { type: 'Foo', ports: [{ port: 80 }] } })).toEqual(['spec.type: Unsupported value: "Foo": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"']);
    expect(errors(service, { spec: { type: 'ExternalName' } })).toEqual(['spec.externalName: Required value']);
    expect(errors(service, { metadata: { name: '1web', namespace: 'd' }, spec: { ports: [{ port: 80 }] } })[0]).toContain('a DNS-1035 label must consist of');
  });
  test('an address stays; a type changes back and forth', () => {
    const s = created<Service>(service, { spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    s.spec!.clusterIP = '10.96.0.5'; s.spec!.clusterIPs = ['10.96.0.5']; s.spec!.ports![0]!.nodePort = 30_080;
    expect(updated(service, s, o => { o.spec!.clusterIP = '10.96.0.6'; })).toContain('spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set');
    expect(updated(service, s, o => { delete o.spec!.clusterIP; delete o.spec!.clusterIPs; delete o.spec!.ports![0]!.nodePort; })).toEqual([]);
    expect(updated(service, s, o => { o.spec!.type = 'ClusterIP'; })).toEqual([]);
    const next = clone(s);
    delete next.spec!.ports![0]!.nodePort;
    service.prepareForUpdate!(next, s);
    expect(next.spec!.ports![0]!.nodePort).toBe(30_080);
    expect(table(service, [s], { now: NOW }).rows[0]!.cells).toEqual(['web', 'NodePort', '10.96.0.5', '<none>', '80:30080/TCP', '<unknown>', '<none>']);
  });
});

test('secrets: stringData becomes data; type and sealed data stay', () => {
  const s = created<Secret>(secret, { stringData: { a: 'b' }, immutable: true });
  expect(s).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
  expect(s.stringData).toBeUndefined();
  expect(updated(secret, s, o => { o.type = 'x/y'; o.data!.a = 'eA=='; })).toEqual(['type: Invalid value: "x/y": field is immutable', 'data: Forbidden: field is immutable when `immutable` is set']);
  expect(errors(secret, { type: 'kubernetes.io/tls' })).toEqual(['data[tls.crt]: Required value', 'data[tls.key]: Required value']);
  expect(errors(configMap, { data: { 'a/b': '1' } })[0]).toContain('data[a/b]: Invalid value: "a/b": a valid config key must consist of');
});

test('claims are immutable but for their size', () => {
  const c = created<PersistentVolumeClaim>(persistentVolumeClaim, { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } });
  c.status = { phase: 'Bound' };
  expect(updated(persistentVolumeClaim, c, o => { o.spec!.resources!.requests!.storage = '2Gi'; o.spec!.volumeName = 'v'; })).toEqual([]);
  expect(updated(persistentVolumeClaim, c, o => { o.spec!.accessModes = ['ReadWriteMany']; })[0]).toContain('spec is immutable after creation except resources.requests');
});

test('endpoints show three', () => {
  const addresses = [1, 2, 3, 4, 5].map(i => ({ ip: `10.0.0.${i}` }));
  expect(endpointsText({ subsets: [{ addresses, ports: [{ port: 80 }] }] })).toBe('10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...');
  expect(endpointsText({})).toBe('<none>');
});

test('events have two shapes and lose nothing between them', () => {
  const core = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e', namespace: 'd' }, involvedObject: { kind: 'Pod', name: 'p', namespace: 'd' }, reason: 'R', message: 'M', type: 'Warning', count: 2, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:30:00Z', source: { component: 'kubelet' } };
  const v1 = fromCoreEvent(core);
  expect(v1).toMatchObject({ note: 'M', regarding: { name: 'p' }, deprecatedCount: 2, eventTime: null });
  expect(toCoreEvent(v1)).toMatchObject(core);
  expect(table(eventV1, [v1], { now: NOW }).rows[0]!.cells.slice(0, 4)).toEqual(['30m', 'Warning', 'R', 'pod/p']);
});
