// Random sequences of what users, nodes, restarts and kills do to a daemon set. What holds at every request of the controller: pods are made only
// where they belong and where there is room for them, and no update takes more away than it may. What holds at the end: one pod of the
// current template on every node that is to have one, and nothing else. SEQUENCES says how many (40; 10000 takes minutes), SEED where to begin.
import { expect, it } from 'vitest';
import { daemonSet as setKind } from '../../api/kinds/apps/daemon-set.ts';
import { node as nodeKind } from '../../api/kinds/core/node.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isReady, isTerminal } from '../../api/meta/pod.ts';
import type { DaemonSet, Node, Pod } from '../../api/types/kubernetes.ts';
import type { Request } from '../../client/client.ts';
import { actAtRandom, reapPods, world, type World } from '../../../test/harness/controllers.ts';
import { random, type Random } from '../../../test/harness/random.ts';
import { nodeOf } from './pods.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 40), SEED = Number(process.env.SEED ?? 1);
const NAMES = ['a', 'b', 'c', 'd', 'e'];

function start(r: Random): DaemonSet {
  const rollingUpdate = r.pick([{ maxUnavailable: 1, maxSurge: 0 }, { maxUnavailable: 2, maxSurge: 0 }, { maxUnavailable: 0, maxSurge: 1 }, { maxUnavailable: 0, maxSurge: 2 }]);
  return {
    apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'log', namespace: 'default' },
    spec: {
      revisionHistoryLimit: 2, selector: { matchLabels: { app: 'log' } }, updateStrategy: r.chance(0.2) ? { type: 'OnDelete' } : { type: 'RollingUpdate', rollingUpdate },
      template: { metadata: { labels: { app: 'log' } }, spec: { nodeSelector: { wanted: 'yes' }, containers: [{ name: 'c', image: '0' }] } },
    },
  };
}

/** Where a pod may begin, said in other words than the controller's. */
const belongs = (n: Node | undefined): boolean => n?.metadata?.labels?.['wanted'] === 'yes' && !n.spec?.taints?.length;
const live = (p: Pod): boolean => !p.metadata?.deletionTimestamp && !isTerminal(p);
const imageOf = (s: { template?: { spec?: Pod['spec'] } } | undefined): string | undefined => s?.template?.spec?.containers[0]?.image;

function broken(w: World, q: Request): string | undefined {
  const set = w.api.get<DaemonSet>(setKind, 'default/log');
  if (!set?.spec || !/\/pods(\/|$)/.test(q.path) || (q.method !== 'POST' && q.method !== 'DELETE')) return undefined;
  const pods = w.api.all<Pod>(podKind), rolling = set.spec.updateStrategy?.rollingUpdate, surge = Number(rolling?.maxSurge ?? 0);
  const on = (node: string | undefined): Pod[] => pods.filter(p => nodeOf(p) === node);
  if (q.method === 'POST') {
    const node = nodeOf(q.body as Pod);
    if (!node || !belongs(w.api.get<Node>(nodeKind, node))) return `makes a pod on ${node}, where none belongs`;
    const there = on(node);
    // One that has ended and is going uses nothing any more.
    if (surge === 0) return there.some(p => !isTerminal(p) || !p.metadata?.deletionTimestamp) ? `makes a second pod on ${node}` : undefined;
    if (there.filter(live).length > 1) return `makes a third pod on ${node}`;
    const doubled = NAMES.filter(n => n !== node && on(n).filter(live).length > 1 && on(n).some(p => live(p) && isReady(p) && p.spec!.containers[0]!.image !== imageOf(set.spec)));
    return there.some(p => live(p) && isReady(p)) && doubled.length + 1 > surge ? `surges on ${node} beside ${doubled.join(',')}` : undefined;
  }
  const victim = pods.find(p => q.path.endsWith(`/${p.metadata!.name}`))!, node = nodeOf(victim);
  const host = w.api.get<Node>(nodeKind, node ?? '');
  if (!belongs(host) || isTerminal(victim) || !isReady(victim)) return undefined;
  if (on(node).filter(live).length > 1) return undefined;
  if (victim.spec!.containers[0]!.image === imageOf(set.spec)) return `deletes ${victim.metadata!.name}, which is up to date`;
  if (set.spec.updateStrategy?.type === 'OnDelete') return `deletes ${victim.metadata!.name} though updates are by hand`;
  const down = NAMES.filter(n => n !== node && belongs(w.api.get<Node>(nodeKind, n)) && !on(n).some(p => live(p) && isReady(p))).length;
  return down + 1 > Number(rolling?.maxUnavailable ?? 0) ? `updates ${node} with ${down} others down` : undefined;
}

/** Scheduler and kubelet: pods go to the node they name, if it is there, and become ready. */
function runDaemons(w: World, which: () => boolean): number {
  const waiting = w.api.all<Pod>(podKind).filter(p => p.status?.phase === 'Pending' && live(p) && w.api.get<Node>(nodeKind, nodeOf(p) ?? '') && which());
  for (const p of waiting) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { o.spec!.nodeName = nodeOf(o)!; o.status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] }; });
  return waiting.length;
}

