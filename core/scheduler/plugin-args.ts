// The arguments of the default plug-ins, kubescheduler.config.k8s.io/v1: which fields there are, what stands for those that are left out,
// and what is wrong with those that are given, in kube-scheduler's words.
import { labelKey } from '../api/meta/names.ts';
import { duplicate, fieldErrorText, forbidden, invalid, notSupported, required, type FieldError } from '../api/meta/field-error.ts';
import { validateAffinity } from '../api/kinds/parts/scheduling.ts';
import { isFields, strange, unknownText, type Fields, type Shape } from './strict.ts';
import type { DefaultPreemptionArgs } from './plugins/preemption.ts';
import type { DefaultConstraint, PodTopologySpreadArgs } from './plugins/topology-spread.ts';
import type { InterPodAffinityArgs } from './plugins/inter-pod-affinity.ts';
import type { NodeAffinityArgs } from './plugins/node-basics.ts';
import type { BalancedAllocationArgs, NodeResourcesFitArgs, ResourceWeight, ShapePoint } from './plugins/resources.ts';
import type { VolumeBindingArgs } from './plugins/volume-binding.ts';

export const CONFIG_GROUP = 'kubescheduler.config.k8s.io';

const REQUIREMENT: Shape = { key: 'text', operator: 'text', values: ['text'] }, NODE_TERM: Shape = { matchExpressions: [REQUIREMENT], matchFields: [REQUIREMENT] };
const WEIGHTS: Shape = [{ name: 'text', weight: 'whole' }], POINTS: Shape = [{ utilization: 'whole', score: 'whole' }];
const SELECTOR: Shape = { matchLabels: 'any', matchExpressions: [REQUIREMENT] };
const HEAD = { apiVersion: 'text', kind: 'text' } as const;

interface Kind<A> { readonly shape: { readonly [field: string]: Shape }; defaults(a: A): A; check(a: A, at: string): FieldError[] }
const kind = <A>(k: Kind<A>): Kind<never> => k as unknown as Kind<never>;

const weighted = (list: readonly ResourceWeight[] | undefined): ResourceWeight[] => (list?.length ? list : [{ name: 'cpu' }, { name: 'memory' }]).map(r => ({ name: r.name, weight: (r as Partial<ResourceWeight>).weight || 1 }));

function checkShape(shape: readonly ShapePoint[] | undefined, at: string): FieldError[] {
  if (!shape?.length) return [required(at, 'at least one point must be specified')];
  const errors: FieldError[] = [], unsorted = shape.findIndex((p, i) => i > 0 && (shape[i - 1]!.utilization ?? 0) >= (p.utilization ?? 0));
  if (unsorted > 0) errors.push(invalid(`${at}[${unsorted}].utilization`, shape[unsorted]!.utilization ?? 0, 'values must be sorted in increasing order'));
  shape.forEach(({ utilization = 0, score = 0 }, i) => {
    if (utilization < 0 || utilization > 100) errors.push(invalid(`${at}[${i}].utilization`, utilization, 'not in valid range [0, 100]'));
    if (score < 0 || score > 10) errors.push(invalid(`${at}[${i}].score`, score, 'not in valid range [0, 10]'));
  });
  return errors;
}
const labelErrors = (at: string, name: string): FieldError[] => labelKey(name).map(m => invalid(at, name, m));

function checkConstraint(c: DefaultConstraint & { labelSelector?: unknown }, i: number, all: readonly DefaultConstraint[], at: string): FieldError[] {
  const errors: FieldError[] = [], own = `${at}[${i}]`, key: string = c.topologyKey ?? '', when: string = c.whenUnsatisfiable ?? '';
  if (!(c.maxSkew > 0)) errors.push(invalid(`${own}.maxSkew`, c.maxSkew ?? 0, 'not in valid range (0, inf)'));
  errors.push(...(key ? labelErrors(`${own}.topologyKey`, key) : [required(`${own}.topologyKey`, 'can not be empty')]));
  if (!when) errors.push(required(`${own}.whenUnsatisfiable`, 'can not be empty'));
  else if (when !== 'DoNotSchedule' && when !== 'ScheduleAnyway') errors.push(notSupported(`${own}.whenUnsatisfiable`, when, ['DoNotSchedule', 'ScheduleAnyway']));
  if (c.labelSelector) errors.push(forbidden(`${own}.labelSelector`, 'constraint must not define a selector, as they deduced for each pod'));
  if (all.slice(0, i).some(o => o.topologyKey === c.topologyKey && o.whenUnsatisfiable === c.whenUnsatisfiable)) errors.push(duplicate(own, `{${key}, ${when}}`));
  return errors;
}

