// Pod templates of workloads.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom, type LabelSelectorLike, type Selector } from '../../meta/labels.ts';
import { validateAnnotations, validateLabels } from '../../meta/object-meta.ts';
import type { PodTemplateSpec } from '../../types/kubernetes.ts';
import { tidyNestedMeta } from './nested-meta.ts';
import { validatePodAnnotations, validateProfilesMatch } from './pod-annotations.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

/** Defaults of the pod a template makes, in place. */
export function defaultPodTemplate(template: PodTemplateSpec | undefined): void {
  if (!template) return;
  tidyNestedMeta(template.metadata ??= {});
  if (template.spec) defaultPodSpec(template.spec, false);
}

/** The template of anything that makes pods; `restart` limits its restart policy. */
export function validatePodTemplate(template: PodTemplateSpec, path: string, restart?: readonly string[]): FieldError[] {
  const errors = [...validateLabels(template.metadata?.labels, `${path}.labels`), ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`)];
  if (!template.spec) return [...errors, required(`${path}.spec.containers`)];
  const { spec } = template, notes = template.metadata?.annotations;
  if (notes) errors.push(...validatePodAnnotations(notes, spec, `${path}.annotations`));
  errors.push(...validatePodSpec(spec, `${path}.spec`), ...validateProfilesMatch(notes, spec, `${path}.spec`));
  if (spec.ephemeralContainers?.length) errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  if (restart && spec.restartPolicy && !restart.includes(spec.restartPolicy)) errors.push(notSupported(`${path}.spec.restartPolicy`, spec.restartPolicy, restart));
  return errors;
}

/** The template of a workload that selects its pods: selector and template must agree. */
export function validateSelectedTemplate(template: PodTemplateSpec | undefined, selector: LabelSelectorLike | undefined, path: string, restart: readonly string[] = ['Always']): FieldError[] {
  if (!template) return [required(path)];
  const errors: FieldError[] = [];
  const s = safely(selector);
  if (s && !s.everything && !s.matches(template.metadata?.labels)) errors.push(invalid(`${path}.metadata.labels`, template.metadata?.labels ?? {}, '`selector` does not match template `labels`'));
  errors.push(...validatePodTemplate(template, path, restart));
  if (template.spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, 'activeDeadlineSeconds in pod template is not supported'));
  return errors;
}

const KNOWN = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);
/** A selector with a bad operator is reported by its own rule, not here. */
function safely(selector: LabelSelectorLike | undefined): Selector | undefined {
  return selector?.matchExpressions?.every(e => KNOWN.has(e.operator)) === false ? undefined : selector && selectorFrom(selector);
}
