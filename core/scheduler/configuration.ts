// The scheduler's configuration file: kubescheduler.config.k8s.io/v1, as kube-scheduler reads it with --config.
import { parse } from 'yaml';
import { duplicate, fieldErrorText, invalid, required, type FieldError } from '../api/meta/field-error.ts';
import { isExtended } from '../api/kinds/parts/resources.ts';
import { labelKey } from '../api/meta/names.ts';
import type { ExtenderConfig } from './extender.ts';
import { CONFIG_GROUP, readPluginArgs } from './plugin-args.ts';
import { POINTS, type PluginSet, type ProfileConfig } from './profile.ts';
import { isFields, strange, unknownText, type Fields, type Shape } from './strict.ts';

export interface SchedulerConfiguration {
  readonly profiles: readonly ProfileConfig[];
  /** Milliseconds a refused pod waits at least after its first attempt, and at most after many. */
  readonly backoff: { readonly first: number; readonly most: number };
  /** Whom to ask besides, over HTTP; those that may fail come last. */
  readonly extenders: readonly ExtenderConfig[];
}

const VERSION = `${CONFIG_GROUP}/v1`;
const SET: Shape = { enabled: [{ name: 'text', weight: 'whole' }], disabled: [{ name: 'text', weight: 'whole' }] };
const EXTENDER: Shape = {
  urlPrefix: 'text', filterVerb: 'text', preemptVerb: 'text', prioritizeVerb: 'text', weight: 'whole', bindVerb: 'text', enableHTTPS: 'bool', httpTimeout: 'text', nodeCacheCapable: 'bool', ignorable: 'bool',
  tlsConfig: { insecure: 'bool', serverName: 'text', certFile: 'text', keyFile: 'text', caFile: 'text', certData: 'text', keyData: 'text', caData: 'text' }, managedResources: [{ name: 'text', ignoredByScheduler: 'bool' }],
};
const FILE: Shape = {
  apiVersion: 'text', kind: 'text', parallelism: 'whole', percentageOfNodesToScore: 'whole', podInitialBackoffSeconds: 'whole', podMaxBackoffSeconds: 'whole', enableProfiling: 'bool', enableContentionProfiling: 'bool', delayCacheUntilActive: 'bool',
  // These concern a process of kube-scheduler's own; they may stand in the file and say nothing here.
  leaderElection: { leaderElect: 'bool', leaseDuration: 'text', renewDeadline: 'text', retryPeriod: 'text', resourceLock: 'text', resourceName: 'text', resourceNamespace: 'text' },
  clientConnection: { kubeconfig: 'text', acceptContentTypes: 'text', contentType: 'text', qps: 'number', burst: 'whole' },
  profiles: [{ schedulerName: 'text', percentageOfNodesToScore: 'whole', plugins: Object.fromEntries([...POINTS, 'multiPoint'].map(p => [p, SET])), pluginConfig: [{ name: 'text', args: 'any' }] }],
  extenders: [EXTENDER],
};
/** Plug-ins that were, and are no more in this version. */
const GONE = new Set(['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits']);

type Plain = Record<string, unknown>;
const objects = (v: unknown): Plain[] => (Array.isArray(v) ? v.filter(isFields) : []);
const numberOf = (v: unknown, otherwise: number): number => (typeof v === 'number' ? v : otherwise);
/** Go's durations, as `5s`, `1m30s` or `500ms`, in milliseconds; undefined for a text that is none. */
function millis(text: string): number | undefined {
  if (!/^(?:[\d.]+(?:h|ms|m|s))+$|^0$/.test(text)) return undefined;
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  return [...text.matchAll(/([\d.]+)(h|ms|m|s)/g)].reduce((sum, m) => sum + Number(m[1]) * units[m[2]!]!, 0);
}

