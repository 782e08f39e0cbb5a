// Random sequences of what users, nodes, restarts and kills do to a deployment. What holds at every request of its controllers: no set grows beyond
// the surge, none shrinks below what must stay available, a Recreate never runs two templates. What holds at the end: the pods asked for, of
// the template asked for, one set for each template that is remembered, and no pod without an owner. SEQUENCES says how many (40; 10000 takes minutes), SEED
// where to begin.
import { expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as setKind } from '../../api/kinds/apps/replica-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isActive, isAvailable, isReady } from '../../api/meta/pod.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Deployment, Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import type { Request } from '../../client/client.ts';
import { reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';
import { random, type Random } from '../../../test/harness/random.ts';
import { maxSurge, maxUnavailable, replicasOf } from './bounds.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 40), SEED = Number(process.env.SEED ?? 1);
type Spec = NonNullable<Deployment['spec']>;

function start(r: Random): Deployment {
  const rollingUpdate = r.pick([{ maxSurge: '25%', maxUnavailable: '25%' }, { maxSurge: 1, maxUnavailable: 0 }, { maxSurge: 0, maxUnavailable: 1 }, { maxSurge: 2, maxUnavailable: 1 }, { maxSurge: '100%', maxUnavailable: '50%' }]);
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: r.upTo(6), revisionHistoryLimit: 2, progressDeadlineSeconds: 60, selector: { matchLabels: { app: 'web' } }, ...(r.chance(0.3) ? { minReadySeconds: 5 } : {}),
      strategy: r.chance(0.15) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: '0' }] } },
    },
  };
}

const imageOf = (o: { template?: { spec?: Pod['spec'] } } | undefined): string | undefined => o?.template?.spec?.containers[0]?.image;
const sizeOf = (sets: readonly ReplicaSet[]): number => sets.reduce((n, s) => n + replicasOf(s), 0);

/** The laws, as they are broken by a request of the controllers that is about to be carried out. `resized`: the user changed the size, and sets follow in their own time. */
function broken(w: World, q: Request, resized: boolean): string | undefined {
  const d = w.api.get<Deployment>(deploymentKind, 'default/web'), sets = w.api.all<ReplicaSet>(setKind), pods = w.api.all<Pod>(podKind);
  if (!d?.spec || q.path.endsWith('/status')) return undefined;
  const recreate = d.spec.strategy?.type === 'Recreate';
  if (q.method === 'POST' && q.path.endsWith('/pods')) {
    const p = q.body as Pod, owner = sets.find(s => s.metadata!.uid === p.metadata!.ownerReferences![0]!.uid)!;
    const own = pods.filter(x => isActive(x) && x.metadata!.ownerReferences?.[0]?.uid === owner.metadata!.uid);
    if (!resized && own.length >= replicasOf(owner)) return `makes one pod more than the ${replicasOf(owner)} of ${owner.metadata!.name}`;
    return undefined;
  }
  if (!q.path.includes('/replicasets') || (q.method !== 'PUT' && q.method !== 'POST')) return undefined;
  const next = q.body as ReplicaSet, prev = sets.find(s => s.metadata!.name === next.metadata!.name), was = prev ? replicasOf(prev) : 0, is = replicasOf(next);
  const total = sizeOf(sets) - was + is, current = imageOf(next.spec) === imageOf(d.spec);
  if (is > was) {
    if (recreate && sets.some(s => s !== prev && (replicasOf(s) > 0 || (s.status?.replicas ?? 0) > 0))) return `grows ${next.metadata!.name} beside another`;
    return !recreate && !resized && total > replicasOf(d) + maxSurge(d) ? `grows to ${total} of ${replicasOf(d)} and ${maxSurge(d)}` : undefined;
  }
  if (is === was || recreate || current || resized) return undefined;
  const available = (s: ReplicaSet, size: number): number => Math.min(size, pods.filter(p => isActive(p) && p.metadata!.ownerReferences?.[0]?.uid === s.metadata!.uid && isAvailable(p, d.spec!.minReadySeconds ?? 0, w.clock.now())).length);
  const before = sets.reduce((n, s) => n + available(s, replicasOf(s)), 0), after = before - available(prev!, was) + available(prev!, is);
  return after < before && after < replicasOf(d) - maxUnavailable(d) ? `shrinks ${prev!.metadata!.name} to ${is}: ${after} of ${replicasOf(d)} are left available` : undefined;
}