async function play(seed: number): Promise<void> {
  const r = random(seed), wrong: string[] = [], done: string[] = [];
  const join = (api: World['api']): void => {
    const name = r.pick(NAMES);
    if (!api.get(nodeKind, name)) api.put<Node>(nodeKind, { metadata: { name, labels: { wanted: r.chance(0.8) ? 'yes' : 'no' } }, spec: {} });
  };
  const w = await world(['daemonset'], api => { for (let i = 0; i < 4; i++) join(api); api.put(setKind, start(r)); });
  w.api.intercept = q => { const why = broken(w, q); if (why) wrong.push(why); };
  const change = (f: (s: NonNullable<DaemonSet['spec']>) => void): void => { w.api.change<DaemonSet>(setKind, 'default/log', s => { f(s.spec!); s.metadata!.generation!++; }); };
  const touch = (f: (p: Pod) => void): void => { const p = r.pick<Pod | undefined>(w.api.all<Pod>(podKind)); if (p) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, f); };
  const node = (f: (n: Node) => void): void => { const n = r.pick<Node | undefined>(w.api.all<Node>(nodeKind)); if (n) w.api.change<Node>(nodeKind, n.metadata!.name!, f); };
  /** A node that goes takes its pods along, as the collector of pods would; those that only wait for it are the controller's to delete. */
  const lose = (): void => {
    const n = r.pick<Node | undefined>(w.api.all<Node>(nodeKind));
    if (!n) return;
    w.api.remove(nodeKind, n.metadata!.name!);
    for (const p of w.api.all<Pod>(podKind)) if (p.spec!.nodeName === n.metadata!.name) w.api.remove(podKind, `default/${p.metadata!.name}`);
  };
  const acts: Record<string, () => unknown> = {
    image: () => change(s => { s.template.spec!.containers[0]!.image = String(r.upTo(3)); }),
    join: () => join(w.api), lose,
    label: () => node(n => { n.metadata!.labels!['wanted'] = r.chance(0.7) ? 'yes' : 'no'; }),
    taint: () => node(n => { n.spec!.taints = r.chance(0.4) ? [{ key: 'x', effect: r.pick(['NoSchedule', 'NoExecute']) }] : []; }),
    kill: () => { const p = r.pick<Pod | undefined>(w.api.all<Pod>(podKind)); if (p) w.api.remove(podKind, `default/${p.metadata!.name}`); },
    leave: () => touch(p => { if (p.spec!.nodeName) { p.metadata!.deletionTimestamp ??= '2026-01-01T00:00:30Z'; p.metadata!.deletionGracePeriodSeconds ??= 30; } }),
    fail: () => touch(p => { if (p.spec!.nodeName) p.status = { phase: r.pick(['Failed', 'Succeeded']) }; }),
    falter: () => touch(p => { if (p.status?.phase === 'Running') p.status = { ...p.status, conditions: [{ type: 'Ready', status: 'False' }] }; }),
    run: () => { runDaemons(w, () => r.chance(0.7)); },
    reap: () => { reapPods(w.api); },
    restart: () => w.restart(), crash: () => w.kill(r.upTo(6)),
  };
  await actAtRandom(w, r, acts, done);
  for (const n of w.api.all<Node>(nodeKind)) w.api.change<Node>(nodeKind, n.metadata!.name!, o => { o.spec!.taints = []; });
  const image = (): string | undefined => imageOf(w.api.get<DaemonSet>(setKind, 'default/log')!.spec);
  for (let i = 0, quiet = 0; i < 200 && quiet < 3; i++) {
    await w.clock.advance(20_000);
    const byHand = w.api.get<DaemonSet>(setKind, 'default/log')!.spec!.updateStrategy?.type === 'OnDelete';
    const stuck = w.api.all<Pod>(podKind).filter(p => (p.status?.phase === 'Running' && !isReady(p)) || (byHand && p.spec!.containers[0]!.image !== image()));
    for (const p of stuck) w.api.remove(podKind, `default/${p.metadata!.name}`);
    quiet = runDaemons(w, () => true) + reapPods(w.api) + stuck.length > 0 ? 0 : quiet + 1;
  }
  const said = `seed ${seed}: ${done.join(' ')}`, wanted = w.api.all<Node>(nodeKind).filter(belongs).map(n => n.metadata!.name).sort(), pods = w.api.all<Pod>(podKind);
  expect(wrong, said).toEqual([]);
  expect(pods.map(p => p.spec!.nodeName).sort(), said).toEqual(wanted);
  expect(pods.every(p => p.spec!.containers[0]!.image === image() && live(p)), said).toBe(true);
  expect(w.api.get<DaemonSet>(setKind, 'default/log')!.status, said).toMatchObject({ desiredNumberScheduled: wanted.length, numberReady: wanted.length, numberMisscheduled: 0 });
  expect(w.complaints.filter(c => c.includes('forbidden')), said).toEqual([]);
  await w.stop();
}

it(`${SEQUENCES} random sequences keep to their nodes and bounds, and end with one pod where one belongs`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 1_000);
