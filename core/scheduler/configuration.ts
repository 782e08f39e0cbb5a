// The scheduler's configuration file: kubescheduler.config.k8s.io/v1, as kube-scheduler reads it with --config.
import { parse } from 'yaml';
import { POINTS, type PluginSet, type ProfileConfig } from './profile.ts';

export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfig[];
  /** Milliseconds a refused pod waits at least after its first attempt, and at most after many. */
  readonly backoff: { readonly first: number; readonly most: number };
}

const VERSION = 'kubescheduler.config.k8s.io/v1';
/** What concerns kube-scheduler's own process; it may stand in the file and says nothing here. */
const ELSEWHERE = new Set(['apiVersion', 'kind', 'parallelism', 'leaderElection', 'clientConnection', 'enableProfiling', 'enableContentionProfiling', 'delayCacheUntilActive']);
const SETS = new Set<string>([...POINTS, 'multiPoint']);
const isObject = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

/** Reads the text, YAML or JSON. Throws Error with all that is wrong with it; what a plug-in's arguments may be is the plug-in's matter. */
export function parseSchedulerConfiguration(text: string): SchedulerConfiguration {
  const c: unknown = parse(text);
  if (!isObject(c)) throw new Error('it is no object');
  const wrong: string[] = [];
  if (c['kind'] !== 'KubeSchedulerConfiguration' || c['apiVersion'] !== VERSION) wrong.push(`expected kind KubeSchedulerConfiguration of ${VERSION}, got ${String(c['kind'] ?? 'none')} of ${String(c['apiVersion'] ?? 'none')}`);
  const number = (at: string, value: unknown, otherwise: number, least: number, most = Infinity): number => {
    if (value === undefined || value === null) return otherwise;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    wrong.push(`${at}: Invalid value: ${JSON.stringify(value)}: must be a whole number from ${least}${most === Infinity ? '' : ` to ${most}`}`);
    return otherwise;
  };
  const list = (at: string, value: unknown): Record<string, unknown>[] => {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value) && value.every(isObject)) return value;
    wrong.push(`${at}: must be a list of objects`);
    return [];
  };
  const unknown = (at: string, of: Record<string, unknown>, known: readonly string[]): void => { for (const k of Object.keys(of)) if (!known.includes(k)) wrong.push(`${at}${k}: unknown field`); };
  for (const k of Object.keys(c)) {
    if (k === 'extenders') wrong.push('extenders: not supported: Pilothouse calls no scheduler extenders');
    else if (!ELSEWHERE.has(k) && !['profiles', 'percentageOfNodesToScore', 'podInitialBackoffSeconds', 'podMaxBackoffSeconds'].includes(k)) wrong.push(`${k}: unknown field`);
  }
  const percentage = number('percentageOfNodesToScore', c['percentageOfNodesToScore'], 0, 0, 100);
  const first = number('podInitialBackoffSeconds', c['podInitialBackoffSeconds'], 1, 1), most = number('podMaxBackoffSeconds', c['podMaxBackoffSeconds'], Math.max(10, first), first);

  const names = new Set<string>();
  const profiles = list('profiles', c['profiles']).map((p, i): ProfileConfig => {
    const at = `profiles[${i}].`, schedulerName = typeof p['schedulerName'] === 'string' ? p['schedulerName'] : 'default-scheduler';
    unknown(at, p, ['schedulerName', 'plugins', 'pluginConfig', 'percentageOfNodesToScore']);
    if (names.has(schedulerName)) wrong.push(`${at}schedulerName: Duplicate value: ${JSON.stringify(schedulerName)}`);
    names.add(schedulerName);
    const plugins = isObject(p['plugins']) ? p['plugins'] : {};
    for (const [point, set] of Object.entries(plugins)) {
      if (!SETS.has(point)) { wrong.push(`${at}plugins.${point}: unknown field`); continue; }
      const s = isObject(set) ? set : {};
      unknown(`${at}plugins.${point}.`, s, ['enabled', 'disabled']);
      for (const which of ['enabled', 'disabled']) list(`${at}plugins.${point}.${which}`, s[which]).forEach((x, j) => { if (typeof x['name'] !== 'string') wrong.push(`${at}plugins.${point}.${which}[${j}].name: Required value`); });
    }
    const pluginConfig: Record<string, unknown> = {};
    list(`${at}pluginConfig`, p['pluginConfig']).forEach((x, j) => {
      if (typeof x['name'] !== 'string') { wrong.push(`${at}pluginConfig[${j}].name: Required value`); return; }
      if (Object.hasOwn(pluginConfig, x['name'])) wrong.push(`${at}pluginConfig[${j}]: Duplicate value: ${JSON.stringify(x['name'])}`);
      pluginConfig[x['name']] = x['args'] ?? {};
    });
    return { schedulerName, plugins: plugins as Record<string, PluginSet>, pluginConfig, percentageOfNodesToScore: number(`${at}percentageOfNodesToScore`, p['percentageOfNodesToScore'], percentage, 0, 100) };
  });
  if (wrong.length) throw new Error(wrong.join('; '));
  return { profiles: profiles.length ? profiles : [{ schedulerName: 'default-scheduler', percentageOfNodesToScore: percentage }], backoff: { first: first * 1000, most: most * 1000 } };
}
