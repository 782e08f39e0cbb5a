// Kinds that are questions: answered at once, never stored (contract 11.5, 11.6).
import { forbidden, invalid, notSupported, required, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { ApiError, badRequest, invalidError } from '../../api/meta/status.ts';
import type { SelfSubjectRulesReview, SubjectAccessReview, TokenReview } from '../../api/types/kubernetes.ts';
import { fieldRequirements, labelRequirements, type Access, type SelectorRequirement } from '../authz/authorizer.ts';
import { nodeOf } from '../authz/node.ts';
import { aggregate } from '../authz/rbac/rbac.ts';
import type { RequestContext, Result, UserInfo } from '../context.ts';
import { objectFrom } from '../registry/body.ts';
import { timestamp, type RegistryEnv, type SubresourceEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';

type Env = RegistryEnv & SubresourceEnv;
interface Question { readonly env: Env; readonly ctx: RequestContext; readonly resource: Resource; readonly namespace: string; readonly object: KubeObject }

const wire = (u: UserInfo): object => ({ username: u.name, ...(u.uid ? { uid: u.uid } : {}), groups: u.groups, ...(u.extra && Object.keys(u.extra).length ? { extra: u.extra } : {}) });

type SelectorAttributes = NonNullable<NonNullable<SubjectAccessReview['spec']['resourceAttributes']>['fieldSelector']>;

/** A selector of an access review as requirements; undefined when there is none or what it says cannot be read, which then limits nothing. */
function requirements(s: SelectorAttributes | undefined, parse: (text: string) => readonly SelectorRequirement[]): readonly SelectorRequirement[] | undefined {
  if (!s) return undefined;
  if (s.rawSelector) { try { return parse(s.rawSelector); } catch (e) { if (e instanceof ApiError) return undefined; throw e; } }
  return s.requirements?.map(r => ({ key: r.key, operator: r.operator, values: r.values ?? [] }));
}

function verdict(q: Question, user: UserInfo, spec: Partial<SubjectAccessReview['spec']>): object {
  const r = spec.resourceAttributes, n = spec.nonResourceAttributes;
  const fieldSelector = requirements(r?.fieldSelector, fieldRequirements), labelSelector = requirements(r?.labelSelector, labelRequirements);
  const access: Access = r
    ? {
      user, verb: r.verb ?? '',
      resource: {
        group: r.group ?? '', version: r.version ?? '', resource: r.resource ?? '', subresource: r.subresource ?? '', namespace: r.namespace ?? '', name: r.name ?? '',
        ...(fieldSelector ? { fieldSelector } : {}), ...(labelSelector ? { labelSelector } : {}),
      },
    }
    : { user, verb: n?.verb ?? '', path: n?.path ?? '' };
  const d = q.env.authorizer.authorize(access);
  return { allowed: d.verdict === 'allow', ...(d.verdict === 'deny' ? { denied: true } : {}), ...(d.reason ? { reason: d.reason } : {}), ...(d.error ? { evaluationError: d.error } : {}) };
}

function selectorErrors(s: SelectorAttributes | undefined, path: string): FieldError[] {
  if (!s) return [];
  if (s.rawSelector && s.requirements?.length) return [invalid(`${path}.rawSelector`, s.rawSelector, 'may not specified at the same time as requirements')];
  if (!s.rawSelector && !s.requirements?.length) return [required(`${path}.requirements`, `when ${path} is specified, requirements or rawSelector is required`)];
  return (s.requirements ?? []).flatMap((r, i) => {
    const at = `${path}.requirements[${i}]`, errors: FieldError[] = r.key ? [] : [required(`${at}.key`, 'must be specified')];
    if (r.operator === 'In' || r.operator === 'NotIn') { if (!r.values?.length) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'")); }
    else if (r.operator === 'Exists' || r.operator === 'DoesNotExist') { if (r.values?.length) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")); }
    else errors.push(notSupported(`${at}.operator`, r.operator, ['In', 'NotIn', 'Exists', 'DoesNotExist']));
    return errors;
  });
}

function accessErrors(q: Question, spec: SubjectAccessReview['spec'] | undefined): FieldError[] {
  const errors: FieldError[] = [], r = spec?.resourceAttributes;
  if (r && spec.nonResourceAttributes) errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'cannot be specified in combination with resourceAttributes'));
  if (!r && !spec?.nonResourceAttributes) errors.push(invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified'));
  errors.push(...selectorErrors(r?.fieldSelector, 'spec.resourceAttributes.fieldSelector'), ...selectorErrors(r?.labelSelector, 'spec.resourceAttributes.labelSelector'));
  const { namespace: _n, managedFields: _m, creationTimestamp: _c, ...metadata } = q.object.metadata ?? {};
  if (Object.keys(metadata).length > 0) errors.push(invalid('metadata', metadata, q.resource.spec.namespaced ? 'must be empty except for namespace' : 'must be empty'));
  return errors;
}

function selfAccess(q: Question): object {
  const errors = accessErrors(q, (q.object as unknown as SubjectAccessReview).spec);
  if (errors.length) throw invalidError(q.resource.spec, '', errors);
  return verdict(q, q.ctx.user, (q.object as unknown as SubjectAccessReview).spec);
}

function access(q: Question): object {
  const { spec } = q.object as unknown as SubjectAccessReview, errors = accessErrors(q, spec);
  if (!spec?.user && !spec?.groups?.length) errors.push(invalid('spec.user', spec?.user ?? '', 'at least one of user or group must be specified'));
  if (q.resource.spec.namespaced) {
    if (spec?.resourceAttributes && spec.resourceAttributes.namespace !== q.namespace) errors.push(invalid('spec.resourceAttributes.namespace', spec.resourceAttributes.namespace ?? '', 'must match metadata.namespace'));
    if (spec?.nonResourceAttributes) errors.push(invalid('spec.nonResourceAttributes', spec.nonResourceAttributes, 'disallowed on this kind of request'));
  }
  if (errors.length) throw invalidError(q.resource.spec, '', errors);
  return verdict(q, { name: spec.user ?? '', groups: spec.groups ?? [], ...(spec.uid ? { uid: spec.uid } : {}), ...(spec.extra ? { extra: spec.extra } : {}) }, spec);
}

function rules(q: Question): object {
  if (!(q.object as unknown as SelfSubjectRulesReview).spec?.namespace) throw badRequest('no namespace on request');
  const { rules: held, errors } = q.env.rbac.rulesOf(q.ctx.user, (q.object as unknown as SelfSubjectRulesReview).spec.namespace!);
  // What a node may do depends on its pods: no list of rules says it.
  const node = nodeOf(q.ctx.user) !== undefined;
  const trouble = [...(node ? ['node authorizer does not support user rule resolution'] : []), ...errors];
  return {
    resourceRules: held.filter(r => r.resources?.length).map(r => ({ verbs: r.verbs, apiGroups: r.apiGroups, resources: r.resources, ...(r.resourceNames?.length ? { resourceNames: r.resourceNames } : {}) })),
    nonResourceRules: held.filter(r => r.nonResourceURLs?.length).map(r => ({ verbs: r.verbs, nonResourceURLs: r.nonResourceURLs })),
    incomplete: node || errors.length > 0, ...(trouble.length ? { evaluationError: aggregate(trouble) } : {}),
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
