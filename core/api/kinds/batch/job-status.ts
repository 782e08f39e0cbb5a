// What the status of a Job may say, and how it may change: a job that has ended stays so (k8s.io/kubernetes pkg/apis/batch/validation and
// pkg/registry/batch/job). Most rules are asked only when what they speak of has changed, so that an old fault is in nobody's way.
import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, invalid, required, type FieldError } from '../../meta/field-error.ts';
import type { Job, JobStatus } from '../../types/kubernetes.ts';
import { nonNegative } from '../parts/workload.ts';
import { countIndexes, firstShared } from './indexes.ts';

const TERMINAL = ['Failed', 'Complete', 'FailureTarget'] as const;
const condition = (why: string): FieldError => ({ type: 'FieldValueInvalid', field: 'status.conditions', detail: `Invalid value: ${why}` });
const holds = (s: JobStatus, type: string): boolean => s.conditions?.some(c => c.type === type && c.status === 'True') === true;
const before = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && Date.parse(a) < Date.parse(b);

function counts(s: JobStatus): FieldError[] {
  const errors = (['active', 'succeeded', 'failed', 'ready', 'terminating'] as const).flatMap(f => nonNegative(s[f], `status.${f}`)), seen = new Set<string>();
  for (const list of ['succeeded', 'failed'] as const) {
    s.uncountedTerminatedPods?.[list]?.forEach((uid, i) => {
      const at = `status.uncountedTerminatedPods.${list}[${i}]`;
      if (uid === '') errors.push(invalid(at, uid, 'must not be empty'));
      else if (seen.has(uid)) errors.push(duplicate(at, uid));
      seen.add(uid);
    });
  }
  return errors;
}

