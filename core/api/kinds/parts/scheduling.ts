// What steers the scheduler: affinity, tolerations, topology spread.
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain, inRange, labelKey, labelValue, NOT_POSITIVE } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Affinity, LabelSelector, NodeSelector, NodeSelectorTerm, PodAffinity, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint } from '../../types/kubernetes.ts';

/** What a taint does, in the order in which errors list it. */
export const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** A LabelSelector object; null is fine where the caller says so. */
export function validateLabelSelector(s: LabelSelector | undefined | null, path: string): FieldError[] {
  if (!s) return [];
  const errors = validateLabels(s.matchLabels, `${path}.matchLabels`);
  s.matchExpressions?.forEach((e, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    if (e.operator === 'In' || e.operator === 'NotIn') {
      if (!e.values?.length) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    } else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') {
      if (e.values?.length) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    } else errors.push(invalid(`${at}.operator`, e.operator ?? '', 'not a valid selector operator'));
    for (const m of labelKey(e.key ?? '')) errors.push(invalid(`${at}.key`, e.key ?? '', m));
    e.values?.forEach((v, j) => { for (const m of labelValue(v)) errors.push(invalid(`${at}.values[${j}]`, v, m)); });
  });
  return errors;
}

/** `strict`: values must be ones a label can have; a preference may name others. */
function validateNodeTerm(term: NodeSelectorTerm, path: string, strict: boolean): FieldError[] {
  const errors: FieldError[] = [];
  term.matchExpressions?.forEach((e, i) => {
    const at = `${path}.matchExpressions[${i}]`;
    if (e.operator === 'In' || e.operator === 'NotIn') { if (!e.values?.length) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")); }
    else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') { if (e.values?.length) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")); }
    else if (e.operator === 'Gt' || e.operator === 'Lt') { if (e.values?.length !== 1) errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")); }
    else errors.push(invalid(`${at}.operator`, e.operator ?? '', 'not a valid selector operator'));
    for (const m of labelKey(e.key ?? '')) errors.push(invalid(`${at}.key`, e.key ?? '', m));
    if (strict) e.values?.forEach((v, j) => { for (const m of labelValue(v)) errors.push(invalid(`${at}.values[${j}]`, v, m)); });
  });
  term.matchFields?.forEach((e, i) => {
    const at = `${path}.matchFields[${i}]`;
    if (e.operator !== 'In' && e.operator !== 'NotIn') errors.push(invalid(`${at}.operator`, e.operator, 'not a valid selector operator'));
    else if (e.values?.length !== 1) errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    if (e.key !== 'metadata.name') errors.push(invalid(`${at}.key`, e.key, 'not a valid field selector key'));
    else e.values?.forEach((v, j) => { for (const m of dnsSubdomain(v)) errors.push(invalid(`${at}.values[${j}]`, v, m)); });
  });
  return errors;
}

function validatePodTerm(term: PodAffinityTerm, path: string): FieldError[] {
  const errors = validateLabelSelector(term.labelSelector, `${path}.labelSelector`);
  errors.push(...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`));
  for (const n of term.namespaces ?? []) for (const m of dnsLabel(n)) errors.push(invalid(`${path}.namespace`, n, m));
  errors.push(...matchKeyErrors(term, path));
  if (!term.topologyKey) errors.push(required(`${path}.topologyKey`, 'can not be empty'));
  for (const m of labelKey(term.topologyKey ?? '')) errors.push(invalid(`${path}.topologyKey`, term.topologyKey ?? '', m));
  return errors;
}

function keyErrors(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  if (keys.length > 0 && !selector) return [forbidden(path, 'must not be specified when labelSelector is not set')];
  return keys.flatMap((k, i) => labelKey(k).map(m => invalid(`${path}[${i}]`, k, m)));
}
/** The server puts each key into the expressions of a new pod: what is there twice was in the selector before. */
function takenErrors(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const i = keys.lastIndexOf(key);
    if (i >= 0 && seen.has(key)) errors.push(invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'));
    seen.add(key);
  }
  return errors;
}

/** Keys of a new pod's own labels become part of the selectors that name them, in place. */
export function mergeLabelKeys(spec: PodSpec, labels: Readonly<Record<string, string>> | undefined): void {
  const merge = (selector: LabelSelector | undefined, keys: readonly string[] | undefined, operator: 'In' | 'NotIn'): void => {
    if (selector) for (const key of keys ?? []) if (labels?.[key] !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [labels[key]] });
  };
  const term = (t: PodAffinityTerm): void => { merge(t.labelSelector, t.matchLabelKeys, 'In'); merge(t.labelSelector, t.mismatchLabelKeys, 'NotIn'); };
  for (const a of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    a?.preferredDuringSchedulingIgnoredDuringExecution?.forEach(w => { if (w.podAffinityTerm) term(w.podAffinityTerm); });
    a?.requiredDuringSchedulingIgnoredDuringExecution?.forEach(term);
  }
  for (const c of spec.topologySpreadConstraints ?? []) merge(c.labelSelector, c.matchLabelKeys, 'In');
}

/** Label keys whose values are taken from the pod itself; a key is in one list, and not in the selector as well. */
function matchKeyErrors(term: PodAffinityTerm, path: string): FieldError[] {
  const match = term.matchLabelKeys ?? [], mismatch = term.mismatchLabelKeys ?? [], selector = term.labelSelector;
  if (match.length === 0 && mismatch.length === 0) return [];
  const errors = [...keyErrors(match, selector, `${path}.matchLabelKeys`), ...keyErrors(mismatch, selector, `${path}.mismatchLabelKeys`), ...takenErrors(match, selector, path)];
  match.forEach((k, i) => { if (mismatch.includes(k)) errors.push(invalid(`${path}.matchLabelKeys[${i}]`, k, 'exists in both matchLabelKeys and mismatchLabelKeys')); });
  return errors;
}

function validatePodAffinity(a: PodAffinity | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  a?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((t, i) => errors.push(...validatePodTerm(t, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`)));
  a?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((w, i) => {
    const at = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    if (!(w.weight >= 1 && w.weight <= 100)) errors.push(invalid(`${at}.weight`, w.weight ?? 0, 'must be in the range 1-100'));
    errors.push(...validatePodTerm(w.podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`));
  });
  return errors;
}

/** Which nodes will do: at least one term. */
export function validateNodeSelector(s: NodeSelector, path: string): FieldError[] {
  const at = `${path}.nodeSelectorTerms`;
  if (!s.nodeSelectorTerms?.length) return [required(at, 'must have at least one node selector term')];
  return s.nodeSelectorTerms.flatMap((t, i) => validateNodeTerm(t, `${at}[${i}]`, true));
}

/** Field errors of node, pod and anti-affinity, below `path`. */
export function validateAffinity(a: Affinity | undefined, path: string): FieldError[] {
  if (!a) return [];
  const errors: FieldError[] = [];
  const node = a.nodeAffinity;
  const need = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (need) errors.push(...validateNodeSelector(need, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`));
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((p, i) => {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    if (!(p.weight >= 1 && p.weight <= 100)) errors.push(invalid(`${at}.weight`, p.weight ?? 0, 'must be in the range 1-100'));
    errors.push(...validateNodeTerm(p.preference ?? {}, `${at}.preference`, false));
  });
  errors.push(...validatePodAffinity(a.podAffinity, `${path}.podAffinity`), ...validatePodAffinity(a.podAntiAffinity, `${path}.podAntiAffinity`));
  return errors;
}

/** Field errors of `tolerations`, below `path`. */
export function validateTolerations(list: readonly Toleration[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (let i = 0; i < (list?.length ?? 0); i++) {
    const t = list![i]!, at = `${path}[${i}]`;
    if (t.key) for (const m of labelKey(t.key)) errors.push(invalid(`${at}.key`, t.key, m));
    if (!t.key && t.operator !== 'Exists') errors.push(invalid(`${at}.operator`, t.operator ?? '', 'operator must be Exists when `key` is empty, which means "match all values and all keys"'));
    if (t.tolerationSeconds !== undefined && t.effect !== 'NoExecute') errors.push(invalid(`${at}.effect`, t.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    if (t.operator === undefined || t.operator === '' || t.operator === 'Equal') {
      const bad = labelValue(t.value ?? '');
      if (bad.length > 0) errors.push(invalid(`${at}.operator`, t.value, bad.join(';')));
    } else if (t.operator === 'Exists') {
      if (t.value) errors.push(invalid(`${at}.operator`, t.value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(notSupported(`${at}.operator`, t.operator, ['Equal', 'Exists']));
    if (t.effect && !EFFECTS.includes(t.effect)) errors.push(notSupported(`${at}.effect`, t.effect, EFFECTS, true));
  }
  return errors;
}

/** Field errors of `topologySpreadConstraints`, below `path`. */
export function validateSpread(list: readonly TopologySpreadConstraint[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  list?.forEach((c, i) => {
    const at = `${path}[${i}]`;
    if (!(c.maxSkew > 0)) errors.push(invalid(`${at}.maxSkew`, c.maxSkew ?? 0, NOT_POSITIVE));
    if (!c.topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    if (c.whenUnsatisfiable !== 'DoNotSchedule' && c.whenUnsatisfiable !== 'ScheduleAnyway') errors.push(notSupported(`${at}.whenUnsatisfiable`, c.whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']));
    // Of two that are alike, the first is told of.
    if (list.slice(i + 1).some(o => o.topologyKey === c.topologyKey && o.whenUnsatisfiable === c.whenUnsatisfiable)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${c.topologyKey ?? ''}, ${c.whenUnsatisfiable ?? ''}}`));
    if (c.minDomains !== undefined) {
      if (c.minDomains <= 0) errors.push(invalid(`${at}.minDomains`, c.minDomains, NOT_POSITIVE));
      if (c.whenUnsatisfiable !== 'DoNotSchedule') errors.push(invalid(`${at}.minDomains`, c.minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${c.whenUnsatisfiable}`));
    }
    for (const f of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) if (c[f] !== undefined && c[f] !== 'Honor' && c[f] !== 'Ignore') errors.push(notSupported(`${at}.${f}`, c[f], ['Honor', 'Ignore']));
    errors.push(...keyErrors(c.matchLabelKeys ?? [], c.labelSelector, `${at}.matchLabelKeys`), ...takenErrors(c.matchLabelKeys ?? [], c.labelSelector, `${at}.matchLabelKeys`));
    errors.push(...validateLabelSelector(c.labelSelector, `${at}.labelSelector`));
  });
  return errors;
}

/** Range text shared by deadlines. */
export const inSeconds = (low: number): string => inRange(low, 2_147_483_647);
