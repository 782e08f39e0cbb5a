// Profiles: which plug-ins run, where, in which order and with which weight, under one scheduler name. Several names are several
// schedulers that share one queue and one view of the cluster.
import type { Plugin } from './framework.ts';

/** Where a plug-in may stand, by Kubernetes' names; here whoever leaves preFilter leaves filter, and whoever leaves preScore leaves score. */
export const POINTS = ['preEnqueue', 'queueSort', 'preFilter', 'filter', 'postFilter', 'preScore', 'score', 'reserve', 'permit', 'preBind', 'bind', 'postBind'] as const;
export type Point = typeof POINTS[number];
export interface PluginSet {
  /** Added after those that are there already; one that is there gets another weight (0: as it was), at a single point it also comes first. */
  readonly enabled?: readonly { readonly name: string; readonly weight?: number }[];
  /** Left out; `*` leaves out all that are not enabled here. */
  readonly disabled?: readonly { readonly name: string }[];
}

/** As a KubeSchedulerProfile of kubescheduler.config.k8s.io/v1, its pluginConfig by name. */
export interface ProfileConfig {
  /** Pods whose `spec.schedulerName` is this are placed by it. */
  readonly schedulerName: string;
  /** `multiPoint` is for all points; a point's own set comes after it. */
  readonly plugins?: Readonly<Partial<Record<Point | 'multiPoint', PluginSet>>>;
  /** Arguments by plug-in name, as Kubernetes' `<Plugin>Args` without kind. */
  readonly pluginConfig?: Readonly<Record<string, unknown>>;
  readonly percentageOfNodesToScore?: number;
}

export interface Profile {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | undefined;
  readonly preEnqueues: readonly Plugin[];
  readonly preFilters: readonly Plugin[];
  readonly postFilters: readonly Plugin[];
  readonly scores: readonly { readonly plugin: Plugin; readonly weight: number }[];
  readonly reserves: readonly Plugin[];
  readonly permits: readonly Plugin[];
  readonly preBinds: readonly Plugin[];
  readonly binds: readonly Plugin[];
  readonly postBinds: readonly Plugin[];
  readonly sort: Plugin;
  readonly byName: ReadonlyMap<string, Plugin>;
}

/** Makes a plug-in with its arguments for one profile; `profile` is complete by the time the first pod is tried. */
export type PluginFactory = (args: never, profile: () => Profile) => Plugin;

/** The default plug-ins in Kubernetes' order, which shows in messages, with their weights. */
const DEFAULTS: readonly (readonly [name: string, weight: number])[] = [
  ['SchedulingGates', 1], ['PrioritySort', 1], ['NodeUnschedulable', 1], ['NodeName', 1], ['TaintToleration', 3], ['NodeAffinity', 2], ['NodePorts', 1], ['NodeResourcesFit', 1],
  ['VolumeRestrictions', 1], ['NodeVolumeLimits', 1], ['VolumeBinding', 1], ['VolumeZone', 1], ['PodTopologySpread', 2], ['InterPodAffinity', 2], ['DynamicResources', 2], ['DefaultPreemption', 1],
  ['NodeResourcesBalancedAllocation', 1], ['ImageLocality', 1], ['DefaultBinder', 1],
];

type Weights = Map<string, number>;

/** `base` without what the set disables, with what it enables; what was there keeps its place, or comes first with `first` where it is named again. */
function apply(base: ReadonlyMap<string, number>, set: PluginSet | undefined, where: string, first = false): Weights {
  const off = new Set(set?.disabled?.map(d => d.name)), out: Weights = new Map();
  if (first) for (const e of set?.enabled ?? []) if (base.has(e.name) && !off.has('*') && !off.has(e.name)) out.set(e.name, base.get(e.name)!);
  for (const [name, weight] of base) if (!off.has('*') && !off.has(name)) out.set(name, weight);
  const seen = new Set<string>();
  for (const e of set?.enabled ?? []) {
    if (seen.has(e.name)) throw new Error(`${where}: plugin ${JSON.stringify(e.name)} is enabled twice; name it once`);
    seen.add(e.name);
    out.set(e.name, e.weight || (out.get(e.name) ?? base.get(e.name) ?? 1));
  }
  return out;
}

/** Throws where a plug-in is not known, comes twice, or the profile lacks one that sorts or one that binds. */
export function createProfile(config: ProfileConfig, factories: Readonly<Record<string, PluginFactory>>): Profile {
  const where = `scheduler profile ${JSON.stringify(config.schedulerName)}`, sets = config.plugins ?? {};
  const everywhere = apply(new Map(DEFAULTS), sets.multiPoint, where), byName = new Map<string, Plugin>();
  const make = (name: string): Plugin => {
    let plugin = byName.get(name);
    if (plugin) return plugin;
    const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
    if (!factory) throw new Error(`${where}: there is no plugin ${JSON.stringify(name)}; known are ${Object.keys(factories).join(', ')}`);
    byName.set(name, plugin = factory((config.pluginConfig?.[name] ?? {}) as never, () => profile));
    return plugin;
  };
  const at = (points: readonly Point[], ...methods: readonly (keyof Plugin)[]): { plugin: Plugin; weight: number }[] => {
    let names: Weights = everywhere;
    for (const p of points) names = apply(names, sets[p], `${where}, ${p}`, true);
    return [...names].map(([name, weight]) => ({ plugin: make(name), weight })).filter(({ plugin }) => methods.some(m => plugin[m] !== undefined));
  };
  const only = (points: readonly Point[], ...methods: readonly (keyof Plugin)[]): Plugin[] => at(points, ...methods).map(p => p.plugin);
  const sorts = only(['queueSort'], 'before'), binds = only(['bind'], 'bind');
  if (sorts.length !== 1) throw new Error(`${where}: exactly one plugin must order the queue, not ${sorts.length}`);
  if (binds.length === 0) throw new Error(`${where}: no plugin binds; enable DefaultBinder`);
  const profile: Profile = {
    schedulerName: config.schedulerName, percentageOfNodesToScore: config.percentageOfNodesToScore,
    preEnqueues: only(['preEnqueue'], 'preEnqueue'), preFilters: only(['preFilter', 'filter'], 'preFilter'), postFilters: only(['postFilter'], 'postFilter'), scores: at(['preScore', 'score'], 'preScore'),
    reserves: only(['reserve'], 'reserve', 'unreserve'), permits: only(['permit'], 'permit'), preBinds: only(['preBind'], 'preBind'), binds, postBinds: only(['postBind'], 'postBind'), sort: sorts[0]!, byName,
  };
  return profile;
}
