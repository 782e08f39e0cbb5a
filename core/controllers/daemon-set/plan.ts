// What a daemon set is to do next: on which nodes a pod is missing, and which pods are to go. Decides only; nothing is written here.
import { isAvailable, isReady, isTerminal, isTerminating } from '../../api/meta/pod.ts';
import { scaledValue } from '../../api/meta/intstr.ts';
import type { DaemonSet, Node, Pod } from '../../api/types/kubernetes.ts';
import type { Verdict } from './eligibility.ts';
import { byStanding, nodeOf } from './pods.ts';

/** A daemon set beside the nodes and its own pods, as they are now. */
export interface Scene {
  readonly set: DaemonSet;
  /** A pod was made from the current template. */
  readonly isFresh: (pod: Pod) => boolean;
  readonly nodes: readonly Node[];
  readonly judge: (node: Node) => Verdict;
  readonly pods: ReadonlyMap<string, readonly Pod[]>;
  readonly now: number;
}
export interface Plan { readonly create: string[]; readonly remove: Pod[] }

/** Pods by the node they are on or meant for, without those that ended and are going. */
export function podsByNode(pods: readonly Pod[]): Map<string, Pod[]> {
  const out = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = isTerminal(pod) && isTerminating(pod) ? undefined : nodeOf(pod);
    if (node === undefined) continue;
    const list = out.get(node);
    if (list) list.push(pod); else out.set(node, [pod]);
  }
  return out;
}

const available = (s: Scene, pod: Pod): boolean => isAvailable(pod, s.set.spec?.minReadySeconds ?? 0, s.now);
const rolling = (s: Scene) => (s.set.spec?.updateStrategy?.type === 'RollingUpdate' ? s.set.spec.updateStrategy.rollingUpdate : undefined);
/** How many pods beyond one per node an update may have, of `total` nodes. */
const surgeOf = (s: Scene, total: number): number => { const most = rolling(s)?.maxSurge; return most === undefined ? 0 : scaledValue(most, total, true); };

/**
 * One pod on every node that is to have one, none where it may not stay. `mayReplace` is asked for each failed pod: it says whether
 * the pod may be deleted now, so that its successor is made.
 */
export function manage(s: Scene, mayReplace: (pod: Pod, node: string) => boolean): Plan {
  const plan: Plan = { create: [], remove: [] };
  const known = new Set<string>();
  const surging = surgeOf(s, 1) > 0;
  for (const node of s.nodes) {
    const name = node.metadata?.name ?? '', { run, stay } = s.judge(node), pods = s.pods.get(name);
    known.add(name);
    if (run && !pods) plan.create.push(name);
    else if (stay) tidy(s, plan, name, run, pods ?? [], surging, mayReplace);
    else if (pods) plan.remove.push(...pods.filter(p => !isTerminating(p)));
  }
  // Pods that wait for a node that is gone would wait for ever; nobody else deletes them.
  for (const [node, pods] of s.pods) if (!known.has(node)) plan.remove.push(...pods.filter(p => !p.spec?.nodeName && !isTerminating(p)));
  return plan;
}

function tidy(s: Scene, plan: Plan, node: string, run: boolean, pods: readonly Pod[], surging: boolean, mayReplace: (pod: Pod, node: string) => boolean): void {
  const live: Pod[] = [];
  for (const pod of pods) {
    if (isTerminating(pod)) continue;
    if (!isTerminal(pod)) live.push(pod);
    else if (mayReplace(pod, node)) plan.remove.push(pod);
  }
  live.sort(byStanding);
  if (!surging) { plan.remove.push(...live.slice(1)); return; }
  if (live.length === 0 && run && !pods.some(p => !isTerminating(p) && isTerminal(p))) plan.create.push(node);
  if (live.length <= 1) return;
  // An old pod may stand beside a new one until that is available, and only while it is ready itself.
  const fresh = live.filter(s.isFresh), stale = live.filter(p => !s.isFresh(p));
  plan.remove.push(...fresh.slice(1), ...stale.slice(1));
  if (fresh[0] && stale[0] && (!isReady(stale[0]) || available(s, fresh[0]))) plan.remove.push(stale[0]);
}

