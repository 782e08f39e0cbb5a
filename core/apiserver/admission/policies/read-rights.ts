// Who writes a policy with parameters, or binds one to them, must be allowed to read them: its messages could tell. Part of the server
// as in Kubernetes, not a plug-in that could be switched off; it runs where plug-ins validate.
import { semanticEqual } from '../../../api/meta/equal.ts';
import { forbidden } from '../../../api/meta/field-error.ts';
import { invalidError } from '../../../api/meta/status.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ParamKind, ParamRef } from '../../../api/types/kubernetes.ts';
import type { UserInfo } from '../../context.ts';
import type { AdmissionPlugin } from '../chain.ts';
import type { Env } from '../matching.ts';

const GROUP = 'admissionregistration.k8s.io';
interface Spec { paramKind?: ParamKind; paramRef?: ParamRef; policyName?: string }
const specOf = (o: KubeObject | undefined): Spec => (o as { spec?: Spec } | undefined)?.spec ?? {};
/** As Go prints a user. */
const goUser = ({ name, uid = '', groups, extra = {} }: UserInfo): string =>
  `&{${name} ${uid} [${groups.join(' ')}] map[${Object.entries(extra).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => `${k}:[${v.join(' ')}]`).join(' ')}]}`;

/** The resource of a kind of parameters; stars for what is not known. */
function target(env: Env, kind: ParamKind | undefined): { group: string; version: string; resource: string } {
  if (!kind) return { group: '*', version: '*', resource: '*' };
  const { apiVersion = '' } = kind, slash = apiVersion.indexOf('/'), group = slash < 0 ? '' : apiVersion.slice(0, slash), version = apiVersion.slice(slash + 1);
  return { group, version, resource: env.findKind(group, version, kind.kind ?? '')?.spec.plural ?? '*' };
}

/** The check as admission runs it. */
export function paramRights(env: () => Env): AdmissionPlugin {
  return {
    name: 'PolicyParamRights',
    validate(a) {
      const { spec } = a.resource, { user } = a;
      if (spec.group !== GROUP || a.object === undefined || a.subresource !== '' || user.groups.includes('system:masters')) return;
      const next = specOf(a.object), prev = specOf(a.old);
      const may = (verb: string, on: { group: string; version: string; resource: string }, namespace: string, name: string): boolean =>
        env().authorizer.authorize({ user, verb, resource: { ...on, subresource: '', namespace, name } }).verdict === 'allow';
      const refuse = (field: string, why: string): never => { throw invalidError(spec, a.name, [forbidden(field, why)]); };
      const { paramKind: kind, paramRef: ref } = next;
      if (kind && !semanticEqual(kind, prev.paramKind) && !may('get', target(env(), kind), '*', '*')) {
        refuse('spec.paramKind', `user ${goUser(user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind.kind ?? ''}, apiVersion=${kind.apiVersion ?? ''})`);
      }
      if (!ref || (semanticEqual(ref, prev.paramRef) && next.policyName === prev.policyName)) return;
      const policies = env().find(GROUP, spec.plural.replace(/ybindings$/, 'ies'));
      const policy = policies && env().store.get(policies.key('', next.policyName ?? '')), verb = ref.name ? 'get' : 'list';
      // Upstream puts the verb where the user belongs, and the other way around.
      if (!may(verb, target(env(), policy && specOf(policies.objectOf(policy)).paramKind), ref.namespace ?? '', ref.name ?? '')) refuse('spec.paramRef', `user ${verb} does not have "${goUser(user)}" permission on the object referenced by paramRef`);
    },
  };
}
