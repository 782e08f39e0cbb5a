// Random sequences of what users, nodes, restarts and kills of the host do to all workloads at once, against the real API server, controllers and scheduler.
// What holds after every step: the quota is never exceeded, no eviction is granted that a disruption budget forbids, no two pods share an
// ordinal or an index. What holds at the end: everything is as asked for, jobs are counted exactly, and with the namespace all of it is gone.
// SEQUENCES says how many (4; a thousand take minutes), SEED where to begin: a seed decides all that happens. Each kind has a model of its own
// besides, beside its controller.
import { expect, it } from 'vitest';
import { daemonSet as daemonSetKind } from '../../core/api/kinds/apps/daemon-set.ts';
import { deployment as deploymentKind } from '../../core/api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../core/api/kinds/apps/replica-set.ts';
import { statefulSet as statefulSetKind } from '../../core/api/kinds/apps/stateful-set.ts';
import { job as jobKind } from '../../core/api/kinds/batch/job.ts';
import { namespace as namespaceKind } from '../../core/api/kinds/core/namespace.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { resourceQuota as quotaKind } from '../../core/api/kinds/core/resource-quota.ts';
import { podDisruptionBudget as budgetKind } from '../../core/api/kinds/policy/pod-disruption-budget.ts';
import type { KubeObject, ResourceType } from '../../core/api/meta/object.ts';
import { controllerOf } from '../../core/api/meta/owner.ts';
import { isActive, isReady, isTerminal } from '../../core/api/meta/pod.ts';
import { isConflict, isNotFound, statusOf } from '../../core/api/meta/status.ts';
import type { DaemonSet, Deployment, Job, Pod, PodDisruptionBudget, StatefulSet } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';
import { random } from '../harness/random.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 4), SEED = Number(process.env.SEED ?? 1), STEPS = 14;
const template = (app: string, more: object = {}) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'c', image: 'x:0' }], ...more } });

/** Plays the sequence of a seed; answers what was written in it, as a digest. */
async function play(seed: number): Promise<string> {
  const c = await controlPlane(['n1', 'n2'], {}, seed);
  try { await sequence(c, seed); return c.digest(); } finally { await c.stop(); }
}

