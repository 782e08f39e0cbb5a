import { describe, expect, it } from 'vitest';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import type { Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import { reapPods, runPods, world } from '../../../test/harness/controllers.ts';

const set = (replicas: number): ReplicaSet => ({
  apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'v', operator: 'In', values: ['1', '2'] }] }, template: { metadata: { labels: { app: 'web', v: '1' } }, spec: { containers: [{ name: 'c', image: 'x' }] } } },
});

describe('ReplicaSet', () => {
  it('creates exactly what is missing, however often it is woken, and replaces what is deleted at once', async () => {
    const w = await world(['replicaset'], api => { api.put(replicaSetKind, set(10)); });
    expect(w.api.all(podKind).length).toBe(10);
    runPods(w.api);
    await w.settle();
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 10, readyReplicas: 10, availableReplicas: 10, fullyLabeledReplicas: 10 });
    const victim = w.api.all<Pod>(podKind)[0]!;
    w.api.change<Pod>(podKind, `default/${victim.metadata?.name}`, p => { p.metadata!.deletionTimestamp = '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds = 30; });
    await w.settle();
    expect(w.api.all<Pod>(podKind).length).toBe(11);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status).toMatchObject({ replicas: 10, terminatingReplicas: 1 });
    reapPods(w.api);
    await w.settle();
    expect(w.api.writes.filter(x => x.startsWith('POST pods')).length).toBe(11);
    await w.stop();
  });

  it('says why it cannot create, in an event and a condition, and goes on when it can', async () => {
    let allowed = false;
    const w = await world(['replicaset'], api => {
      api.put(replicaSetKind, set(3));
      api.intercept = r => { if (!allowed && r.method === 'POST') throw failure(403, 'Forbidden', 'pods "web-" is forbidden: exceeded quota: q'); };
    });
    expect(w.events).toContain('ReplicaSet/web Warning FailedCreate Error creating: pods "web-" is forbidden: exceeded quota: q');
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status?.conditions).toMatchObject([{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }]);
    allowed = true;
    await w.clock.advance(20_000);
    expect(w.api.all(podKind).length).toBe(3);
    expect(w.api.get<ReplicaSet>(replicaSetKind, 'default/web')?.status?.conditions ?? []).toEqual([]);
    await w.stop();
  });

  it('adopts before it creates, never what another controls or what has finished', async () => {
    const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ metadata: { name, namespace: 'default', labels: { app: 'web', v: '2' }, ...more.metadata }, spec: { containers: [], nodeName: 'n' }, status: { phase: 'Running', ...more.status } });
    const w = await world(['replicaset'], api => {
      api.put(podKind, pod('orphan'));
      api.put(podKind, pod('finished', { status: { phase: 'Succeeded' } }));
      api.put(podKind, pod('owned', { metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'other', uid: 'u', controller: true }] } }));
      api.put(replicaSetKind, set(2));
    });
    const owner = (name: string): string | undefined => w.api.get<Pod>(podKind, `default/${name}`)?.metadata?.ownerReferences?.[0]?.name;
    expect([owner('orphan'), owner('finished'), owner('owned')]).toEqual(['web', undefined, 'other']);
    expect(w.api.writes.filter(x => x.startsWith('POST pods')).length).toBe(4);
    await w.stop();
  });
});
