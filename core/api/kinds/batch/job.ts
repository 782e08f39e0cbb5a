// Jobs (Kubernetes pkg/apis/batch, job strategy and printer).
import { semanticEqual } from '../../meta/equal.ts';
import { invalid, notSupported, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom } from '../../meta/labels.ts';
import type { KubeObject } from '../../meta/object.ts';
import { dnsLabel, IMMUTABLE } from '../../meta/names.ts';
import { ageText } from '../../meta/time.ts';
import type { Job, JobSpec, PodTemplateSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind, type Health } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './failure-policy.ts';
import { validateJobStatus } from './job-status.ts';
import { defaultPodTemplate, labelsMatch, validatePodTemplate } from '../parts/pod-template.ts';
import { nameWarnings, templateWarnings } from '../parts/pod-warnings.ts';
import { validateDomainPath } from '../parts/references.ts';
import { validateLabelSelector } from '../parts/scheduling.ts';
import { containerColumns, nonNegative, selectorColumn } from '../parts/workload.ts';

const UID = 'batch.kubernetes.io/controller-uid', NAME = 'batch.kubernetes.io/job-name';

function setDefaults(j: Job): void {
  const spec = j.spec;
  if (!spec) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647;
  labelLikePods(j);
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  for (const rule of spec.podFailurePolicy?.rules ?? []) for (const p of rule.onPodConditions ?? []) if (!p.status) p.status = 'True';
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  defaultPodTemplate(spec.template);
}

/** A Job without labels has those of its pods. */
function labelLikePods(j: Job): void {
  const labels = j.spec?.template?.metadata?.labels;
  if (j.metadata && labels && Object.keys(labels).length > 0 && Object.keys(j.metadata.labels ?? {}).length === 0) j.metadata.labels = { ...labels };
}

/** A Job selects its pods by its own uid unless its author took charge (`manualSelector`). What the author set all the same stays, to be refused. */
function generateSelector(j: Job): void {
  const { spec, metadata } = j;
  if (!spec?.template || spec.manualSelector || !metadata?.uid) return;
  spec.template.metadata = { ...spec.template.metadata, labels: { ...ownLabels(j), ...spec.template.metadata?.labels } };
  spec.selector ??= {};
  spec.selector.matchLabels = { [UID]: metadata.uid, ...spec.selector.matchLabels };
}

const ownLabels = (j: Job): Record<string, string> =>
  ({ [UID]: j.metadata?.uid ?? '', [NAME]: j.metadata?.name ?? '', 'controller-uid': j.metadata?.uid ?? '', 'job-name': j.metadata?.name ?? '' });