const KINDS: Readonly<Record<string, Kind<never>>> = {
  DefaultPreemption: kind<DefaultPreemptionArgs>({
    shape: { minCandidateNodesPercentage: 'whole', minCandidateNodesAbsolute: 'whole' },
    defaults: a => ({ minCandidateNodesPercentage: a.minCandidateNodesPercentage ?? 10, minCandidateNodesAbsolute: a.minCandidateNodesAbsolute ?? 100 }),
    check({ minCandidateNodesPercentage: share = 0, minCandidateNodesAbsolute: least = 0 }, at) {
      const errors: FieldError[] = [], one = `${at}.minCandidateNodesPercentage`, other = `${at}.minCandidateNodesAbsolute`;
      if (share < 0 || share > 100) errors.push(invalid(one, share, 'not in valid range [0, 100]'));
      if (least < 0) errors.push(invalid(other, least, 'not in valid range [0, inf)'));
      if (share === 0 && least === 0) errors.push(invalid(one, share, 'cannot be zero at the same time as minCandidateNodesAbsolute'), invalid(other, least, 'cannot be zero at the same time as minCandidateNodesPercentage'));
      return errors;
    },
  }),
  InterPodAffinity: kind<InterPodAffinityArgs>({
    shape: { hardPodAffinityWeight: 'whole', ignorePreferredTermsOfExistingPods: 'bool' },
    defaults: a => ({ ...a, hardPodAffinityWeight: a.hardPodAffinityWeight ?? 1 }),
    check: ({ hardPodAffinityWeight: w = 1 }, at) => (w < 0 || w > 100 ? [invalid(`${at}.hardPodAffinityWeight`, w, 'not in valid range [0, 100]')] : []),
  }),
  NodeAffinity: kind<NodeAffinityArgs>({
    shape: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [NODE_TERM] }, preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 'whole', preference: NODE_TERM }] } },
    defaults: a => a,
    check: (a, at) => validateAffinity(a.addedAffinity ? { nodeAffinity: a.addedAffinity } : undefined, '').map(e => ({ ...e, field: `${at}.addedAffinity${e.field.slice('.nodeAffinity'.length)}` })),
  }),
  NodeResourcesBalancedAllocation: kind<BalancedAllocationArgs>({
    shape: { resources: WEIGHTS },
    defaults: a => ({ resources: weighted(a.resources) }),
    check: ({ resources = [] }, at) => resources.flatMap((r, i) => [
      ...(resources.findIndex(o => o.name === r.name) < i ? [duplicate(`${at}.resources[${i}].name`, r.name)] : []), ...(r.weight === 1 ? [] : [invalid(`${at}.resources[${i}].weight`, r.weight, 'must be 1')]),
    ]),
  }),
  NodeResourcesFit: kind<NodeResourcesFitArgs>({
    shape: { ignoredResources: ['text'], ignoredResourceGroups: ['text'], scoringStrategy: { type: 'text', resources: WEIGHTS, requestedToCapacityRatio: { shape: POINTS } } },
    defaults: a => ({ ...a, scoringStrategy: { ...(a.scoringStrategy ?? { type: 'LeastAllocated' }), resources: weighted(a.scoringStrategy?.resources) } }),
    check({ ignoredResources = [], ignoredResourceGroups = [], scoringStrategy: s = {} }, at) {
      const errors = ignoredResources.flatMap((r, i) => labelErrors(`${at}.ignoredResources[${i}]`, r)), path = `${at}.scoringStrategy`;
      ignoredResourceGroups.forEach((g, i) => {
        if (g.includes('/')) errors.push(invalid(`${at}.ignoredResourceGroups[${i}]`, g, "resource group name can't contain '/'"));
        errors.push(...labelErrors(`${at}.ignoredResourceGroups[${i}]`, g));
      });
      if (!['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'].includes(s.type ?? '')) errors.push(notSupported(`${path}.type`, s.type ?? '', ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio']));
      s.resources?.forEach((r, i) => { if (!(r.weight > 0 && r.weight <= 100)) errors.push(invalid(`${path}.resources[${i}].weight`, r.weight, `resource weight of ${r.name} not in valid range (0, 100]`)); });
      const ratio = s.requestedToCapacityRatio;
      if (s.type !== 'RequestedToCapacityRatio') { if (ratio) errors.push(forbidden(`${path}.requestedToCapacityRatio`, 'must be nil when type is not RequestedToCapacityRatio')); }
      else if (!ratio) errors.push(required(`${path}.requestedToCapacityRatio`, 'must be specified when type is RequestedToCapacityRatio'));
      else errors.push(...checkShape(ratio.shape, `${path}.requestedToCapacityRatio.shape`));
      return errors;
    },
  }),
  PodTopologySpread: kind<PodTopologySpreadArgs>({
    shape: {
      defaultConstraints: [{ maxSkew: 'whole', topologyKey: 'text', whenUnsatisfiable: 'text', labelSelector: SELECTOR, minDomains: 'whole', nodeAffinityPolicy: 'text', nodeTaintsPolicy: 'text', matchLabelKeys: ['text'] }],
      defaultingType: 'text',
    },
    defaults: a => ({ ...a, defaultingType: a.defaultingType || 'System' }),
    check({ defaultingType: type = 'System', defaultConstraints: all = [] }, at) {
      const errors: FieldError[] = [];
      if (!['System', 'List'].includes(type)) errors.push(notSupported(`${at}.defaultingType`, type, ['System', 'List'], true));
      else if (type === 'System' && all.length > 0) errors.push(invalid(`${at}.defaultingType`, type, 'when .defaultConstraints are not empty'));
      all.forEach((c, i) => errors.push(...checkConstraint(c, i, all, `${at}.defaultConstraints`)));
      return errors;
    },
  }),
  VolumeBinding: kind<VolumeBindingArgs & { shape?: unknown }>({
    shape: { bindTimeoutSeconds: 'whole', shape: POINTS },
    defaults: a => ({ ...a, bindTimeoutSeconds: a.bindTimeoutSeconds ?? 600 }),
    check(a, at) {
      const errors: FieldError[] = [], seconds = a.bindTimeoutSeconds ?? 0;
      if (seconds < 0) errors.push(invalid(`${at}.bindTimeoutSeconds`, seconds, 'invalid BindTimeoutSeconds, should not be a negative value'));
      if (a.shape !== undefined && a.shape !== null) errors.push(invalid(`${at}.shape`, a.shape, 'unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring'));
      return errors;
    },
  }),
};

export interface ReadArgs { readonly args: unknown; readonly wrong: readonly string[] }

/** Checks and completes the arguments of one plug-in, `at` being `profiles[i].pluginConfig[j]`; those of a plug-in of somebody else are left as they are. */
export function readPluginArgs(name: string, given: unknown, at: string): ReadArgs {
  const k = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!k) return { args: given ?? {}, wrong: [] };
  const args: Fields = isFields(given) ? given : {}, where = `decoding .${at}`;
  if (given !== undefined && given !== null && !isFields(given)) return { args, wrong: [`${where}: decoding args for plugin ${name}: must be an object`] };
  if (args['kind'] !== undefined && args['kind'] !== `${name}Args`) return { args, wrong: [`${where}: args for plugin ${name} were not of type ${name}Args.${CONFIG_GROUP}, got ${String(args['kind'])}.${CONFIG_GROUP}`] };
  if (args['apiVersion'] !== undefined && args['apiVersion'] !== `${CONFIG_GROUP}/v1`) return { args, wrong: [`${where}: decoding args for plugin ${name}: no kind "${name}Args" is registered for version ${JSON.stringify(args['apiVersion'])}`] };
  const { unknown, mistyped } = strange(args, { ...k.shape, ...HEAD });
  const strict = unknownText(unknown), wrong = strict ? [`strict decoding error: ${where}: strict decoding error: decoding args for plugin ${name}: ${strict}`] : [];
  // What is of another sort altogether cannot be looked at any closer.
  if (mistyped.length) return { args, wrong: [...wrong, ...mistyped.map(m => `${at}.args.${m}`)] };
  const { kind: _, apiVersion: __, ...own } = args, complete = k.defaults(own as never);
  return { args: complete, wrong: [...wrong, ...k.check(complete as never, `${at}.args`).map(fieldErrorText)] };
}
