// What a Job makes of failed pods, and when it counts as done (k8s.io/kubernetes pkg/apis/batch/validation).
import { duplicate, invalid, notSupported, required, tooLong, tooMany, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import type { JobSpec, PodFailurePolicyRule, SuccessPolicy } from '../../types/kubernetes.ts';
import { countIndexes } from './indexes.ts';

const LONGEST_LIST = 64 * 1024;
const MAX_RULES = 20, MAX_CODES = 255, MAX_CONDITIONS = 20;
const ACTIONS = ['Count', 'FailIndex', 'FailJob', 'Ignore'], OPERATORS = ['In', 'NotIn'], STATUSES = ['False', 'True', 'Unknown'];
const validValues = (all: readonly string[]): string => `valid values: [${all.map(v => JSON.stringify(v)).join(' ')}]`;
const omitted = (field: string, text: string): FieldError => ({ type: 'FieldValueInvalid', field, detail: `Invalid value: ${text}` });

function validateCodes(c: NonNullable<PodFailurePolicyRule['onExitCodes']>, names: ReadonlySet<string>, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!c.operator) errors.push(required(`${path}.operator`, validValues(OPERATORS)));
  else if (!OPERATORS.includes(c.operator)) errors.push(notSupported(`${path}.operator`, c.operator, OPERATORS));
  if (c.containerName !== undefined && !names.has(c.containerName)) errors.push(invalid(`${path}.containerName`, c.containerName, 'must be one of the container or initContainer names in the pod template'));
  const values = c.values ?? [], at = `${path}.values`;
  if (values.length === 0) errors.push(invalid(at, values, 'at least one value is required'));
  else if (values.length > MAX_CODES) errors.push(tooMany(at, values.length, MAX_CODES));
  const seen = new Set<number>();
  let ordered = true;
  values.forEach((v, i) => {
    if (c.operator === 'In' && v === 0) errors.push(invalid(`${at}[${i}]`, v, 'must not be 0 for the In operator'));
    if (seen.has(v)) errors.push(duplicate(`${at}[${i}]`, v));
    if (i > 0 && v < values[i - 1]!) ordered = false;
    seen.add(v);
  });
  if (!ordered) errors.push(invalid(at, values, 'must be ordered'));
  return errors;
}

/** `podFailurePolicy` of a spec, below `path`. */
export function validateFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules;
  if (!spec.podFailurePolicy) return [];
  const errors: FieldError[] = [], pod = spec.template?.spec;
  const names = new Set([...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].map(c => c.name));
  if ((rules?.length ?? 0) > MAX_RULES) errors.push(tooMany(`${path}.rules`, rules!.length, MAX_RULES));
  rules?.forEach((r, i) => {
    const at = `${path}.rules[${i}]`;
    if (!r.action) errors.push(required(`${at}.action`, validValues(ACTIONS)));
    else if (!ACTIONS.includes(r.action)) errors.push(notSupported(`${at}.action`, r.action, ACTIONS));
    else if (r.action === 'FailIndex' && spec.backoffLimitPerIndex === undefined) errors.push(invalid(`${at}.action`, r.action, 'requires the backoffLimitPerIndex to be set'));
    if (r.onExitCodes) errors.push(...validateCodes(r.onExitCodes, names, `${at}.onExitCodes`));
    const conditions = r.onPodConditions ?? [];
    if (conditions.length > MAX_CONDITIONS) errors.push(tooMany(`${at}.onPodConditions`, conditions.length, MAX_CONDITIONS));
    conditions.forEach((c, j) => {
      const here = `${at}.onPodConditions[${j}]`;
      for (const m of labelKey(c.type ?? '')) errors.push(invalid(`${here}.type`, c.type ?? '', m));
      if (!c.status) errors.push(required(`${here}.status`, validValues(STATUSES)));
      else if (!STATUSES.includes(c.status)) errors.push(notSupported(`${here}.status`, c.status, STATUSES));
    });
    if (r.onExitCodes && conditions.length > 0) errors.push(omitted(at, 'specifying both OnExitCodes and OnPodConditions is not supported'));
    if (!r.onExitCodes && conditions.length === 0) errors.push(omitted(at, 'specifying one of OnExitCodes and OnPodConditions is required'));
  });
  return errors;
}

/** As upstream prints it: its internal structs name fields in their own way. */
const internal = (p: SuccessPolicy): object => ({ Rules: p.rules?.map(r => ({ SucceededIndexes: r.succeededIndexes ?? null, SucceededCount: r.succeededCount ?? null })) ?? null });

/** `successPolicy` of a spec, below `path`. */
export function validateSuccessPolicy(spec: JobSpec, path: string): FieldError[] {
  const policy = spec.successPolicy, errors: FieldError[] = [];
  if (!policy) return [];
  if (spec.completionMode !== 'Indexed') return [invalid(path, internal(policy), 'requires indexed completion mode')];
  if (!policy.rules?.length) errors.push(required(`${path}.rules`, 'at least one rules must be specified when the successPolicy is specified'));
  if ((policy.rules?.length ?? 0) > MAX_RULES) errors.push(tooMany(`${path}.rules`, policy.rules.length, MAX_RULES));
  policy.rules?.forEach((r, i) => {
    const at = `${path}.rules[${i}]`;
    if (r.succeededCount === undefined && r.succeededIndexes === undefined) errors.push(required(at, 'at least one of succeededCount or succeededIndexes must be specified'));
    let named: number | undefined;
    if (r.succeededIndexes !== undefined) {
      const n = countIndexes(r.succeededIndexes, spec.completions ?? 0);
      if (r.succeededIndexes.length > LONGEST_LIST) errors.push(tooLong(`${at}.succeededIndexes`, LONGEST_LIST));
      if (typeof n === 'number') named = n; else errors.push(invalid(`${at}.succeededIndexes`, r.succeededIndexes, `error parsing succeededIndexes: ${n}`));
    }
    if (r.succeededCount !== undefined) {
      if (r.succeededCount < 0) errors.push(invalid(`${at}.succeededCount`, r.succeededCount, 'must be greater than or equal to 0'));
      if (r.succeededCount > (spec.completions ?? 0)) errors.push(invalid(`${at}.succeededCount`, r.succeededCount, `must be less than or equal to ${spec.completions ?? 0} (the number of specified completions)`));
      if (r.succeededIndexes !== undefined && r.succeededCount > (named ?? 0)) errors.push(invalid(`${at}.succeededCount`, r.succeededCount, `must be less than or equal to ${named ?? 0} (the number of indexes in the specified succeededIndexes field)`));
    }
  });
  return errors;
}
