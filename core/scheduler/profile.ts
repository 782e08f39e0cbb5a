// Profiles: which plug-ins run, where, in which order and with which weight, under one scheduler name. Several names are several
// schedulers that share one queue and one view of the cluster.
import type { Plugin } from './framework.ts';

/** As in a KubeSchedulerProfile, with one list of plug-ins for all extension points. */
export interface ProfileConfig {
  /** Pods whose `spec.schedulerName` is this are placed by it. */
  readonly schedulerName: string;
  readonly plugins?: {
    /** Names left out; `*` leaves out all that are not enabled here. */
    readonly disabled?: readonly string[];
    /** Added after the default ones, or given another weight where they are there. */
    readonly enabled?: readonly { readonly name: string; readonly weight?: number }[];
  };
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
  ['VolumeRestrictions', 1], ['NodeVolumeLimits', 1], ['VolumeBinding', 1], ['VolumeZone', 1], ['PodTopologySpread', 2], ['InterPodAffinity', 2], ['DefaultPreemption', 1],
  ['NodeResourcesBalancedAllocation', 1], ['ImageLocality', 1], ['DefaultBinder', 1],
];

/** Throws where a plug-in is not known, comes twice, or the profile lacks one that sorts or one that binds. */
export function createProfile(config: ProfileConfig, factories: Readonly<Record<string, PluginFactory>>): Profile {
  const where = `scheduler profile ${JSON.stringify(config.schedulerName)}`;
  const enabled = config.plugins?.enabled ?? [], disabled = new Set(config.plugins?.disabled);
  const wanted = new Map<string, number>();
  for (const [name, weight] of DEFAULTS) if (!disabled.has('*') && !disabled.has(name)) wanted.set(name, weight);
  const seen = new Set<string>();
  for (const e of enabled) {
    if (seen.has(e.name)) throw new Error(`${where}: plugin ${JSON.stringify(e.name)} is enabled twice; name it once`);
    seen.add(e.name);
    wanted.set(e.name, e.weight ?? wanted.get(e.name) ?? 1);
  }
  const plugins = [...wanted].map(([name, weight]) => {
    const factory = factories[name];
    if (!factory) throw new Error(`${where}: there is no plugin ${JSON.stringify(name)}; known are ${Object.keys(factories).join(', ')}`);
    return { plugin: factory((config.pluginConfig?.[name] ?? {}) as never, () => profile), weight };
  });
  const at = (point: keyof Plugin): Plugin[] => plugins.map(p => p.plugin).filter(p => p[point] !== undefined);
  const sorts = at('before');
  if (sorts.length !== 1) throw new Error(`${where}: exactly one plugin must order the queue, not ${sorts.length}`);
  if (at('bind').length === 0) throw new Error(`${where}: no plugin binds; enable DefaultBinder`);
  const profile: Profile = {
    schedulerName: config.schedulerName, percentageOfNodesToScore: config.percentageOfNodesToScore,
    preEnqueues: at('preEnqueue'), preFilters: at('preFilter'), postFilters: at('postFilter'), scores: plugins.filter(p => p.plugin.preScore && p.weight > 0),
    reserves: plugins.map(p => p.plugin).filter(p => p.reserve !== undefined || p.unreserve !== undefined), permits: at('permit'), preBinds: at('preBind'), binds: at('bind'), postBinds: at('postBind'), sort: sorts[0]!,
    byName: new Map(plugins.map(p => [p.plugin.name, p.plugin])),
  };
  return profile;
}