async function sequence(c: ControlPlane, seed: number): Promise<void> {
  const r = random(seed), ns = `model-${seed}`, done: string[] = [], fate = new Map<string, 'Succeeded' | 'Failed'>();
  const named = (name: string): { name: string; namespace: string } => ({ name, namespace: ns });
  // Pods of jobs end well after a while, others when they are told to fail.
  c.behaviour = p => fate.get(p.metadata?.uid ?? '') ?? 'Running';
  const pods = (): Promise<Pod[]> => c.list<Pod>(podKind, ns);
  const of = (all: readonly Pod[], kind: string): Pod[] => all.filter(p => controllerOf(p)?.kind === kind);
  const patch = async (k: ResourceType, name: string, body: object): Promise<void> => { await whatever(c.client.patch(k, ns, name, 'application/merge-patch+json', body)); };
  /** What a user asks for may be refused; it is still the cluster that must stay sound. */
  const whatever = async (work: Promise<unknown>): Promise<string> => {
    try { await work; return ''; } catch (e) { if (isNotFound(e) || isConflict(e) || [403, 422, 429].includes(statusOf(e).code ?? 0)) return statusOf(e).message ?? 'refused'; throw e; }
  };
  const hard = 5 + r.upTo(8), completions = 1 + r.upTo(3);
  await c.client.create(namespaceKind, { metadata: { name: ns } });
  await c.client.create(quotaKind, { metadata: named('q'), spec: { hard: { pods: String(hard) } } });
  await c.client.create<Deployment>(deploymentKind, { metadata: named('web'), spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template('web') } });
  await c.client.create<PodDisruptionBudget>(budgetKind, { metadata: named('web'), spec: { minAvailable: 1 + r.upTo(1), selector: { matchLabels: { app: 'web' } } } });
  await c.client.create<StatefulSet>(statefulSetKind, { metadata: named('db'), spec: { replicas: 2, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: template('db') } });
  await c.client.create<DaemonSet>(daemonSetKind, { metadata: named('log'), spec: { selector: { matchLabels: { app: 'log' } }, template: template('log') } });
  await c.client.create<Job>(jobKind, { metadata: named('sums'), spec: { completions, parallelism: 2, backoffLimit: 100, ...(r.chance(0.5) ? { completionMode: 'Indexed' } : {}), template: template('sums', { restartPolicy: 'Never' }) } });

  const some = async (which: (p: Pod) => boolean = () => true): Promise<Pod | undefined> => r.pick<Pod | undefined>((await pods()).filter(which));
  /** Nodes that were silent post their status again, and that of their pods. */
  const speak = async (): Promise<void> => {
    const conditions = [{ type: 'Ready', status: 'True' }], mute = [...c.silent];
    c.silent.clear();
    // Their leases first: whoever posts a status before is taken for silent once more.
    if (mute.length > 0) await c.settle(11_000, 1_000);
    for (const n of mute) await c.client.patch(nodeKind, undefined, n, 'application/merge-patch+json', { status: { conditions } }, 'status');
    for (const p of await pods()) if (mute.includes(p.spec?.nodeName ?? '') && p.status?.phase === 'Running' && !isReady(p)) await whatever(c.client.patch(podKind, ns, p.metadata!.name!, 'application/merge-patch+json', { status: { conditions } }, 'status'));
  };
  const acts: Record<string, () => unknown> = {
    scaleWeb: () => patch(deploymentKind, 'web', { spec: { replicas: r.upTo(4) } }), scaleDb: () => patch(statefulSetKind, 'db', { spec: { replicas: r.upTo(3) } }),
    rollWeb: () => patch(deploymentKind, 'web', { spec: { template: { spec: { containers: [{ name: 'c', image: `x:${r.upTo(3)}` }] } } } }),
    rollDb: () => patch(statefulSetKind, 'db', { spec: { template: { spec: { containers: [{ name: 'c', image: `x:${r.upTo(3)}` }] } } } }),
    rollLog: () => patch(daemonSetKind, 'log', { spec: { template: { spec: { containers: [{ name: 'c', image: `x:${r.upTo(3)}` }] } } } }),
    fail: async () => { const p = await some(isActive); if (p) fate.set(p.metadata!.uid!, 'Failed'); },
    succeed: async () => { const p = await some(x => controllerOf(x)?.kind === 'Job'); if (p) fate.set(p.metadata!.uid!, 'Succeeded'); },
    remove: async () => { const p = await some(); if (p) await whatever(c.client.delete(podKind, ns, p.metadata!.name!)); },
    evict: async () => {
      const p = await some(x => x.metadata?.labels?.['app'] === 'web' && isActive(x));
      if (!p) return;
      const before = (await pods()).filter(x => x.metadata?.labels?.['app'] === 'web' && isActive(x) && isReady(x)), budget = (await c.get<PodDisruptionBudget>(budgetKind, 'web', ns))!;
      const refused = await whatever(c.client.transport.request({ method: 'POST', path: `/api/v1/namespaces/${ns}/pods/${p.metadata!.name}/eviction`, body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: named(p.metadata!.name!) } }));
      if (refused === '' && isReady(p)) expect(before.length - 1, `seed ${seed}: ${done.join(' ')}: an eviction that the budget forbids`).toBeGreaterThanOrEqual(Number(budget.spec!.minAvailable));
    },
    // Longer than a node's grace and what its pods tolerate.
    absence: async () => { c.silent.add(r.pick(['n1', 'n2'])); await c.settle(380_000, 10_000); await speak(); },
    silence: () => { c.silent.add(r.pick(['n1', 'n2'])); }, speak: () => speak(),
    wait: () => c.settle(r.pick([2_000, 15_000]), 1_000), restart: () => c.restart(), kill: () => c.kill(r.upTo(8)),
  };
  for (let i = 0; i < STEPS; i++) {
    const act = r.pick(['succeed', 'evict', 'kill', ...Object.keys(acts)]);
    done.push(act);
    await acts[act]!();
    await c.settle(60);
    const said = `seed ${seed}: ${done.join(' ')}`, all = await pods();
    expect(all.filter(p => !isTerminal(p)).length, `${said}: the quota`).toBeLessThanOrEqual(hard);
    const indexes = of(all, 'Job').filter(isActive).map(p => p.metadata?.annotations?.['batch.kubernetes.io/job-completion-index']).filter(x => x !== undefined);
    expect(new Set(indexes).size, `${said}: two pods of an index`).toBe(indexes.length);
    expect(all.filter(p => !controllerOf(p)).length, `${said}: a pod without an owner`).toBe(0);
  }
  // Everything heals.
  await speak();
  fate.clear();
  c.behaviour = p => (controllerOf(p)?.kind === 'Job' ? 'Succeeded' : 'Running');
  await patch(quotaKind, 'q', { spec: { hard: { pods: '100' } } });
  const settled = async (): Promise<string> => {
    const d = (await c.get<Deployment>(deploymentKind, 'web', ns))!, s = (await c.get<StatefulSet>(statefulSetKind, 'db', ns))!, l = (await c.get<DaemonSet>(daemonSetKind, 'log', ns))!, j = (await c.get<Job>(jobKind, 'sums', ns))!, all = await pods();
    const short = [
      d.status?.observedGeneration === d.metadata?.generation && [d.status?.replicas ?? 0, d.status?.updatedReplicas ?? 0, d.status?.availableReplicas ?? 0].every(n => n === d.spec!.replicas) ? '' : `web ${JSON.stringify(d.status)} of ${d.spec!.replicas}`,
      s.status?.observedGeneration === s.metadata?.generation && (s.status?.readyReplicas ?? 0) === s.spec!.replicas && s.status?.currentRevision === s.status?.updateRevision ? '' : `db ${JSON.stringify(s.status)} of ${s.spec!.replicas}`,
      l.status?.numberReady === 2 && l.status.updatedNumberScheduled === 2 ? '' : `log ${JSON.stringify(l.status)}`,
      j.status?.conditions?.some(x => x.type === 'Complete' && x.status === 'True') && j.status.succeeded === completions ? '' : `sums ${JSON.stringify(j.status)} of ${completions}`,
      of(all, 'ReplicaSet').filter(p => !isTerminal(p)).length === d.spec!.replicas && of(all, 'StatefulSet').filter(p => !isTerminal(p)).length === s.spec!.replicas ? '' : `pods ${all.map(p => `${p.metadata?.name} ${p.status?.phase}`).join(', ')}`,
    ];
    return short.filter(Boolean).join('; ');
  };
  let short = 'begun';
  // What the quota refused is tried as soon as there is room; a job whose pods failed waits ten minutes at most.
  for (let i = 0; i < 60 && short; i++) { await c.settle(i < 5 ? 300 : 12_000, i < 5 ? 50 : 3_000); short = await settled(); }
  expect(short, `seed ${seed}: ${done.join(' ')}`).toBe('');
  await c.client.delete(namespaceKind, undefined, ns);
  for (let i = 0; i < 20 && await c.get(namespaceKind, ns); i++) await c.settle(2_000, 100);
  expect(await c.get<KubeObject>(namespaceKind, ns), `seed ${seed}: the namespace is left`).toBeUndefined();
  expect((await Promise.all([pods(), c.list(replicaSetKind, ns)])).flat(), `seed ${seed}: left behind`).toEqual([]);
}

it(`${SEQUENCES} random sequences over all workloads end as asked for, within quota and budget`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 60_000 + SEQUENCES * 10_000);

it('a seed decides all that happens: a sequence that went wrong can be played again', async () => {
  expect(await play(SEED)).toBe(await play(SEED));
});