/** Selector and labels that were made for the job must be as they are made. */
function validateGenerated(j: Job): FieldError[] {
  const { spec } = j, own = ownLabels(j), labels = spec?.template?.metadata?.labels;
  if (!spec?.selector || spec.manualSelector) return [];
  const errors: FieldError[] = [];
  for (const key of ['controller-uid', 'job-name', UID, NAME]) {
    const at = `spec.template.metadata.labels[${key}]`, must = `must be '${own[key]}'`;
    if (labels?.[key] === undefined) errors.push(required(at, must));
    else if (labels[key] !== own[key]) errors.push(invalid(at, labels, must));
  }
  if (spec.selector.matchExpressions?.some(e => !['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(e.operator)) !== true && !selectorFrom(spec.selector).matches(own)) errors.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'));
  return errors;
}

const MOST_INDEXED = 100_000, MOST_PER_INDEX = 10_000;

/** Who looks after the job instead of this cluster: `example.com/controller`. */
const validateManager = (name: string, path: string): FieldError[] => [...validateDomainPath(name, path), ...(name.length > 63 ? [tooLong(path, 63)] : [])];

function validateCompletionMode(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], { completions, parallelism, maxFailedIndexes: failures } = spec;
  if (spec.completionMode !== undefined && spec.completionMode !== 'Indexed' && spec.completionMode !== 'NonIndexed') return [notSupported(`${path}.completionMode`, spec.completionMode, ['NonIndexed', 'Indexed'], true)];
  if (spec.completionMode !== 'Indexed') {
    for (const f of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) if (spec[f] !== undefined) errors.push(invalid(`${path}.${f}`, spec[f], 'requires indexed completion mode'));
    return errors;
  }
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
  if ((parallelism ?? 0) > MOST_INDEXED) errors.push(invalid(`${path}.parallelism`, parallelism, `must be less than or equal to ${MOST_INDEXED} when completion mode is Indexed`));
  if (failures !== undefined && completions !== undefined && failures > completions) errors.push(invalid(`${path}.maxFailedIndexes`, failures, 'must be less than or equal to completions'));
  if ((failures ?? 0) > MOST_INDEXED) errors.push(invalid(`${path}.maxFailedIndexes`, failures, `must be less than or equal to ${MOST_INDEXED}`));
  if ((completions ?? 0) <= MOST_INDEXED || spec.backoffLimitPerIndex === undefined) return errors;
  const large = `must be less than or equal to ${MOST_PER_INDEX} when completions are above ${MOST_INDEXED} and used with backoff limit per index`;
  if (failures === undefined) errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MOST_INDEXED}`));
  if ((parallelism ?? 0) > MOST_PER_INDEX) errors.push(invalid(`${path}.parallelism`, parallelism, large));
  if ((failures ?? 0) > MOST_PER_INDEX) errors.push(invalid(`${path}.maxFailedIndexes`, failures, large));
  return errors;
}

/** The rules of a Job's spec, its own or a CronJob's template. */
export function validateJobSpec(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const f of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) errors.push(...nonNegative(spec[f], `${path}.${f}`));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) errors.push(...validateManager(spec.managedBy, `${path}.managedBy`));
  errors.push(...validateCompletionMode(spec, path), ...validateFailurePolicy(spec, `${path}.podFailurePolicy`), ...validateSuccessPolicy(spec, `${path}.successPolicy`));
  const replace = spec.podReplacementPolicy;
  if (replace !== undefined) {
    if (spec.podFailurePolicy && replace !== 'Failed') errors.push(notSupported(`${path}.podReplacementPolicy`, replace, ['Failed']));
    else if (replace !== 'Failed' && replace !== 'TerminatingOrFailed') errors.push(notSupported(`${path}.podReplacementPolicy`, replace, ['Failed', 'TerminatingOrFailed']));
  }
  if (!spec.template) return [...errors, required(`${path}.template`)];
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  const restart = spec.template.spec?.restartPolicy ?? '', at = `${path}.template.spec.restartPolicy`;
  // Always is what a template without a word on it has.
  if (restart === '' || restart === 'Always') errors.push(required(at, 'valid values: "OnFailure", "Never"'));
  else if (restart !== 'Never' && restart !== 'OnFailure') errors.push(notSupported(at, restart, ['OnFailure', 'Never'], true));
  if (spec.podFailurePolicy && restart !== 'Never') errors.push(invalid(at, restart, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
}

function validate(j: Job): FieldError[] {
  const { spec } = j;
  if (!spec) return [required('spec.template')];
  const errors = validateJobSpec(spec, 'spec');
  if (!spec.selector) errors.push(required('spec.selector'));
  else errors.push(...validateLabelSelector(spec.selector, 'spec.selector'));
  return spec.template ? [...errors, ...labelsMatch(spec.template, spec.selector, 'spec.template')] : errors;
}

/** Each pod of an indexed job has a host name of its own, the job's and its number. */
function validateCreate(j: Job): FieldError[] {
  const { spec } = j, name = j.metadata?.name ?? '', errors = validateGenerated(j);
  if (spec?.completionMode !== 'Indexed' || !((spec.completions ?? 0) > 0)) return errors;
  const last = `${name}-${spec.completions! - 1}`;
  if (dnsLabel(last).length > 0) errors.push(invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`));
  return errors;
}

/** The old template with everything of the new one that may still be decided while no pod runs. */
function settled(next: JobSpec, prev: JobSpec, old: Job): PodTemplateSpec {
  const a = next.template, b = prev.template;
  const idle = prev.suspend === true && (old.status?.startTime === undefined || (holds(old, 'Suspended') && (old.status.active ?? 0) === 0));
  if (!idle || !a.spec || !b.spec) return b;
  const { nodeSelector: _s, tolerations: _t, schedulingGates: _g, affinity: was, ...kept } = b.spec;
  const { nodeSelector, tolerations, schedulingGates, affinity } = a.spec, spec: PodTemplateSpec['spec'] = { ...kept, ...defined({ nodeSelector, tolerations, schedulingGates }) };
  const { nodeAffinity: _n, ...others } = was ?? {};
  if (affinity) spec.affinity = { ...others, ...defined({ nodeAffinity: affinity.nodeAffinity }) };
  else if (Object.keys(others).length > 0) spec.affinity = others;
  for (const list of ['containers', 'initContainers'] as const) {
    const given = a.spec[list];
    if (b.spec[list] && given?.length === b.spec[list].length) spec[list] = b.spec[list].map(({ resources: _r, ...c }, i) => ({ ...c, ...defined({ resources: given[i]!.resources }) }));
  }
  return { ...b, metadata: { ...b.metadata, ...defined({ labels: a.metadata?.labels, annotations: a.metadata?.annotations }) }, spec };
}
const defined = <T extends object>(o: T): { [K in keyof T]?: NonNullable<T[K]> } => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
const holds = (j: Job, type: string): boolean => j.status?.conditions?.some(c => c.type === type && c.status === 'True') === true;