async function play(seed: number): Promise<void> {
  const r = random(seed), wrong: string[] = [], done: string[] = [];
  let resized = false;
  const w = await world(['deployment', 'replicaset'], api => { api.put(deploymentKind, start(r)); });
  w.api.intercept = q => { const why = broken(w, q, resized); if (why) wrong.push(why); };
  const d = (): Deployment => w.api.get<Deployment>(deploymentKind, 'default/web')!, pods = (): Pod[] => w.api.all<Pod>(podKind), sets = (): ReplicaSet[] => w.api.all<ReplicaSet>(setKind);
  const change = (f: (s: Spec) => void): void => { w.api.change<Deployment>(deploymentKind, 'default/web', o => { f(o.spec!); o.metadata!.generation!++; }); };
  const some = (): Pod | undefined => r.pick<Pod | undefined>(pods());
  const touch = (p: Pod | undefined, f: (p: Pod) => void): void => { if (p) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, f); };
  const ready = (p: Pod, status: 'True' | 'False'): void => { if (p.status?.phase === 'Running' && isReady(p) !== (status === 'True')) p.status = { ...p.status, conditions: [{ type: 'Ready', status, lastTransitionTime: formatTime(w.clock.now()) }] }; };
  const acts: Record<string, () => unknown> = {
    scale: () => { resized = true; change(s => { s.replicas = r.upTo(7); }); }, image: () => change(s => { s.template.spec!.containers[0]!.image = String(r.upTo(4)); }),
    pause: () => change(s => { s.paused = !s.paused; }), strategy: () => change(s => { if (s.strategy?.rollingUpdate) { s.strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: r.upTo(2), maxUnavailable: 1 } }; resized = true; } }),
    tamper: () => { const s = r.pick<ReplicaSet | undefined>(sets()); if (s) { resized = true; w.api.change<ReplicaSet>(setKind, `default/${s.metadata!.name}`, o => { o.spec!.replicas = r.upTo(6); o.metadata!.generation!++; }); } },
    kill: () => { const p = some(); if (p) w.api.remove(podKind, `default/${p.metadata!.name}`); },
    leave: () => touch(some(), p => { if (p.spec!.nodeName) { p.metadata!.deletionTimestamp ??= '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds ??= 30; } }),
    fail: () => touch(some(), p => { p.status = { phase: 'Failed' }; }), falter: () => touch(some(), p => ready(p, 'False')), recover: () => touch(some(), p => ready(p, 'True')),
    lose: () => { const node = some()?.spec?.nodeName; if (node) for (const p of pods()) if (p.spec!.nodeName === node) w.api.remove(podKind, `default/${p.metadata!.name}`); },
    undo: () => { w.api.change<Deployment>(deploymentKind, 'default/web', o => { o.metadata!.annotations = { ...o.metadata!.annotations, 'deprecated.deployment.rollback.to': String(r.upTo(2)) }; }); },
    orphan: () => touch(some(), p => { if (isActive(p)) delete p.metadata!.ownerReferences; }),
    run: () => { runPods(w.api, () => r.chance(0.7)); }, reap: () => { reapPods(w.api); }, wait: () => w.clock.advance(r.pick([1, 6, 70]) * 1000), restart: () => w.restart(), crash: () => w.kill(r.upTo(6)),
  };
  for (let i = 0; i < 30; i++) {
    const act = r.pick(['run', 'run', 'run', 'reap', 'wait', ...Object.keys(acts)]);
    done.push(act);
    // Once the sets have followed, the bounds hold again.
    if (!d().spec!.paused && sets().every(s => replicasOf(s) === 0 || Number(s.metadata?.annotations?.['deployment.kubernetes.io/desired-replicas']) === replicasOf(d())) && sizeOf(sets()) <= replicasOf(d()) + maxSurge(d())) resized = false;
    await acts[act]!();
    await w.clock.advance(r.chance(0.3) ? 0 : 20);
  }
  change(s => { s.paused = false; });
  for (let i = 0, quiet = 0; i < 100 && quiet < 3; i++) {
    await w.clock.advance(6_000);
    const stuck = pods().filter(p => isActive(p) && p.status?.phase === 'Running' && !isReady(p));
    for (const p of stuck) touch(p, o => ready(o, 'True'));
    quiet = runPods(w.api) + reapPods(w.api) + stuck.length > 0 ? 0 : quiet + 1;
  }
  const said = `seed ${seed}: ${JSON.stringify({ ...d().spec, template: undefined })} ${done.join(' ')}`, wanted = replicasOf(d()), live = pods().filter(isActive);
  expect(wrong, said).toEqual([]);
  expect(live.length, said).toBe(wanted);
  const owner = sets().find(s => imageOf(s.spec) === imageOf(d().spec))!;
  expect(live.every(p => p.spec!.containers[0]!.image === imageOf(d().spec) && p.metadata!.ownerReferences?.[0]?.uid === owner.metadata!.uid), said).toBe(true);
  expect(d().status, said).toMatchObject({ observedGeneration: d().metadata!.generation!, terminatingReplicas: 0 });
  expect([d().status?.updatedReplicas ?? 0, d().status?.availableReplicas ?? 0, d().status?.replicas ?? 0], said).toEqual([wanted, wanted, wanted]);
  expect(d().status?.conditions?.find(c => c.type === 'Progressing')?.reason, said).toBe('NewReplicaSetAvailable');
  expect(sets().filter(s => s !== owner).every(s => replicasOf(s) === 0), said).toBe(true);
  expect(sets().length, said).toBeLessThanOrEqual(3);
  expect(new Set(sets().map(s => s.metadata?.annotations?.['deployment.kubernetes.io/revision'])).size, said).toBe(sets().length);
  expect(w.complaints.filter(c => c.includes('forbidden')), said).toEqual([]);
  await w.stop();
}

it(`${SEQUENCES} random sequences keep the bounds of a rollout and end as asked for`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 1_000);
