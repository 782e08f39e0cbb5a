// Jobs (Kubernetes pkg/apis/batch, job strategy and printer).
import { semanticEqual } from '../../meta/equal.ts';
import { invalid, notSupported, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import { ageText } from '../../meta/time.ts';
import type { Job, JobSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind, type Health } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { validateFailurePolicy, validateSuccessPolicy } from './failure-policy.ts';
import { defaultPodTemplate, validatePodTemplate } from '../parts/pod-template.ts';
import { specWarnings } from '../parts/pod-warnings.ts';
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
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  defaultPodTemplate(spec.template);
}

/** A Job without labels has those of its pods. */
function labelLikePods(j: Job): void {
  const labels = j.spec?.template?.metadata?.labels;
  if (j.metadata && labels && Object.keys(labels).length > 0 && Object.keys(j.metadata.labels ?? {}).length === 0) j.metadata.labels = { ...labels };
}

/** A Job selects its pods by its own uid unless its author took charge (`manualSelector`). */
function generateSelector(j: Job): void {
  const { spec, metadata } = j;
  if (!spec?.template || spec.manualSelector || !metadata?.uid) return;
  const own = { [UID]: metadata.uid, [NAME]: metadata.name ?? '', 'controller-uid': metadata.uid, 'job-name': metadata.name ?? '' };
  spec.template.metadata = { ...spec.template.metadata, labels: { ...spec.template.metadata?.labels, ...own } };
  spec.selector ??= {};
  spec.selector.matchLabels = { ...spec.selector.matchLabels, [UID]: metadata.uid };
}

const MOST_INDEXED = 100_000;

/** Who looks after the job instead of this cluster: `example.com/controller`. */
function validateManager(name: string, path: string): FieldError[] {
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return [invalid(path, name, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  return [...dnsSubdomain(name.slice(0, slash)).map(m => invalid(path, name.slice(0, slash), m)), ...(name.length > 63 ? [tooLong(path, 63)] : [])];
}

/** The rules of a Job's spec, its own or a CronJob's template. */
export function validateJobSpec(spec: JobSpec, path: string, selected: boolean): FieldError[] {
  const errors: FieldError[] = [];
  for (const f of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished', 'backoffLimitPerIndex', 'maxFailedIndexes'] as const) errors.push(...nonNegative(spec[f], `${path}.${f}`));
  if (spec.completionMode !== undefined) {
    if (spec.completionMode !== 'Indexed' && spec.completionMode !== 'NonIndexed') errors.push(notSupported(`${path}.completionMode`, spec.completionMode, ['Indexed', 'NonIndexed']));
    if (spec.completionMode === 'Indexed') {
      if (spec.completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
      if ((spec.parallelism ?? 0) > MOST_INDEXED) errors.push(invalid(`${path}.parallelism`, spec.parallelism, `must be less than or equal to ${MOST_INDEXED} when completion mode is Indexed`));
      if (spec.maxFailedIndexes !== undefined && spec.completions !== undefined && spec.maxFailedIndexes > spec.completions) errors.push(invalid(`${path}.maxFailedIndexes`, spec.maxFailedIndexes, 'must be less than or equal to completions'));
    }
  }
  if (spec.completionMode !== 'Indexed') for (const f of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const) if (spec[f] !== undefined) errors.push(invalid(`${path}.${f}`, spec[f], 'requires indexed completion mode'));
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  if (spec.managedBy !== undefined) errors.push(...validateManager(spec.managedBy, `${path}.managedBy`));
  const replace = spec.podReplacementPolicy;
  if (replace !== undefined) {
    if (spec.podFailurePolicy && replace !== 'Failed') errors.push(notSupported(`${path}.podReplacementPolicy`, replace, ['Failed']));
    else if (replace !== 'Failed' && replace !== 'TerminatingOrFailed') errors.push(notSupported(`${path}.podReplacementPolicy`, replace, ['Failed', 'TerminatingOrFailed']));
  }
  errors.push(...validateFailurePolicy(spec, `${path}.podFailurePolicy`), ...validateSuccessPolicy(spec, `${path}.successPolicy`));
  if (selected) {
    if (!spec.selector) errors.push(required(`${path}.selector`));
    else errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  }
  if (!spec.template) return [...errors, required(`${path}.template`)];
  errors.push(...validatePodTemplate(spec.template, `${path}.template`));
  const restart = spec.template.spec?.restartPolicy;
  if (restart !== 'Never' && restart !== 'OnFailure') errors.push(required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  if (spec.podFailurePolicy && restart !== 'Never') errors.push(invalid(`${path}.template.spec.restartPolicy`, restart, 'only "Never" is supported when podFailurePolicy is specified'));
  return errors;
}

function validateUpdate(next: Job, prev: Job): FieldError[] {
  const a = next.spec ?? ({} as JobSpec), b = prev.spec ?? ({} as JobSpec);
  const errors: FieldError[] = [];
  const fixed = ['selector', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const;
  for (const f of fixed) if (!semanticEqual(a[f], b[f])) errors.push(invalid(`spec.${f}`, a[f], IMMUTABLE));
  // Elastic indexed jobs may change completions together with parallelism; all others may not.
  const elastic = a.completionMode === 'Indexed' && a.completions === a.parallelism;
  if (a.completions !== b.completions && !elastic) errors.push(invalid('spec.completions', a.completions, IMMUTABLE));
  // While suspended and not started, where its pods may run can still be decided.
  const pending = b.suspend === true && !prev.status?.startTime;
  const strip = (s: JobSpec): unknown => {
    if (!pending) return s.template;
    const { nodeSelector: _n, tolerations: _t, affinity: _a, schedulingGates: _g, ...spec } = s.template.spec ?? { containers: [] };
    return spec;
  };
  if (!semanticEqual(strip(a), strip(b))) errors.push(invalid('spec.template', a.template, IMMUTABLE));
  return errors;
}

function completions(j: Job): string {
  const done = j.status?.succeeded ?? 0, { completions: wanted, parallelism = 0 } = j.spec ?? {};
  if (wanted !== undefined) return `${done}/${wanted}`;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function statusWord(j: Job): string {
  const is = (type: string): boolean => j.status?.conditions?.some(c => c.type === type && c.status === 'True') === true;
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
  validate: j => (j.spec ? validateJobSpec(j.spec, 'spec', true) : [required('spec.template')]),
  validateUpdate,
  warnings: j => specWarnings(j.spec?.template?.spec, 'spec.template.spec'),
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
  view: { nav: 'Workloads', icon: 'job', sections: ['conditions', 'pods', 'podTemplate', 'owners', 'events', 'labels'], actions: ['logs', 'yaml', 'delete'], health },
});
