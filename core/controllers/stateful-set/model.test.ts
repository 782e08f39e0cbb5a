// Random sequences of what users, nodes, restarts and kills do to a stateful set. What holds after every request of the controller:
// pods are made and deleted in their order, updates stay within their bounds, and claims outlive pods. What holds at the end:
// the pods asked for, of the template asked for, and nothing else. SEQUENCES says how many (40; 10000 takes minutes), SEED where to begin.
import { expect, it } from 'vitest';
import { controllerRevision as revisionKind } from '../../api/kinds/apps/controller-revision.ts';
import { statefulSet as setKind } from '../../api/kinds/apps/stateful-set.ts';
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isAvailable, isTerminal } from '../../api/meta/pod.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../api/types/kubernetes.ts';
import type { Request } from '../../client/client.ts';
import { actAtRandom, reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';
import { random, type Random } from '../../../test/harness/random.ts';
import { ordinalOf, startOf } from './identity.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 40), SEED = Number(process.env.SEED ?? 1);
type Spec = NonNullable<StatefulSet['spec']>;

function start(r: Random): StatefulSet {
  const rollingUpdate = { partition: 0, ...(r.chance(0.4) ? { maxUnavailable: r.pick([1, 2, '50%']) } : {}) };
  return {
    apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: r.upTo(4), serviceName: 'web', revisionHistoryLimit: 2, podManagementPolicy: r.pick(['OrderedReady', 'Parallel']),
      updateStrategy: r.chance(0.2) ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate }, selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: '0' }] } },
      ...(r.chance(0.3) ? { ordinals: { start: 2 } } : {}), ...(r.chance(0.5) ? { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } : {}),
    },
  };
}

/** The laws, as they are broken by a request that is about to be carried out. */
function broken(w: World, q: Request): string | undefined {
  const set = w.api.get<StatefulSet>(setKind, 'default/web');
  if (!set?.spec || !/\/pods(\/|$)/.test(q.path) || (q.method !== 'POST' && q.method !== 'DELETE')) return undefined;
  const pods = w.api.all<Pod>(podKind).filter(p => p.metadata?.ownerReferences?.[0]?.uid === set.metadata!.uid), healthy = (p: Pod): boolean => isAvailable(p, 0, w.clock.now()) && !p.metadata?.deletionTimestamp;
  const first = startOf(set), last = first + (set.spec.replicas ?? 1) - 1, ordered = set.spec.podManagementPolicy === 'OrderedReady';
  const name = q.method === 'POST' ? (q.body as Pod).metadata!.name! : q.path.slice(q.path.lastIndexOf('/') + 1);
  const ordinal = Number(name.slice('web-'.length)), there = new Map(pods.map(p => [ordinalOf(p), p]));
  if (q.method === 'POST') {
    if (ordinal < first || ordinal > last) return `makes ${name}, which nobody wants`;
    if (ordered) for (let i = first; i < ordinal; i++) if (!there.has(i) || !healthy(there.get(i)!)) return `makes ${name} before web-${i} is ready`;
    return undefined;
  }
  const victim = there.get(ordinal)!;
  if (isTerminal(victim)) return undefined;
  if (ordinal < first || ordinal > last) {
    const beyond = pods.filter(p => (ordinalOf(p) < first || ordinalOf(p) > last) && ordinalOf(p) > ordinal);
    return ordered && beyond.length ? `deletes ${name} before ${beyond[0]!.metadata!.name}` : undefined;
  }
  if (set.spec.updateStrategy?.type === 'OnDelete') return `deletes ${name} though updates are by hand`;
  if (victim.spec!.containers[0]!.image === set.spec.template.spec!.containers[0]!.image) return `deletes ${name}, which is up to date`;
  const { partition = 0, maxUnavailable } = set.spec.updateStrategy?.rollingUpdate ?? {};
  if (ordinal < first + partition) return `updates ${name} below the partition`;
  const down = pods.filter(p => p !== victim && ordinalOf(p) >= first && ordinalOf(p) <= last && !healthy(p)).length;
  const most = maxUnavailable === undefined ? 1 : typeof maxUnavailable === 'number' ? maxUnavailable : Math.max(1, Math.floor((last - first + 1) / 2));
  return ordered && down + 1 > most ? `updates ${name} with ${down} others down, of ${most}` : undefined;
}