function profileOf(p: Plain, i: number, only: boolean, everywhere: number, errors: (FieldError | string)[]): ProfileConfig {
  const at = `profiles[${i}]`, schedulerName = p['schedulerName'] === undefined && only ? 'default-scheduler' : String(p['schedulerName'] ?? '');
  if (!schedulerName) errors.push(required(`${at}.schedulerName`));
  const share = percentage(`${at}.percentageOfNodesToScore`, p['percentageOfNodesToScore'], everywhere, errors), plugins = isFields(p['plugins']) ? p['plugins'] : {};
  for (const [point, set] of Object.entries(plugins))
    for (const which of ['enabled', 'disabled']) objects(isFields(set) ? set[which] : undefined).forEach((x, j) => {
      const path = `${at}.plugins.${point}.${which}[${j}]`;
      if (!x['name']) errors.push(required(`${path}.name`));
      else if (which === 'enabled' && GONE.has(String(x['name']))) errors.push(invalid(path, x['name'], `was invalid in version "${VERSION}" (KubeSchedulerConfiguration is version "${VERSION}")`));
    });
  const pluginConfig: Plain = {};
  objects(p['pluginConfig']).forEach((x, j) => {
    const path = `${at}.pluginConfig[${j}]`, name = String(x['name'] ?? '');
    if (!name) { errors.push(required(`${path}.name`)); return; }
    if (Object.hasOwn(pluginConfig, name)) errors.push(duplicate(path, name));
    if (GONE.has(name)) errors.push(invalid(path, name, `was invalid in version "${VERSION}" (KubeSchedulerConfiguration is version "${VERSION}")`));
    const { args, wrong } = readPluginArgs(name, x['args'], path);
    errors.push(...wrong);
    pluginConfig[name] = args;
  });
  return { schedulerName, plugins: plugins as Record<string, PluginSet>, pluginConfig, percentageOfNodesToScore: share };
}
function percentage(at: string, value: unknown, otherwise: number, errors: (FieldError | string)[]): number {
  const n = numberOf(value, otherwise);
  if (n < 0 || n > 100) errors.push(invalid(at, n, 'not in valid range [0-100]'));
  return n;
}

/** All profiles share one queue, so they must order it alike. */
function checkSorts(profiles: readonly ProfileConfig[], errors: (FieldError | string)[]): void {
  const sortOf = (p: ProfileConfig): PluginSet => p.plugins?.queueSort ?? {}, first = sortOf(profiles[0]!), enabled = first.enabled ?? [];
  if (enabled.length > 1) errors.push(invalid('profiles[0].plugins.queueSort.Enabled', enabled.length, 'only one queue sort plugin can be enabled'));
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a ?? {}) === JSON.stringify(b ?? {}), name = enabled[0]?.name;
  profiles.forEach((p, i) => {
    if (!same([first.enabled ?? [], first.disabled ?? []], [sortOf(p).enabled ?? [], sortOf(p).disabled ?? []])) errors.push(invalid(`profiles[${i}].plugins.queueSort`, sortOf(p), 'must be the same for all profiles'));
    if (name && p.pluginConfig?.[name] !== undefined && !same(p.pluginConfig[name], profiles[0]!.pluginConfig?.[name])) errors.push(invalid(`profiles[${i}].pluginConfig.args`, p.pluginConfig[name], 'queueSort must be the same for all profiles'));
  });
}

