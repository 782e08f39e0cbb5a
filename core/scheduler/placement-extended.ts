// A decision in which extenders have a say. While they are asked, the cluster goes on: what they are told and what comes of it is looked at
// anew afterwards.
import type { Log } from '../base/log.ts';
import type { Extender } from './extender.ts';
import type { Cycle, Refusal } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { prepare, refuse, type Placement, type Placer } from './placement.ts';
import type { Profile } from './profile.ts';

/** Stands for extenders among those who refused a pod: any event may change their mind. */
export const EXTENDER = '__extender';

interface Left { readonly nodes: readonly NodeInfo[]; readonly refusals: ReadonlyMap<NodeInfo, Refusal> }

/** One after the other, each is asked of those the one before left. */
async function filtered(extenders: readonly Extender[], { pod: { pod } }: Cycle, nodes: readonly NodeInfo[], log: Log): Promise<Left> {
  const refusals = new Map<NodeInfo, Refusal>(), byName = new Map(nodes.map(n => [n.name, n]));
  let left = nodes;
  for (const e of extenders) {
    if (left.length === 0) break;
    if (!e.config.filterVerb) continue;
    try {
      const { nodes: kept, failed, unresolvable } = await e.filter(pod, left);
      for (const [fixed, reasons] of [[false, failed], [true, unresolvable]] as const)
        for (const [name, why] of reasons) { const node = byName.get(name); if (node) refusals.set(node, { reasons: [why], fixed }); }
      left = kept;
    } catch (error) {
      if (!e.config.ignorable) throw error;
      log.info('an extender is left out: it failed and may', { extender: e.name, error });
    }
  }
  return { nodes: left, refusals };
}

/** Weighted scores by node name; an extender that fails has no opinion. */
async function scored(extenders: readonly Extender[], { pod: { pod } }: Cycle, nodes: readonly NodeInfo[], log: Log): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  await Promise.all(extenders.filter(e => e.config.prioritizeVerb).map(async e => {
    try {
      for (const [name, score] of await e.prioritize(pod, nodes)) sums.set(name, (sums.get(name) ?? 0) + score);
    } catch (error) {
      log.info('an extender gave no scores', { extender: e.name, error });
    }
  }));
  return sums;
}

/** `extenders` are those the pod concerns, in order. Rejects where one that must not fail does; undefined when the node that was chosen will not do any more. */
export async function placeAsking(placer: Placer, profile: Profile, cycle: Cycle, extenders: readonly Extender[], log: Log): Promise<Placement | undefined> {
  const { snapshot, pod } = cycle, nominated = snapshot.nominatedNode(pod.key), wanted = nominated === undefined ? undefined : snapshot.get(nominated);
  if (wanted?.node) {
    const prepared = prepare(profile, cycle);
    if (!prepared.blocked && (!prepared.nodes || prepared.nodes.has(wanted.name)) && !refuse(cycle, prepared, wanted) && (await filtered(extenders, cycle, [wanted], log)).nodes.length > 0) return stillFits(profile, cycle, wanted);
  }
  const found = placer.look(profile, cycle);
  if (!found.fitting.length) return placer.unfit(cycle, found);
  const left = await filtered(extenders, cycle, found.fitting, log);
  if (left.nodes.length < found.fitting.length) found.refusedBy.add(EXTENDER);
  if (left.nodes.length === 0) {
    for (const [n, r] of left.refusals) found.refusals.set(n, r);
    return placer.unfit(cycle, found);
  }
  const scores = left.nodes.length > 1 ? await scored(extenders, cycle, left.nodes, log) : undefined;
  const there = left.nodes.filter(n => n.node !== undefined);
  return there.length === 0 ? undefined : stillFits(profile, cycle, there.length === 1 ? there[0]! : placer.best(profile, cycle, there, scores));
}
function stillFits(profile: Profile, cycle: Cycle, node: NodeInfo): Placement | undefined {
  const prepared = prepare(profile, cycle);
  return node.node !== undefined && !prepared.blocked && !refuse(cycle, prepared, node) ? { node } : undefined;
}
