// Which names a definition may have beside the others of its group, and what its conditions say of it (apiextensions-apiserver
// pkg/controller/status, establish, apiapproval).
import { crdCondition } from '../../api/kinds/from-crd.ts';
import { withCondition } from '../../api/kinds/apiextensions/custom-resource-definition.ts';
import { versionPaths } from '../../api/kinds/apiextensions/validate-crd.ts';
import { structuralErrors } from '../../api/kinds/apiextensions/validate-schema.ts';
import { fieldErrorText } from '../../api/meta/field-error.ts';
import type { CustomResourceDefinition, CustomResourceDefinitionNames } from '../../api/types/kubernetes.ts';

interface Taken { readonly resources: ReadonlySet<string>; readonly kinds: ReadonlySet<string> }

function taken(crd: CustomResourceDefinition, all: readonly CustomResourceDefinition[]): Taken {
  const resources = new Set<string>(), kinds = new Set<string>();
  for (const other of all) {
    if (other.metadata!.name === crd.metadata!.name || other.spec.group !== crd.spec.group) continue;
    const n = other.status?.acceptedNames;
    for (const name of [n?.plural, n?.singular, ...(n?.shortNames ?? [])]) if (name) resources.add(name);
    for (const kind of [n?.kind, n?.listKind]) if (kind) kinds.add(kind);
  }
  return { resources, kinds };
}

/** The status a definition should have, given the others; the same object when it has it. `now` as objects carry times. */
export function wantedStatus(crd: CustomResourceDefinition, all: readonly CustomResourceDefinition[], now: string): NonNullable<CustomResourceDefinition['status']> {
  const asked = crd.spec.names, had = crd.status?.acceptedNames, used = taken(crd, all);
  const accepted: CustomResourceDefinitionNames = { ...(had ?? { plural: '', kind: '' }) };
  let refused: { reason: string; message: string } | undefined;
  const clash = (name: string | undefined, mine: string | undefined, among: ReadonlySet<string>): string | undefined => (name !== undefined && name !== mine && among.has(name) ? `${JSON.stringify(name)} is already in use` : undefined);
  const take = (field: 'plural' | 'singular' | 'kind' | 'listKind', among: ReadonlySet<string>, reason: string): void => {
    const message = clash(asked[field], had?.[field], among);
    if (message !== undefined) refused = { reason, message };
    else if (asked[field] === undefined) delete accepted[field]; else accepted[field] = asked[field];
  };
  take('plural', used.resources, 'PluralConflict');
  take('singular', used.resources, 'SingularConflict');
  const short = (asked.shortNames ?? []).flatMap(n => (had?.shortNames?.includes(n) ? [] : clash(n, undefined, used.resources) ?? []));
  if (short.length > 0) refused = { reason: 'ShortNamesConflict', message: short.length === 1 ? short[0]! : `[${short.join(', ')}]` };
  else if (asked.shortNames?.length) accepted.shortNames = asked.shortNames; else delete accepted.shortNames;
  take('kind', used.kinds, 'KindConflict');
  take('listKind', used.kinds, 'ListKindConflict');
  if (asked.categories?.length) accepted.categories = asked.categories; else delete accepted.categories;

  let status: NonNullable<CustomResourceDefinition['status']> = { ...crd.status, acceptedNames: accepted };
  const say = (type: string, value: 'True' | 'False', reason: string, message: string): void => { status = withCondition(status, { type, status: value, reason, message, lastTransitionTime: now }); };
  if (refused) say('NamesAccepted', 'False', refused.reason, refused.message); else say('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found');
  if (crdCondition(crd, 'Established') !== 'True') {
    if (refused) say('Established', 'False', 'NotAccepted', 'not all names are accepted'); else say('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted');
  }
  const paths = versionPaths(crd.spec.versions), alike = paths[0]?.schema === 'spec.validation.openAPIV3Schema';
  const violations = (alike ? crd.spec.versions.slice(0, 1) : crd.spec.versions).flatMap((v, i) => (v.schema?.openAPIV3Schema ? structuralErrors(v.schema.openAPIV3Schema, paths[i]!.schema) : []));
  if (violations.length > 0) say('NonStructuralSchema', 'True', 'Violations', violations.length === 1 ? fieldErrorText(violations[0]!) : `[${violations.map(fieldErrorText).join(', ')}]`);
  else if (status.conditions?.some(c => c.type === 'NonStructuralSchema')) status = { ...status, conditions: status.conditions.filter(c => c.type !== 'NonStructuralSchema') };
  approve(crd, say);
  return status;
}

function approve(crd: CustomResourceDefinition, say: (type: string, value: 'True' | 'False', reason: string, message: string) => void): void {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(crd.spec.group)) return;
  const text = crd.metadata!.annotations?.['api-approved.kubernetes.io'] ?? '', type = 'KubernetesAPIApprovalPolicyConformant', see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (text === '') say(type, 'False', 'MissingAnnotation', `protected groups must have approval annotation "api-approved.kubernetes.io", ${see}`);
  else if (text.startsWith('unapproved')) say(type, 'False', 'UnapprovedAnnotation', `not approved: ${JSON.stringify(text)}`);
  else if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(text)) say(type, 'True', 'ApprovedAnnotation', `approved in ${text}`);
  else say(type, 'False', 'InvalidAnnotation', `protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", ${see}`);
}