function extendersOf(list: readonly Plain[], errors: (FieldError | string)[]): ExtenderConfig[] {
  const managed = new Set<string>();
  const all = list.map((e, i): ExtenderConfig => {
    const at = `extenders[${i}]`, word = (k: string): string => String(e[k] ?? ''), timeout = millis(word('httpTimeout') || '0');
    if (word('prioritizeVerb') && numberOf(e['weight'], 0) <= 0) errors.push(invalid(`${at}.weight`, numberOf(e['weight'], 0), 'must have a positive weight applied to it'));
    if (timeout === undefined) errors.push(invalid(`${at}.httpTimeout`, e['httpTimeout'], 'must be a duration, as in 5s'));
    if (!/^https?:\/\//.test(word('urlPrefix'))) errors.push(invalid(`${at}.urlPrefix`, word('urlPrefix'), 'must be an address that starts with http:// or https://'));
    const resources = objects(e['managedResources']).map((r, j) => {
      const name = String(r['name'] ?? ''), path = `${at}.managedResources[${j}].name`, bad = labelKey(name);
      errors.push(...bad.map(m => invalid(path, name, m)));
      if (bad.length === 0 && !isExtended(name)) errors.push(invalid(path, name, 'is an invalid extended resource name'));
      if (managed.has(name)) errors.push(invalid(path, name, 'duplicate extender managed resource name'));
      managed.add(name);
      return { name, ignoredByScheduler: r['ignoredByScheduler'] === true };
    });
    return {
      urlPrefix: word('urlPrefix'), filterVerb: word('filterVerb'), preemptVerb: word('preemptVerb'), prioritizeVerb: word('prioritizeVerb'), bindVerb: word('bindVerb'), weight: numberOf(e['weight'], 0), timeout: timeout || 5000,
      enableHTTPS: e['enableHTTPS'] === true, tls: (isFields(e['tlsConfig']) ? e['tlsConfig'] : {}) as ExtenderConfig['tls'], nodeCacheCapable: e['nodeCacheCapable'] === true, ignorable: e['ignorable'] === true, managedResources: resources,
    };
  });
  const binders = all.filter(e => e.bindVerb).length;
  if (binders > 1) errors.push(invalid('extenders', `found ${binders} extenders implementing bind`, 'only one extender can implement bind'));
  return [...all.filter(e => !e.ignorable), ...all.filter(e => e.ignorable)];
}

/** What an extender accounts for itself is no matter of NodeResourcesFit. */
function withIgnored(p: ProfileConfig, extenders: readonly ExtenderConfig[]): ProfileConfig {
  const ignored = extenders.flatMap(e => e.managedResources).filter(r => r.ignoredByScheduler).map(r => r.name);
  if (ignored.length === 0) return p;
  const fit = (p.pluginConfig?.['NodeResourcesFit'] ?? {}) as Fields;
  return { ...p, pluginConfig: { ...p.pluginConfig, NodeResourcesFit: { ...fit, ignoredResources: [...(fit['ignoredResources'] as string[] | undefined ?? []), ...ignored] } } };
}

/** Reads the text, YAML or JSON. Throws Error with all that is wrong with it, in kube-scheduler's words. */
export function parseSchedulerConfiguration(text: string): SchedulerConfiguration {
  const c: unknown = parse(text);
  if (!isFields(c)) throw new Error('it is no object');
  const errors: (FieldError | string)[] = [];
  if (c['kind'] !== 'KubeSchedulerConfiguration' || c['apiVersion'] !== VERSION) errors.push(`expected kind KubeSchedulerConfiguration of ${VERSION}, got ${String(c['kind'] ?? 'none')} of ${String(c['apiVersion'] ?? 'none')}`);
  const { unknown, mistyped } = strange(c, FILE), strict = unknownText(unknown);
  if (strict) errors.push(strict);
  errors.push(...mistyped);
  if (numberOf(c['parallelism'], 16) <= 0) errors.push(invalid('parallelism', c['parallelism'], 'should be an integer value greater than zero'));
  const share = percentage('percentageOfNodesToScore', c['percentageOfNodesToScore'], 0, errors);
  const first = numberOf(c['podInitialBackoffSeconds'], 1), most = numberOf(c['podMaxBackoffSeconds'], 10);
  if (first <= 0) errors.push(invalid('podInitialBackoffSeconds', first, 'must be greater than 0'));
  if (most < first) errors.push(invalid('podMaxBackoffSeconds', most, 'must be greater than or equal to PodInitialBackoffSeconds'));
  const given = objects(c['profiles']), profiles = (given.length ? given : [{}]).map((p, i, all) => profileOf(p, i, all.length === 1, share, errors));
  profiles.forEach((p, i) => {
    const before = profiles.findIndex(o => o.schedulerName === p.schedulerName);
    if (before < i) errors.push({ ...duplicate(`profiles[${i}].schedulerName`, ''), detail: `Duplicate value: profiles[${before}].schedulerName` });
  });
  checkSorts(profiles, errors);
  const extenders = extendersOf(objects(c['extenders']), errors);
  if (errors.length) throw new Error(errors.map(e => (typeof e === 'string' ? e : fieldErrorText(e))).join('; '));
  return { profiles: profiles.map(p => withIgnored(p, extenders)), backoff: { first: first * 1000, most: most * 1000 }, extenders };
}
