// Expressions of policies, webhooks and device selectors must compile before they are stored: told as field errors with those of the kind.
import { forbidden, invalid, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { byteLength } from '../../api/meta/object-meta.ts';
import { MAX_EXPRESSION } from '../../api/kinds/parts/devices.ts';
import type { DeviceClaim, DeviceClass, DeviceRequest, DeviceSelector, ExactDeviceRequest, MutatingAdmissionPolicy, ResourceClaimTemplate, ResourceV1ResourceClaim, ValidatingAdmissionPolicy, ValidatingWebhookConfiguration } from '../../api/types/kubernetes.ts';
import { compile, type CompileOptions } from '../cel/cel.ts';
import { compileSelector } from '../cel/device-selector.ts';
import { BOOL, DYN, STRING, type Type } from '../cel/types.ts';
import type { WriteHook } from '../registry/env.ts';
import { declarations, TEXT_OR_NULL, type Scope } from './expressions.ts';
import { resultOf, structs } from './policies/mutating.ts';

function errorOf(field: string, expression: string | undefined, scope: Scope, expected: readonly Type[] | undefined, more: Partial<CompileOptions> = {}): { errors: FieldError[]; type: Type } {
  if (!expression?.trim()) return { errors: [], type: DYN };
  const c = compile(expression, { variables: declarations(scope), ...(expected ? { expected } : {}), ...more });
  return c.program ? { errors: [], type: c.program.type } : { errors: [invalid(field, expression, c.mistyped ? c.error : `compilation failed: ${c.error}`)], type: DYN };
}

function policyErrors(spec: NonNullable<ValidatingAdmissionPolicy['spec']> & NonNullable<MutatingAdmissionPolicy['spec']>): FieldError[] {
  const errors: FieldError[] = [], types = new Map<string, Type>(), base: Scope = { params: spec.paramKind !== undefined }, scope: Scope = { ...base, variables: types };
  spec.variables?.forEach((v, i) => {
    const r = errorOf(`spec.variables[${i}].expression`, v.expression, { ...base, variables: new Map(types) }, undefined);
    errors.push(...r.errors);
    if (v.name) types.set(v.name, r.type);
  });
  const add = (...args: Parameters<typeof errorOf>): void => { errors.push(...errorOf(...args).errors); };
  spec.matchConditions?.forEach((c, i) => add(`spec.matchConditions[${i}].expression`, c.expression, base, [BOOL]));
  spec.validations?.forEach((v, i) => {
    add(`spec.validations[${i}].expression`, v.expression, scope, [BOOL]);
    add(`spec.validations[${i}].messageExpression`, v.messageExpression, { ...scope, authorizer: false }, [STRING]);
  });
  spec.auditAnnotations?.forEach((x, i) => add(`spec.auditAnnotations[${i}].valueExpression`, x.valueExpression, scope, TEXT_OR_NULL));
  spec.mutations?.forEach((m, i) => {
    if (m.applyConfiguration) add(`spec.mutations[${i}].applyConfiguration.expression`, m.applyConfiguration.expression, scope, [resultOf('ApplyConfiguration')], { structs });
    if (m.jsonPatch) add(`spec.mutations[${i}].jsonPatch.expression`, m.jsonPatch.expression, scope, [resultOf('JSONPatch')], { structs });
  });
  return errors;
}

function webhookErrors(c: ValidatingWebhookConfiguration): FieldError[] {
  return (c.webhooks ?? []).flatMap((w, i) => (w.matchConditions ?? []).flatMap((m, j) => {
    const at = `webhooks[${i}].matchConditions[${j}]`;
    return errorOf(`${at}.expression`, m.expression, { params: false }, [BOOL]).errors;
  }));
}

/** One that is too long is told by the kind, and not compiled. */
const selectorErrors = (list: readonly DeviceSelector[] | undefined, path: string): FieldError[] => (list ?? []).flatMap((s, i) => {
  const expression = s.cel?.expression, at = `${path}[${i}].cel.expression`;
  if (!expression || byteLength(expression) > MAX_EXPRESSION) return [];
  const compiled = compileSelector(expression);
  return !compiled.program ? [invalid(at, expression, compiled.error)] : compiled.costly ? [forbidden(at, 'too complex, exceeds cost limit')] : [];
});
const claimErrors = (d: DeviceClaim | undefined, path: string): FieldError[] => (d?.requests ?? []).flatMap((r, i) => [
  // v1beta1 has the request in one piece.
  ...selectorErrors((r.exactly ?? r as DeviceRequest & ExactDeviceRequest).selectors, `${path}.requests[${i}].exactly.selectors`), ...(r.firstAvailable ?? []).flatMap((s, j) => selectorErrors(s.selectors, `${path}.requests[${i}].firstAvailable[${j}].selectors`)),
]);

/** By group and plural; hangs on the registry's writes of these kinds. */
const RULES: Readonly<Record<string, (o: KubeObject) => FieldError[]>> = {
  'admissionregistration.k8s.io/validatingadmissionpolicies': o => policyErrors((o as ValidatingAdmissionPolicy).spec ?? {}),
  'admissionregistration.k8s.io/mutatingadmissionpolicies': o => policyErrors((o as MutatingAdmissionPolicy).spec ?? {}),
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhookErrors,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhookErrors,
  'resource.k8s.io/deviceclasses': o => selectorErrors((o as DeviceClass).spec?.selectors, 'spec.selectors'),
  'resource.k8s.io/resourceclaims': o => claimErrors((o as ResourceV1ResourceClaim).spec?.devices, 'spec.devices'),
  'resource.k8s.io/resourceclaimtemplates': o => claimErrors((o as ResourceClaimTemplate).spec?.spec.devices, 'spec.spec.devices'),
};
const nothing = (): void => undefined;

/** The hook of a kind by its group and plural (`resource.k8s.io/deviceclasses`); undefined for kinds without expressions. */
export function expressionHook(resource: string): WriteHook | undefined {
  const rule = Object.hasOwn(RULES, resource) ? RULES[resource] : undefined;
  return rule && {
    create: next => ({ errors: rule(next), commit: nothing, rollback: nothing }),
    update: next => ({ errors: rule(next), commit: nothing, rollback: nothing }),
    deleted: nothing,
  };
}
