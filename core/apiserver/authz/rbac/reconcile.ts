// Brings the default roles and bindings of the store up to date at start, as Kubernetes does: what is missing is made, roles and bindings
// whose autoupdate is not switched off get the rules and subjects they lack and keep what was added. All in one write.
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { ClusterRole, PolicyRule, RbacSubject, RoleBinding } from '../../../api/types/kubernetes.ts';
import type { Op } from '../../../store/store.ts';
import { timestamp, type RegistryEnv } from '../../registry/env.ts';
import { defaultPolicy } from './default-policy.ts';
import { missingRights } from './rules.ts';

const GROUP = 'rbac.authorization.k8s.io', AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';
/** What all controllers of earlier versions shared; nobody may hold it any more. */
const GONE = 'pilothouse:controllers';

const sameSubject = (a: RbacSubject, b: RbacSubject): boolean => a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');

/** `have` with what the default gives beyond it; undefined when nothing is missing. */
function brought(have: KubeObject, wanted: KubeObject): KubeObject | undefined {
  if (have.metadata?.annotations?.[AUTOUPDATE] === 'false') return undefined;
  let changed = false;
  const next = { ...have, metadata: { ...have.metadata, labels: { ...have.metadata?.labels }, annotations: { ...have.metadata?.annotations } } } as KubeObject & ClusterRole & RoleBinding;
  for (const field of ['labels', 'annotations'] as const) {
    for (const [k, v] of Object.entries(wanted.metadata?.[field] ?? {})) if (next.metadata![field]![k] === undefined) { next.metadata![field]![k] = v; changed = true; }
  }
  const role = wanted as ClusterRole, old = have as ClusterRole;
  if ('rules' in wanted && !role.aggregationRule) {
    const missing: PolicyRule[] = missingRights(old.rules ?? [], role.rules ?? []);
    if (missing.length) { next.rules = [...(old.rules ?? []), ...(role.rules ?? []).filter(r => missingRights(old.rules ?? [], [r]).length > 0)]; changed = true; }
  }
  if (role.aggregationRule && !old.aggregationRule?.clusterRoleSelectors?.length) { next.aggregationRule = role.aggregationRule; changed = true; }
  if ('roleRef' in wanted) {
    const subjects = (have as RoleBinding).subjects ?? [], more = ((wanted as RoleBinding).subjects ?? []).filter(s => !subjects.some(x => sameSubject(x, s)));
    if (more.length) { next.subjects = [...subjects, ...more]; changed = true; }
  }
  return changed ? next : undefined;
}

/** Resolves when the defaults are in the store. */
export async function reconcileDefaults(env: RegistryEnv): Promise<void> {
  const ops: Op[] = [], now = timestamp(env.clock.now());
  for (const { plural, object } of defaultPolicy()) {
    const resource = env.find(GROUP, plural);
    if (!resource) continue;
    const { namespace = '', name } = object.metadata!, key = resource.key(namespace, name!), entry = env.store.get(key);
    if (entry === undefined) {
      const fresh = { ...object, metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: now } };
      ops.push({ type: 'put', key, value: resource.encode(fresh), expect: 0 });
      continue;
    }
    const next = brought(resource.stateOf(entry), object);
    if (next) ops.push({ type: 'put', key, value: resource.encode(next), expect: entry.revision });
  }
  for (const plural of ['clusterroles', 'clusterrolebindings'] as const) {
    const resource = env.find(GROUP, plural), key = resource?.key('', GONE), entry = key === undefined ? undefined : env.store.get(key);
    if (entry && resource!.stateOf(entry).metadata?.labels?.['kubernetes.io/bootstrapping'] === 'rbac-defaults') ops.push({ type: 'delete', key: key!, expect: entry.revision });
  }
  if (ops.length) await env.store.txn(ops);
}
