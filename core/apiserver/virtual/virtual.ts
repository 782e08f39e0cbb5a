// Kinds that are answered from elsewhere: what nodes measure, what the server knows of itself, and bindings.
import type { KubeObject } from '../../api/meta/object.ts';
import { parseFieldSelector } from '../../api/meta/fields.ts';
import { parseSelector } from '../../api/meta/labels.ts';
import { required } from '../../api/meta/field-error.ts';
import { invalidError, methodNotAllowed, noSuchResource, notFoundError } from '../../api/meta/status.ts';
import type { Node, Pod } from '../../api/types/kubernetes.ts';
import type { RequestContext, Result } from '../context.ts';
import { first, type RequestVerb, type ResourceRequest } from '../http/request-info.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { selectEntries } from '../registry/list.ts';
import type { Resource } from '../registry/resource.ts';
import { bind } from '../subresources/binding.ts';
import { BINDING, bodyAs } from '../subresources/body.ts';
import type { NodeStats } from './node-stats.ts';
import { nodeMetricsOf, podMetricsOf } from './metrics.ts';

type Of = (env: RegistryEnv, stats: NodeStats | undefined, namespace: string, name: string, labelSelector: string) => KubeObject[] | Promise<KubeObject[]>;

const COMPONENTS = ['scheduler', 'controller-manager', 'etcd-0'];

function components(env: RegistryEnv): KubeObject[] {
  const broken = env.store.failure?.message;
  return COMPONENTS.map(name => {
    const bad = name === 'etcd-0' ? broken : undefined;
    return { metadata: { name }, conditions: [bad === undefined ? { type: 'Healthy', status: 'True', message: 'ok' } : { type: 'Healthy', status: 'False', error: bad }] } as KubeObject;
  });
}

/** The stored objects of a core resource under a selector, or the one of that name. */
function stored<T>(env: RegistryEnv, plural: string, namespace: string, name: string, labelSelector: string): T[] {
  const r = env.find('', plural)!;
  if (name === '') return selectEntries(env, r, namespace, { labelSelector, fieldSelector: '', limit: 0, continue: '', resourceVersion: '', match: '' }).entries.map(e => r.stateOf(e) as T);
  const entry = env.store.get(r.key(namespace, name));
  if (entry === undefined) throw notFoundError(r.spec, namespace === '' ? name : `${namespace}/${name}`);
  return [r.stateOf(entry) as T];
}

const SOURCES: Readonly<Record<string, Of>> = {
  '/componentstatuses': components,
  'metrics.k8s.io/nodes': async (env, stats, _namespace, name, selector) => {
    const nodes = stored<Node>(env, 'nodes', '', name, selector);
    return stats ? nodeMetricsOf(nodes, await stats.of(nodes.map(n => n.metadata!.name!))) : [];
  },
  'metrics.k8s.io/pods': async (env, stats, namespace, name, selector) => {
    const pods = stored<Pod>(env, 'pods', namespace, name, selector).filter(p => p.status?.phase === 'Running' && p.spec?.nodeName);
    return stats ? podMetricsOf(pods, await stats.of([...new Set(pods.map(p => p.spec!.nodeName!))])) : [];
  },
};

/** What an object that is measured is called when it is not there. */
const missing = (resource: Resource, namespace: string, name: string): Error =>
  (resource.spec.group === 'metrics.k8s.io' ? notFoundError({ group: resource.spec.group, plural: resource.spec.kind.toLowerCase() }, namespace === '' ? name : `${namespace}/${name}`) : notFoundError(resource.spec, name));

/** POST of a Binding to /bindings: the pod is the one it is named after. */
async function bindNamed(env: RegistryEnv, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const { metadata } = bodyAs(ctx, BINDING, 'Ignore'), pods = env.find('', 'pods');
  if (!pods) throw noSuchResource();
  if (!metadata?.name) throw invalidError(BINDING, '', [required('metadata.name')]);
  return bind(env, pods, ctx, { ...r, name: metadata.name });
}

/** Serves get, list and create of a virtual kind. Throws 404 for a name that is not there, 405 for other verbs. */
export async function virtual(env: RegistryEnv, stats: NodeStats | undefined, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Promise<Result> {
  const { spec } = resource;
  if (verb === 'create' && spec.kind === 'Binding') return bindNamed(env, ctx, r);
  const source = SOURCES[`${spec.group}/${spec.plural}`];
  if (source === undefined || (verb !== 'get' && verb !== 'list')) throw methodNotAllowed();
  const typed = (o: KubeObject): KubeObject => ({ kind: spec.kind, apiVersion: resource.apiVersion, ...o });
  if (verb === 'get') {
    const found = (await source(env, stats, r.namespace, r.name, '')).find(o => o.metadata!.name === r.name);
    if (!found) throw missing(resource, r.namespace, r.name);
    return { type: 'object', code: 200, object: typed(found), spec };
  }
  const selector = first(ctx.query, 'labelSelector') ?? '', labels = parseSelector(selector), fields = parseFieldSelector(first(ctx.query, 'fieldSelector'), spec);
  const objects = (await source(env, stats, r.namespace, '', selector)).filter(o => labels.matches(o.metadata!.labels) && fields.matches(o));
  return { type: 'objects', code: 200, resource, objects: objects.map(typed), meta: {} };
}