/** The status of `next`, seen from `prev`'s. */
export function validateJobStatus(next: Job, prev: Job): FieldError[] {
  const s = next.status ?? {}, old = prev.status ?? {}, spec = next.spec, indexed = spec?.completionMode === 'Indexed', errors = counts(s);
  const is = (type: string): boolean => holds(s, type), flipped = (type: string): boolean => is(type) !== holds(old, type);
  const changed = (f: keyof JobStatus): boolean => !semanticEqual(s[f], old[f]);
  const complete = is('Complete'), failed = is('Failed'), finished = complete || failed, ended = finished !== (holds(old, 'Complete') || holds(old, 'Failed'));
  const rule = (asked: boolean, broken: boolean, error: () => FieldError): void => { if (asked && broken) errors.push(error()); };

  rule(flipped('Complete') || flipped('Failed'), complete && failed, () => condition('cannot set Complete=True and Failed=true conditions'));
  rule(flipped('Complete') || flipped('FailureTarget'), complete && is('FailureTarget'), () => condition('cannot set Complete=True and FailureTarget=true conditions'));
  const completion = flipped('Complete') || changed('completionTime');
  rule(completion, s.completionTime !== undefined && !complete, () => invalid('status.completionTime', s.completionTime, 'cannot set completionTime when there is no Complete=True condition'));
  rule(completion, s.completionTime === undefined && complete, () => required('status.completionTime', 'completionTime is required for Complete jobs'));
  rule(changed('startTime') || changed('completionTime'), before(s.completionTime, s.startTime), () => invalid('status.completionTime', s.completionTime, 'completionTime cannot be set before startTime'));
  rule(flipped('Failed'), failed && !is('FailureTarget'), () => condition('cannot set Failed=True condition without the FailureTarget=true condition'));
  rule(flipped('Complete'), complete && !is('SuccessCriteriaMet'), () => condition('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'));
  rule(ended || changed('active'), (s.active ?? 0) > 0 && finished, () => invalid('status.active', s.active, 'active>0 is invalid for finished job'));
  // One that asked for nothing may be done before it ever began.
  rule((ended || changed('startTime')) && !spec?.suspend, s.startTime === undefined && finished, () => required('status.startTime', 'startTime is required for finished job'));
  const uncounted = s.uncountedTerminatedPods;
  rule(ended || changed('uncountedTerminatedPods'), finished && (uncounted?.failed?.length ?? 0) + (uncounted?.succeeded?.length ?? 0) > 0,
    () => invalid('status.uncountedTerminatedPods', { Succeeded: uncounted?.succeeded ?? null, Failed: uncounted?.failed ?? null }, 'uncountedTerminatedPods needs to be empty for finished job'));
  errors.push(...indexErrors(next, changed('completedIndexes'), changed('failedIndexes'), indexed));
  rule(ended || changed('terminating'), finished && (s.terminating ?? 0) > 0, () => invalid('status.terminating', s.terminating, 'terminating>0 is invalid for finished job'));
  rule(changed('ready') || changed('active'), (s.ready ?? 0) > (s.active ?? 0), () => invalid('status.ready', s.ready, 'cannot set more ready pods than active'));
  const met = is('SuccessCriteriaMet');
  rule(met, failed, () => condition('cannot set SuccessCriteriaMet=True and Failed=true conditions'));
  rule(met, is('FailureTarget'), () => condition('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'));
  rule(spec?.successPolicy !== undefined, !met && complete, () => condition('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'));

  for (const type of TERMINAL) rule(holds(old, type), !is(type), () => condition(`cannot disable the terminal ${type}=True condition`));
  rule((s.failed ?? 0) < (old.failed ?? 0), true, () => invalid('status.failed', s.failed ?? 0, 'cannot decrease the failed counter'));
  // One that scales with its completions may forget what it had done beyond them.
  rule(!indexed || spec?.completions !== spec?.parallelism, (s.succeeded ?? 0) < (old.succeeded ?? 0), () => invalid('status.succeeded', s.succeeded ?? 0, 'cannot decrease the succeeded counter'));
  rule(s.completionTime !== undefined && old.completionTime !== undefined, changed('completionTime'), () => invalid('status.completionTime', s.completionTime, 'completionTime cannot be mutated'));
  const resumed = holds(old, 'Suspended') && !is('Suspended');
  rule(changed('startTime') && !resumed, old.startTime !== undefined && !spec?.suspend, () => invalid('status.startTime', s.startTime, 'field is immutable for unsuspended job once set'));
  rule(holds(old, 'SuccessCriteriaMet'), !met, () => condition('cannot disable the SuccessCriteriaMet=True condition'));
  rule(holds(old, 'Complete') && !holds(old, 'SuccessCriteriaMet'), met, () => condition('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'));
  return errors;
}

function indexErrors(j: Job, completedChanged: boolean, failedChanged: boolean, indexed: boolean): FieldError[] {
  const errors: FieldError[] = [], { completions, backoffLimitPerIndex } = j.spec ?? {}, completed = j.status?.completedIndexes ?? '', failed = j.status?.failedIndexes;
  if (completedChanged && completions !== undefined) {
    const n = countIndexes(completed, completions);
    if (typeof n === 'string') errors.push(invalid('status.completedIndexes', completed, `error parsing completedIndexes: ${n}`));
  }
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failed !== undefined) {
    const n = countIndexes(failed, completions);
    if (typeof n === 'string') errors.push(invalid('status.failedIndexes', failed, `error parsing failedIndexes: ${n}`));
  }
  if (completedChanged && completed !== '' && !indexed) errors.push(invalid('status.completedIndexes', completed, 'cannot set non-empty completedIndexes when non-indexed completion mode'));
  if (failedChanged && backoffLimitPerIndex === undefined && failed !== undefined) errors.push(invalid('status.failedIndexes', failed, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'));
  if ((failedChanged || completedChanged) && completions !== undefined && failed !== undefined) {
    const both = firstShared(completed, failed, completions);
    if (both !== undefined) errors.push(invalid('status.failedIndexes', failed, `failedIndexes and completedIndexes overlap at index: ${both}`));
  }
  return errors;
}
