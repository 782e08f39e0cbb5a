// Random sequences of what users, pods, drains and kills of the host do to a Deployment under a disruption budget and a quota, against the real server.
// What holds all the time: no granted eviction leaves fewer healthy pods than the budget wants, and no pod is made beyond the quota.
// What holds at the end: budget and quota say what there is. SEQUENCES says how many (3; 10000 takes an hour), SEED where to begin.
import { expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../core/api/kinds/apps/deployment.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { resourceQuota as quotaKind } from '../../core/api/kinds/core/resource-quota.ts';
import { podDisruptionBudget as budgetKind } from '../../core/api/kinds/policy/pod-disruption-budget.ts';
import { scaledValue } from '../../core/api/meta/intstr.ts';
import { isReady } from '../../core/api/meta/pod.ts';
import { statusOf } from '../../core/api/meta/status.ts';
import type { Deployment, Pod, PodDisruptionBudget, ResourceQuota } from '../../core/api/types/kubernetes.ts';
import { controlPlane } from '../harness/control-plane.ts';
import { random } from '../harness/random.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 3), SEED = Number(process.env.SEED ?? 1);
const MERGE = 'application/merge-patch+json', NS = 'default';

async function play(seed: number): Promise<void> {
  const r = random(seed), c = await controlPlane(['n1', 'n2'], {}, seed), done: string[] = [], told = (): string => `seed ${seed}: ${done.join(' ')}`;
  const budget = (): object => r.pick([{ minAvailable: r.upTo(4), maxUnavailable: null }, { minAvailable: r.pick(['30%', '50%', '100%']), maxUnavailable: null }, { maxUnavailable: r.upTo(3), minAvailable: null }, { maxUnavailable: r.pick(['10%', '50%']), minAvailable: null }]);
  let hard = 4 + r.upTo(4), replicas = r.upTo(5);
  await c.client.create<ResourceQuota>(quotaKind, { metadata: { name: 'q', namespace: NS }, spec: { hard: { pods: String(hard), 'requests.cpu': '2' } } });
  await c.client.create<Deployment>(deploymentKind, {
    metadata: { name: 'web', namespace: NS }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '100m' } } }] } } },
  });
  await c.client.create<PodDisruptionBudget>(budgetKind, { metadata: { name: 'b', namespace: NS }, spec: { selector: { matchLabels: { app: 'web' } } } });
  await c.client.patch(budgetKind, NS, 'b', MERGE, { spec: budget() });
  await c.settle(300);

  const pods = (): Promise<Pod[]> => c.list<Pod>(podKind, NS), some = async (): Promise<Pod | undefined> => r.pick<Pod | undefined>(await pods());
  const wanted = async (): Promise<number> => {
    const { minAvailable, maxUnavailable } = (await c.get<PodDisruptionBudget>(budgetKind, 'b'))!.spec!;
    if (maxUnavailable !== undefined) return Math.max(0, replicas - scaledValue(maxUnavailable, replicas, true));
    return minAvailable === undefined ? 0 : scaledValue(minAvailable, replicas, true);
  };
  const ready = async (status: 'True' | 'False'): Promise<void> => {
    const p = await some();
    if (p?.status?.phase === 'Running') await c.client.patch(podKind, NS, p.metadata!.name!, MERGE, { status: { conditions: [{ type: 'Ready', status, lastTransitionTime: '2026-01-01T00:00:00Z' }] } }, 'status');
  };
  const acts: Record<string, () => Promise<unknown>> = {
    scale: () => { replicas = r.upTo(7); return c.client.patch(deploymentKind, NS, 'web', MERGE, { spec: { replicas } }); },
    image: () => c.client.patch(deploymentKind, NS, 'web', MERGE, { spec: { template: { spec: { containers: [{ name: 'c', image: `i${r.upTo(3)}`, resources: { requests: { cpu: '100m' } } }] } } } }),
    budget: () => c.client.patch(budgetKind, NS, 'b', MERGE, { spec: budget() }),
    quota: () => { hard = 2 + r.upTo(7); return c.client.patch(quotaKind, NS, 'q', MERGE, { spec: { hard: { pods: String(hard) } } }); },
    kill: async () => { const p = await some(); if (p) await c.client.delete(podKind, NS, p.metadata!.name!, r.chance(0.5) ? { gracePeriodSeconds: 0 } : {}); },
    falter: () => ready('False'), recover: () => ready('True'),
    crash: () => c.kill(r.upTo(6)),
    policy: () => c.client.patch(budgetKind, NS, 'b', MERGE, { spec: { unhealthyPodEvictionPolicy: r.pick(['AlwaysAllow', 'IfHealthyBudget', null]) } }),
    evict: async () => {
      // What changed before has been seen by the budget: of what nobody can know yet it promises nothing.
      await c.settle(60);
      const before = await pods(), healthy = before.filter(p => isReady(p) && !p.metadata!.deletionTimestamp), desired = await wanted();
      const chosen = before.filter(() => r.chance(0.7));
      const asked = chosen.map(p => c.client.create(podKind, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: p.metadata!.name!, namespace: NS } }, { name: 'eviction', of: p.metadata!.name! })
        .then(() => p, (e: unknown) => { if (![404, 429].includes(statusOf(e).code)) throw e; return undefined; }));
      const granted = (await c.during(Promise.all(asked))).filter(p => p !== undefined && healthy.includes(p));
      if (granted.length) expect(healthy.length - granted.length, told()).toBeGreaterThanOrEqual(desired);
    },
  };
  for (let i = 0; i < 20; i++) {
    const act = r.pick(['evict', 'evict', 'evict', ...Object.keys(acts)]), before = (await pods()).length, most = hard;
    done.push(act);
    await acts[act]!();
    await c.settle(r.chance(0.4) ? 0 : 60);
    expect((await pods()).length, told()).toBeLessThanOrEqual(Math.max(most, hard, before));
  }
  await c.client.patch(quotaKind, NS, 'q', MERGE, { spec: { hard: { pods: '20' } } });
  for (const p of await pods()) if (p.status?.phase === 'Running' && !isReady(p)) await c.client.delete(podKind, NS, p.metadata!.name!, { gracePeriodSeconds: 0 });
  // Who was refused by the quota hears that there is room: nobody waits for the end of a back-off.
  for (let i = 0; i < 10; i++) {
    await c.settle(40);
    await c.clock.advance(15_000);
    const now = await pods();
    if (now.length === replicas && now.every(p => isReady(p) && !p.metadata!.deletionTimestamp)) break;
  }
  await c.settle(200);
  const live = await pods(), b = (await c.get<PodDisruptionBudget>(budgetKind, 'b'))!, q = (await c.get<ResourceQuota>(quotaKind, 'q'))!;
  expect([live.length, live.filter(isReady).length], told()).toEqual([replicas, replicas]);
  const desired = await wanted();
  expect(b.status, told()).toMatchObject({ observedGeneration: b.metadata!.generation, currentHealthy: replicas, desiredHealthy: desired, expectedPods: replicas, disruptionsAllowed: Math.max(0, replicas - desired) });
  expect(q.status?.used, told()).toEqual({ pods: String(replicas), 'requests.cpu': replicas === 0 ? '0' : `${replicas * 100}m` });
  await c.stop();
}

it(`${SEQUENCES} random sequences never break a budget or exceed a quota`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 10_000);