function validateUpdate(next: Job, prev: Job): FieldError[] {
  const a = next.spec ?? ({} as JobSpec), b = prev.spec ?? ({} as JobSpec);
  const errors: FieldError[] = [];
  const fixed = (f: keyof JobSpec): void => { if (!semanticEqual(a[f], b[f])) errors.push(invalid(`spec.${f}`, a[f], IMMUTABLE)); };
  // Only indexed jobs may change how many completions there are, and only together with how many run at once.
  if (a.completionMode !== 'Indexed') fixed('completions');
  else if (a.completions !== undefined && a.completions !== b.completions && a.completions !== a.parallelism) errors.push(invalid('spec.completions', a.completions, 'can only be modified in tandem with spec.parallelism'));
  fixed('selector');
  if (!semanticEqual(a.template, a.template && b.template ? settled(a, b, prev) : b.template)) errors.push(invalid('spec.template', a.template, IMMUTABLE));
  for (const f of ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const) fixed(f);
  return errors;
}

/** Of what makes pods by a job's spec below `path`: odd names, and more indexes than can be kept track of. */
export function jobWarnings(o: KubeObject, prev: KubeObject | undefined, spec: JobSpec | undefined, path: string): string[] {
  const out = nameWarnings(o, prev), changed = !prev || prev.metadata?.generation !== o.metadata?.generation;
  if (changed && spec?.completionMode === 'Indexed' && (spec.completions ?? 0) > MOST_INDEXED && (spec.parallelism ?? 0) > MOST_PER_INDEX) {
    out.push('In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail');
  }
  return [...out, ...templateWarnings(o, prev, spec?.template, `${path}.template`)];
}

function completions(j: Job): string {
  const done = j.status?.succeeded ?? 0, { completions: wanted, parallelism = 0 } = j.spec ?? {};
  if (wanted !== undefined) return `${done}/${wanted}`;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function statusWord(j: Job): string {
  const is = (type: string): boolean => holds(j, type);
  for (const type of ['Complete', 'Failed']) if (is(type)) return type;
  if (j.metadata?.deletionTimestamp) return 'Terminating';
  for (const type of ['Suspended', 'FailureTarget', 'SuccessCriteriaMet']) if (is(type)) return type;
  return 'Running';
}

function duration(j: Job, now: number): string {
  const start = j.status?.startTime;
  if (!start) return '';
  const end = j.status?.completionTime;
  return ageText((end ? Date.parse(end) : now) - Date.parse(start));
}

function health(j: Job): Health {
  const word = statusWord(j), why = j.status?.conditions?.find(c => c.status === 'True' && c.message)?.message;
  const level = word === 'Complete' ? 'none' : word === 'Failed' || word === 'FailureTarget' ? 'bad' : word === 'Suspended' ? 'warning' : 'busy';
  return { level, word, ...(why ? { reason: why } : {}) };
}

export const job = defineKind<Job>({
  group: 'batch', version: 'v1', kind: 'Job', plural: 'jobs', namespaced: true,
  schema: 'io.k8s.api.batch.v1.Job', categories: ['all'],
  subresources: [STATUS],
  generation: true, defaultPropagation: 'Orphan',
  setDefaults,
  prepareForCreate(j) {
    generateSelector(j);
    labelLikePods(j);
    j.status = {};
  },
  prepareForUpdate: keepStatus,
  validate,
  validateCreate,
  validateUpdate,
  validateStatusUpdate: validateJobStatus,
  warnings: (j, prev) => jobWarnings(j, prev, j.spec, 'spec'),
  fields: { 'status.successful': j => String(j.status?.succeeded ?? 0) },
  controller: 'job',
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', draw: 'state', description: 'How far the job is.', value: statusWord },
    { name: 'Completions', type: 'string', draw: 'ratio', description: 'Pods that succeeded, of those wanted.', value: completions },
    text('Duration', 'Time the job has run, or took.', () => '', { value: duration, draw: 'age' }),
    ageColumn,
    ...containerColumns<Job>(j => j.spec?.template),
    selectorColumn<Job>(j => j.spec?.selector),
  ],
  view: { nav: 'Workloads', icon: 'job', sections: ['completions', 'conditions', 'pods', 'podTemplate', 'owners', 'events', 'labels'], actions: ['logs', 'yaml', 'delete'], health },
});
