import { duplicate, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import type { ValidatingAdmissionPolicy } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { defineKind, STATUS } from '../kind.ts';
import { conditionErrors, defaultMatch, GROUP, matchErrors, paramKindErrors, paramKindText, policyFields, variableErrors } from './rules.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const MAX_ANNOTATIONS = 20;

function validate(p: ValidatingAdmissionPolicy): FieldError[] {
  const s = p.spec ?? {}, errors = policyFields(s.failurePolicy === undefined ? {} : { failurePolicy: s.failurePolicy }, 'spec');
  errors.push(...paramKindErrors(s.paramKind, 'spec.paramKind'), ...matchErrors(s.matchConstraints, 'spec.matchConstraints', true), ...conditionErrors(s.matchConditions, 'spec.matchConditions'), ...variableErrors(s.variables, 'spec.variables'));
  if (!s.validations?.length && !s.auditAnnotations?.length) {
    errors.push(required('spec.validations', 'validations or auditAnnotations must contain at least one item'), required('spec.auditAnnotations', 'validations or auditAnnotations must contain at least one item'));
  }
  s.validations?.forEach((v, i) => {
    const at = `spec.validations[${i}]`;
    if (!v.expression?.trim()) errors.push(required(`${at}.expression`, 'expression is not specified'));
    if (v.messageExpression !== undefined && v.messageExpression !== '' && v.messageExpression.trim() === '') errors.push(invalid(`${at}.messageExpression`, v.messageExpression, 'must be non-empty if specified'));
    if (v.message && v.message.trim() === '') errors.push(invalid(`${at}.message`, v.message, 'message must be non-empty if specified'));
    else if (v.message?.includes('\n')) errors.push(invalid(`${at}.message`, v.message, 'message must not contain line breaks'));
    else if (!v.message && v.expression?.includes('\n') && !v.messageExpression) errors.push(required(`${at}.message`, 'message must be specified if expression contains line breaks'));
    if (v.reason !== undefined && !REASONS.includes(v.reason)) errors.push(notSupported(`${at}.reason`, v.reason, REASONS));
  });
  if ((s.auditAnnotations?.length ?? 0) > MAX_ANNOTATIONS) errors.push(invalid('spec.auditAnnotations', s.auditAnnotations, `must not have more than ${MAX_ANNOTATIONS} auditAnnotations`));
  const keys = new Set<string>();
  s.auditAnnotations?.forEach((a, i) => {
    const at = `spec.auditAnnotations[${i}]`;
    if (!a.key) errors.push(required(`${at}.key`));
    else errors.push(...labelKey(`${p.metadata?.name ?? ''}/${a.key}`).map(m => invalid(`${at}.key`, a.key, m)), ...(keys.has(a.key) ? [duplicate(`${at}.key`, a.key)] : []));
    keys.add(a.key);
    if (!a.valueExpression?.trim()) errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'));
  });
  return errors;
}

export const validatingAdmissionPolicy = defineKind<ValidatingAdmissionPolicy>({
  group: GROUP, version: 'v1', kind: 'ValidatingAdmissionPolicy', plural: 'validatingadmissionpolicies', namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy', categories: ['api-extensions'], subresources: [STATUS], statusOnly: true,
  generation: true, unconditionalUpdate: false,
  setDefaults(p) {
    p.spec ??= {};
    p.spec.failurePolicy ??= 'Fail';
    defaultMatch(p.spec.matchConstraints);
  },
  prepareForCreate(p) { p.status = {}; },
  prepareForUpdate(next, prev) { next.status = prev.status ?? {}; },
  validate,
  columns: [
    nameColumn, count('Validations', 'How many expressions the policy checks.', p => p.spec?.validations?.length ?? 0),
    text('ParamKind', 'The kind of the objects that bindings give the policy.', p => paramKindText(p.spec?.paramKind)), ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'custom', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
