// Pod templates of workloads.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { selectorFrom, type LabelSelectorLike } from '../../meta/labels.ts';
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

const validateTemplateMeta = (template: PodTemplateSpec, path: string): FieldError[] =>
  [...validateLabels(template.metadata?.labels, `${path}.labels`), ...validateAnnotations(template.metadata?.annotations, `${path}.annotations`)];

/** The template of anything that makes pods; `restart` limits its restart policy. */
export function validatePodTemplate(template: PodTemplateSpec, path: string, restart?: readonly string[]): FieldError[] {
  const errors = validateTemplateMeta(template, path);
  if (!template.spec) return [...errors, required(`${path}.spec.containers`)];
  const { spec } = template, notes = template.metadata?.annotations;
  if (notes) errors.push(...validatePodAnnotations(notes, spec, `${path}.annotations`));
  errors.push(...validatePodSpec(spec, `${path}.spec`), ...validateProfilesMatch(notes, spec, `${path}.spec`));
  if (spec.ephemeralContainers?.length) errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  if (restart && spec.restartPolicy && !restart.includes(spec.restartPolicy)) errors.push(notSupported(`${path}.spec.restartPolicy`, spec.restartPolicy, restart));
  return errors;
}

/** The template of a workload that selects its pods: selector and template must agree. `kind` is the one upstream names in its texts; `claims` are volumes the workload will add. */
export function validateSelectedTemplate(template: PodTemplateSpec | undefined, selector: LabelSelectorLike | undefined, path: string, kind: 'DaemonSet' | 'ReplicaSet' | 'StatefulSet', claims: readonly string[] = []): FieldError[] {
  if (!template) return [required(path)];
  const errors = labelsMatch(template, selector, path);
  errors.push(...validatePodTemplate(withClaims(template, claims), path));
  const restart = template.spec?.restartPolicy ?? '';
  if (restart !== 'Always') errors.push(notSupported(`${path}.spec.restartPolicy`, restart, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined) errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`));
  return errors;
}

/** The template as its pods will be: each claim is a volume of its name, unless there is one. */
function withClaims(template: PodTemplateSpec, claims: readonly string[]): PodTemplateSpec {
  const volumes = template.spec?.volumes ?? [], more = claims.filter(n => !volumes.some(v => v.name === n)).map(name => ({ name, persistentVolumeClaim: { claimName: name } }));
  return template.spec && more.length > 0 ? { ...template, spec: { ...template.spec, volumes: [...volumes, ...more] } } : template;
}

/** A selector that is not there selects nothing; one with a bad operator is reported by its own rule, not here. */
export function labelsMatch(template: PodTemplateSpec, selector: LabelSelectorLike | undefined, path: string): FieldError[] {
  if (selector?.matchExpressions?.every(e => KNOWN.has(e.operator)) === false || selectorFrom(selector).matches(template.metadata?.labels)) return [];
  return [invalid(`${path}.metadata.labels`, template.metadata?.labels, '`selector` does not match template `labels`')];
}
const KNOWN = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist']);
