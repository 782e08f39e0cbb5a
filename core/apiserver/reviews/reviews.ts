// Kinds that are questions: answered at once, never stored (contract 11.5, 11.6).
import { invalid, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { badRequest, invalidError } from '../../api/meta/status.ts';
import type { SelfSubjectRulesReview, SubjectAccessReview, TokenReview } from '../../api/types/kubernetes.ts';
import type { Access } from '../authz/authorizer.ts';
import type { RequestContext, Result, UserInfo } from '../context.ts';
import { objectFrom } from '../registry/body.ts';
import { timestamp, type RegistryEnv, type SubresourceEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';

type Env = RegistryEnv & SubresourceEnv;
interface Question { readonly env: Env; readonly ctx: RequestContext; readonly resource: Resource; readonly namespace: string; readonly object: KubeObject }

const wire = (u: UserInfo): object => ({ username: u.name, ...(u.uid ? { uid: u.uid } : {}), groups: u.groups, ...(u.extra && Object.keys(u.extra).length ? { extra: u.extra } : {}) });

function verdict(q: Question, user: UserInfo, spec: Partial<SubjectAccessReview['spec']>): object {
  const r = spec.resourceAttributes, n = spec.nonResourceAttributes;
  const access: Access = r
    ? { user, verb: r.verb ?? '', resource: { group: r.group ?? '', version: r.version ?? '', resource: r.resource ?? '', subresource: r.subresource ?? '', namespace: r.namespace ?? '', name: r.name ?? '' } }
    : { user, verb: n?.verb ?? '', path: n?.path ?? '' };
  const d = q.env.authorizer.authorize(access);
  return { allowed: d.verdict === 'allow', ...(d.verdict === 'deny' ? { denied: true } : {}), ...(d.reason ? { reason: d.reason } : {}), ...(d.error ? { evaluationError: d.error } : {}) };
}

function accessErrors(spec: SubjectAccessReview['spec'] | undefined): FieldError[] {
  if (spec?.resourceAttributes && spec.nonResourceAttributes) return [invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'cannot be specified in combination with resourceAttributes')];
  if (!spec?.resourceAttributes && !spec?.nonResourceAttributes) return [invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified')];
  return [];
}

function selfAccess(q: Question): object {
  const errors = accessErrors((q.object as unknown as SubjectAccessReview).spec);
  if (errors.length) throw invalidError(q.resource.spec, '', errors);
  return verdict(q, q.ctx.user, (q.object as unknown as SubjectAccessReview).spec);
}

function access(q: Question): object {
  const { spec } = q.object as unknown as SubjectAccessReview, errors = accessErrors(spec);
  if (!spec?.user && !spec?.groups?.length) errors.push(invalid('spec.user', spec?.user ?? '', 'at least one of user or group must be specified'));
  if (q.resource.spec.namespaced) {
    if (spec?.resourceAttributes && spec.resourceAttributes.namespace !== q.namespace) errors.push(invalid('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace'));
    if (spec?.nonResourceAttributes) errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
  }
  if (errors.length) throw invalidError(q.resource.spec, '', errors);
  return verdict(q, { name: spec.user ?? '', groups: spec.groups ?? [] }, spec);
}

function rules(q: Question): object {
  if (!(q.object as unknown as SelfSubjectRulesReview).spec?.namespace) throw badRequest('no namespace on request');
  const all = q.env.authorizer.authorize({ user: q.ctx.user, verb: '*', path: '*' }).verdict === 'allow';
  return {
    resourceRules: all ? [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] : [],
    nonResourceRules: all ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/livez', '/readyz', '/version', '/version/'] }],
    incomplete: false,
  };
}

async function token(q: Question): Promise<object> {
  const { spec } = q.object as unknown as TokenReview, own = q.env.tokens.audiences;
  if (!spec?.token) throw badRequest('token is required for TokenReview in authentication');
  const asked = spec.audiences?.length ? spec.audiences : own;
  const user = await q.env.bearer(spec.token, asked);
  // Tokens that are no service account's are for this server and nobody else.
  const signed = user && await q.env.tokens.verify(spec.token, asked);
  const audiences = asked.filter(a => (signed ? signed.audiences : own).includes(a));
  if (!user || audiences.length === 0) return { user: {}, error: 'invalid bearer token' };
  return { authenticated: true, user: wire(user), audiences };
}

const ANSWERS: Readonly<Record<string, (q: Question) => object | Promise<object>>> = {
  'authentication.k8s.io/tokenreviews': token,
  'authentication.k8s.io/selfsubjectreviews': q => ({ userInfo: wire(q.ctx.user) }),
  'authorization.k8s.io/selfsubjectaccessreviews': selfAccess,
  'authorization.k8s.io/subjectaccessreviews': access,
  'authorization.k8s.io/localsubjectaccessreviews': access,
  'authorization.k8s.io/selfsubjectrulesreviews': rules,
};

/** The answer to a POST of a question; undefined for kinds that are stored. */
export function review(env: Env, resource: Resource, ctx: RequestContext, namespace: string): Promise<Result> | undefined {
  const answer = ANSWERS[`${resource.spec.group}/${resource.spec.plural}`];
  return answer && (async () => {
    const object = objectFrom(ctx, resource, writeOptions(ctx, 'CreateOptions').fieldValidation);
    const status = await answer({ env, ctx, resource, namespace, object });
    const metadata = { ...object.metadata, ...(namespace === '' ? {} : { namespace }), creationTimestamp: timestamp(env.clock.now()) };
    return { type: 'object', code: 201, object: { ...object, metadata, status } } satisfies Result;
  })();
}