async function play(seed: number): Promise<void> {
  const r = random(seed), wrong: string[] = [], done: string[] = [];
  const w = await world(['statefulset'], api => { api.put(setKind, start(r)); });
  w.api.intercept = q => { const why = broken(w, q); if (why) wrong.push(why); };
  const change = (f: (s: Spec) => void): void => { w.api.change<StatefulSet>(setKind, 'default/web', s => { f(s.spec!); s.metadata!.generation!++; }); };
  const some = (): Pod | undefined => r.pick<Pod | undefined>(w.api.all<Pod>(podKind));
  const touch = (p: Pod | undefined, f: (p: Pod) => void): void => { if (p) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, f); };
  const acts: Record<string, () => unknown> = {
    scale: () => change(s => { s.replicas = r.upTo(5); }),
    image: () => change(s => { s.template.spec!.containers[0]!.image = String(r.upTo(3)); }),
    partition: () => change(s => { if (s.updateStrategy?.rollingUpdate) s.updateStrategy.rollingUpdate.partition = r.upTo(3); }),
    shift: () => change(s => { if (s.ordinals) s.ordinals.start = r.upTo(4); }),
    kill: () => { const p = some(); if (p) w.api.remove(podKind, `default/${p.metadata!.name}`); },
    leave: () => touch(some(), p => { if (p.spec!.nodeName) { p.metadata!.deletionTimestamp ??= '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds ??= 30; } }),
    fail: () => touch(some(), p => { p.status = { phase: r.pick(['Failed', 'Succeeded']) }; }),
    falter: () => touch(some(), p => { if (p.status?.phase === 'Running') p.status = { ...p.status, conditions: [{ type: 'Ready', status: 'False' }] }; }),
    recover: () => touch(some(), p => { if (p.status?.phase === 'Running') p.status = { ...p.status, conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] }; }),
    lose: () => { const node = some()?.spec?.nodeName; if (node) for (const p of w.api.all<Pod>(podKind)) if (p.spec!.nodeName === node) w.api.remove(podKind, `default/${p.metadata!.name}`); },
    orphan: () => touch(some(), p => { delete p.metadata!.ownerReferences; }),
    run: () => { runPods(w.api, () => r.chance(0.7)); },
    reap: () => { reapPods(w.api); },
    restart: () => w.restart(), crash: () => w.kill(r.upTo(6)),
  };
  await actAtRandom(w, r, acts, done);
  // Everything heals: what hangs is killed, what falters recovers, what is to be updated by hand is deleted by hand.
  const image = (): string => w.api.get<StatefulSet>(setKind, 'default/web')!.spec!.template.spec!.containers[0]!.image!;
  change(s => { if (s.updateStrategy?.rollingUpdate) s.updateStrategy.rollingUpdate.partition = 0; });
  for (let i = 0, quiet = 0; i < 200 && quiet < 3; i++) {
    await w.clock.advance(400);
    const stuck = w.api.all<Pod>(podKind).filter(p => p.status?.phase === 'Running' && !isAvailable(p, 0, w.clock.now()));
    for (const p of stuck) w.api.remove(podKind, `default/${p.metadata!.name}`);
    const old = w.api.get<StatefulSet>(setKind, 'default/web')!.spec!.updateStrategy?.type === 'OnDelete' ? w.api.all<Pod>(podKind).filter(p => p.spec!.containers[0]!.image !== image()) : [];
    for (const p of old) w.api.remove(podKind, `default/${p.metadata!.name}`);
    quiet = runPods(w.api) + reapPods(w.api) + stuck.length + old.length > 0 ? 0 : quiet + 1;
  }
  const set = w.api.get<StatefulSet>(setKind, 'default/web')!, pods = w.api.all<Pod>(podKind), want = Array.from({ length: set.spec!.replicas! }, (_, i) => startOf(set) + i);
  expect(wrong, `seed ${seed}: ${done.join(' ')}`).toEqual([]);
  expect(pods.map(ordinalOf).sort((a, b) => a - b), `seed ${seed}: ${done.join(' ')}`).toEqual(want);
  expect(pods.every(p => p.spec!.containers[0]!.image === image() && p.metadata!.ownerReferences?.[0]?.uid === set.metadata!.uid), `seed ${seed}: ${done.join(' ')}`).toBe(true);
  expect(set.status, `seed ${seed}`).toMatchObject({ replicas: want.length, availableReplicas: want.length });
  if (set.spec!.volumeClaimTemplates) {
    const claims = new Set(w.api.all<PersistentVolumeClaim>(claimKind).map(c => c.metadata!.name));
    expect(want.every(n => claims.has(`data-web-${n}`)), `seed ${seed}`).toBe(true);
  }
  expect(w.api.all<ControllerRevision>(revisionKind).length, `seed ${seed}`).toBeLessThanOrEqual(4);
  expect(w.complaints.filter(c => c.includes('forbidden')), `seed ${seed}`).toEqual([]);
  await w.stop();
}

it(`${SEQUENCES} random sequences keep order, bounds and claims, and end as asked for`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 1_000);
