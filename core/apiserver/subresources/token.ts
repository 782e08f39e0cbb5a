// serviceaccounts/token: a signed token for an account, bound to a pod if asked (contract 9.8).
import { invalid } from '../../api/meta/field-error.ts';
import type { Unstructured } from '../../api/meta/object.ts';
import { badRequest, conflict, invalidError, notFoundError } from '../../api/meta/status.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import type { TokenSubject } from '../authn/service-account-tokens.ts';
import { attributesOf } from '../admission/chain.ts';
import type { RequestContext, Result } from '../context.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { timestamp, type RegistryEnv, type SubresourceEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import { bodyAs, TOKEN_REQUEST } from './body.ts';

interface TokenRequest extends Unstructured {
  spec?: { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null };
}

const MIN_SECONDS = 600, MAX_SECONDS = 2 ** 32, DEFAULT_SECONDS = 3600;
const BINDABLE: Readonly<Record<string, { plural: string; namespaced: boolean }>> = { Pod: { plural: 'pods', namespaced: true }, Secret: { plural: 'secrets', namespaced: true }, Node: { plural: 'nodes', namespaced: false } };

/** A token request with its token. Throws 404, 409 when a uid is another's, 422. */
export async function token(env: RegistryEnv & SubresourceEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const options = writeOptions(ctx, 'CreateOptions');
  const request = bodyAs<TokenRequest>(ctx, TOKEN_REQUEST, options.fieldValidation);
  const entry = env.store.get(resource.key(r.namespace, r.name));
  if (entry === undefined) throw notFoundError(resource.spec, r.name);
  await env.admission.admit(attributesOf(ctx, resource, { operation: 'CREATE', subresource: 'token', kind: TOKEN_REQUEST, namespace: r.namespace, name: r.name, object: request, old: undefined, options }));
  const account = resource.stateOf(entry).metadata!;
  const seconds = request.spec?.expirationSeconds ?? DEFAULT_SECONDS;
  if (seconds < MIN_SECONDS) throw invalidError(TOKEN_REQUEST, '', [invalid('spec.expirationSeconds', seconds, 'may not specify a duration less than 10 minutes')]);
  if (seconds > MAX_SECONDS) throw invalidError(TOKEN_REQUEST, '', [invalid('spec.expirationSeconds', seconds, 'may not specify a duration larger than 2^32 seconds')]);
  const subject: TokenSubject = { namespace: r.namespace, serviceAccount: { name: r.name, uid: account.uid! }, ...bound(env, r, request) };
  const audiences = request.spec?.audiences?.length ? request.spec.audiences : env.tokens.audiences;
  const made = await env.tokens.sign(subject, audiences, seconds);
  if (ctx.audit) ctx.audit['authentication.kubernetes.io/issued-credential-id'] = `JTI=${made.id}`;
  const metadata = { name: r.name, namespace: r.namespace, creationTimestamp: timestamp(env.clock.now()) };
  return {
    type: 'object', code: 201,
    object: {
      kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1', metadata,
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: request.spec?.boundObjectRef ?? null },
      status: { token: made.token, expirationTimestamp: timestamp(made.expires) },
    },
  };
}

/** `/v1`, `apps/v1`: as Go prints a group and version. */
const groupVersionText = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion : `/${apiVersion}`);

function bound(env: RegistryEnv, r: ResourceRequest, request: TokenRequest): Pick<TokenSubject, 'bound' | 'node'> {
  const ref = request.spec?.boundObjectRef;
  if (!ref) return {};
  const kind = BINDABLE[ref.kind ?? ''];
  if (!kind || (ref.apiVersion ?? 'v1') !== 'v1') throw badRequest(`cannot bind token to object of type ${groupVersionText(ref.apiVersion ?? '')}, Kind=${ref.kind ?? ''}`);
  const resource = env.find('', kind.plural)!, name = ref.name ?? '';
  const entry = env.store.get(resource.key(kind.namespaced ? r.namespace : '', name));
  if (entry === undefined) throw notFoundError(resource.spec, name);
  const object = resource.stateOf(entry), { uid } = object.metadata!;
  if (kind.plural === 'pods' && ((object as Pod).spec?.serviceAccountName ?? '') !== r.name) throw badRequest(`cannot bind token for serviceaccount ${JSON.stringify(r.name)} to pod running with different serviceaccount name.`);
  if (ref.uid && ref.uid !== uid) throw conflict({ group: '', plural: ref.kind! }, name, `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`);
  // A pod's token also says where the pod runs.
  const nodeName = kind.plural === 'pods' ? (object as Pod).spec?.nodeName : undefined;
  const nodes = nodeName ? env.find('', 'nodes') : undefined, node = nodes && env.store.get(nodes.key('', nodeName!));
  return { bound: { kind: kind.plural.slice(0, -1) as 'pod' | 'node' | 'secret', name, uid: uid! }, ...(nodeName ? { node: { name: nodeName, ...(node ? { uid: nodes!.stateOf(node).metadata!.uid! } : {}) } } : {}) };
}