/** The pods of a node that are not going, by whether they are of the current template; undefined when there are several of a kind. */
function pairOn(s: Scene, pods: readonly Pod[]): { fresh?: Pod; stale?: Pod } | undefined {
  let fresh: Pod | undefined, stale: Pod | undefined;
  for (const pod of pods) {
    if (isTerminating(pod)) continue;
    if (s.isFresh(pod)) { if (fresh) return undefined; fresh = pod; } else { if (stale) return undefined; stale = pod; }
  }
  return { ...(fresh ? { fresh } : {}), ...(stale ? { stale } : {}) };
}

/** The next step of a rolling update, within maxUnavailable and maxSurge. */
export function update(s: Scene): Plan {
  const verdicts = new Map(s.nodes.map(n => [n.metadata?.name ?? '', s.judge(n)]));
  const wanted = [...verdicts].filter(([, v]) => v.run).map(([n]) => n);
  const byNode = new Map(s.pods);
  for (const n of wanted) if (!byNode.has(n)) byNode.set(n, []);
  const surge = surgeOf(s, wanted.length);
  const most = rolling(s)?.maxUnavailable;
  let unavailable = most === undefined ? 0 : scaledValue(most, wanted.length, true);
  if (wanted.length > 0 && unavailable === 0 && surge === 0) unavailable = 1;
  return surge === 0 ? replaceWithin(s, byNode, unavailable) : surgeWithin(s, byNode, verdicts, wanted.length, surge);
}

/** Without surge: old pods that are not available go at once, of the others so many that no more than `most` are unavailable. */
function replaceWithin(s: Scene, byNode: ReadonlyMap<string, readonly Pod[]>, most: number): Plan {
  let unavailable = 0;
  const broken: Pod[] = [], candidates: Pod[] = [];
  for (const pods of byNode.values()) {
    const pair = pairOn(s, pods);
    if (!pair || (!pair.fresh && !pair.stale) || (pair.fresh && pair.stale)) unavailable++;
    else if (pair.fresh) { if (!available(s, pair.fresh)) unavailable++; }
    else if (!available(s, pair.stale!)) { broken.push(pair.stale!); unavailable++; }
    else candidates.push(pair.stale!);
  }
  return { create: [], remove: [...broken, ...candidates.slice(0, Math.max(0, most - unavailable))] };
}

/** With surge: a new pod beside each old one, so many at a time; the old one goes when the new one is available. */
function surgeWithin(s: Scene, byNode: ReadonlyMap<string, readonly Pod[]>, verdicts: ReadonlyMap<string, Verdict>, wanted: number, most: number): Plan {
  const plan: Plan = { create: [], remove: [] };
  const candidates: string[] = [], misplaced: Pod[] = [];
  let surging = 0, standing = 0;
  for (const [node, pods] of byNode) {
    const pair = pairOn(s, pods);
    if (!pair) { surging++; continue; }
    const { fresh, stale } = pair, oldest = stale ?? fresh;
    if (oldest && available(s, oldest)) standing++;
    if (!stale) continue;
    if (fresh) {
      if (available(s, fresh)) plan.remove.push(stale); else surging++;
      continue;
    }
    const verdict = verdicts.get(node);
    if (!verdict) continue;
    const stands = available(s, stale);
    if (verdict.run) (stands ? candidates : plan.create).push(node);
    else (stands ? misplaced : plan.remove).push(stale);
  }
  // Where it should no longer run it goes on until as many stand elsewhere as are wanted.
  plan.remove.push(...misplaced.slice(0, Math.max(0, standing - wanted)));
  plan.create.push(...candidates.slice(0, Math.max(0, most - surging)));
  return plan;
}
