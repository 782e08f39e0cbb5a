import { describe, expect, it } from 'vitest';
import type { ControllerRevision, DaemonSet, Node, PersistentVolumeClaim, Pod, StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { nodeRows } from './nodes.ts';
import { membersOf } from './ordinals.ts';

const OWNER = [{ uid: 's', controller: true }];
const revision = (n: number, name: string): ControllerRevision => ({ metadata: { name, labels: { 'controller-revision-hash': `h${n}` }, ownerReferences: OWNER }, revision: n }) as unknown as ControllerRevision;
const pod = (name: string, hash: string, more: { metadata?: object; spec?: object; status?: object } = {}): Pod =>
  ({ metadata: { name, labels: { 'controller-revision-hash': hash }, ownerReferences: OWNER, ...more.metadata }, spec: more.spec ?? {}, status: more.status ?? { conditions: [{ type: 'Ready', status: 'True' }] } }) as unknown as Pod;

describe('members of a stateful set', () => {
  const set = (spec: object): StatefulSet => ({ metadata: { name: 'db', uid: 's' }, spec: { replicas: 3, ...spec }, status: { updateRevision: 'db-b' } }) as unknown as StatefulSet;
  const claim = (name: string, phase: string): PersistentVolumeClaim => ({ metadata: { name }, status: { phase } }) as unknown as PersistentVolumeClaim;
  it('are one for each ordinal, with pod, revision and claims, and those that are to go', () => {
    const { members, partition } = membersOf(set({ volumeClaimTemplates: [{ metadata: { name: 'data' } }] }), [pod('db-0', 'db-a'), pod('db-2', 'db-b'), pod('db-4', 'db-a'), pod('db-x', 'db-a'), pod('db-1', 'db-b', { metadata: { ownerReferences: [] } })],
      [claim('data-db-0', 'Bound'), claim('data-db-1', 'Pending')], [revision(1, 'db-a'), revision(2, 'db-b')]);
    expect(members.map(m => [m.ordinal, m.pod?.metadata?.name, m.wanted, m.revision, m.updated, m.claims[0]?.phase])).toEqual([[0, 'db-0', true, 1, false, 'Bound'], [1, undefined, true, undefined, false, 'Pending'], [2, 'db-2', true, 2, true, undefined], [4, 'db-4', false, 1, false, undefined]]);
    expect(partition).toBeUndefined();
  });
  it('begin where the ordinals start, and the partition counts from there', () => {
    const { members, partition } = membersOf(set({ ordinals: { start: 5 }, replicas: 2, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } }), [], [], []);
    expect([members.map(m => m.name), partition]).toEqual([['db-5', 'db-6'], 6]);
    expect(membersOf(set({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } }), [], [], []).partition).toBeUndefined();
  });
});

describe('nodes of a daemon set', () => {
  const node = (name: string, o: { labels?: object; taints?: object[] } = {}): Node => ({ metadata: { name, labels: o.labels ?? {} }, spec: { taints: o.taints } }) as unknown as Node;
  const set = (spec: object): DaemonSet => ({ metadata: { name: 'agent', uid: 's' }, spec: { template: { spec } } }) as unknown as DaemonSet;
  const on = (nodeName: string) => ({ spec: { nodeName } });
  it('each has its pod and revision, or why it has none; what needs a look comes first', () => {
    const rows = nodeRows(set({}), [node('a'), node('b'), node('c'), node('d', { taints: [{ key: 'only', value: 'gpu', effect: 'NoSchedule' }] }), node('e', { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] })],
      [pod('x', 'h2', on('a')), pod('y', 'h1', { ...on('b'), status: { containerStatuses: [{ state: { waiting: { reason: 'CrashLoopBackOff' } } }] } }), pod('z', 'h2', { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['c'] }] }] } } } }, status: {} }), pod('foreign', 'h1', { metadata: { ownerReferences: [] }, ...on('e') })],
      [revision(1, 'agent-1'), revision(2, 'agent-2')]);
    expect(rows.map(r => [r.node, r.state, r.revision, r.updated, r.taint])).toEqual([['b', 'broken', 1, false, undefined], ['e', 'missing', undefined, false, undefined], ['c', 'starting', 2, true, undefined], ['a', 'ready', 2, true, undefined], ['d', 'excluded', undefined, false, 'only=gpu:NoSchedule']]);
  });
  it('are chosen by selector, affinity and tolerations', () => {
    const state = (spec: object, n: Node): string => nodeRows(set(spec), [n], [], [])[0]!.state;
    const terms = (...list: object[]) => ({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: list } } } });
    const ssd = node('a', { labels: { disk: 'ssd' } });
    expect([state({ nodeSelector: { disk: 'ssd' } }, ssd), state({ nodeSelector: { disk: 'hdd' } }, ssd)]).toEqual(['missing', 'excluded']);
    expect([state(terms({ matchExpressions: [{ key: 'disk', operator: 'In', values: ['ssd'] }] }), ssd), state(terms({ matchExpressions: [{ key: 'disk', operator: 'DoesNotExist' }] }), ssd), state(terms({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['a'] }] }), ssd)]).toEqual(['missing', 'excluded', 'excluded']);
    expect(state({ tolerations: [{ operator: 'Exists' }] }, node('a', { taints: [{ key: 'x', effect: 'NoExecute' }] }))).toBe('missing');
    expect(state({}, node('a', { taints: [{ key: 'x', effect: 'PreferNoSchedule' }] }))).toBe('missing');
  });
  it('while a pod is replaced the one that stays counts', () => {
    const gone = pod('old', 'h1', { ...on('a'), metadata: { deletionTimestamp: 'x' } }), next = pod('new', 'h2', { ...on('a'), status: {} });
    for (const pods of [[gone, next], [next, gone]]) expect(nodeRows(set({}), [node('a')], pods, [])[0]).toMatchObject({ state: 'starting', pod: { metadata: { name: 'new' } } });
  });
});
