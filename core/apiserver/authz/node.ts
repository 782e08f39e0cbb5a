// The Node authorizer: a node reads what its pods use, and writes itself, its pods, its lease. What its pods use is read off the pods
// themselves when a node asks (a node has a hundred of them), so that no event of a pod costs anything.
import type { Pod, PersistentVolumeClaim, PolicyRule, ResourceSlice, VolumeAttachment } from '../../api/types/kubernetes.ts';
import type { UserInfo } from '../context.ts';
import { candidates } from '../registry/field-index.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { pinnedTo, type Access, type Authorizer, type Decision } from './authorizer.ts';
import { defaultPolicy } from './rbac/default-policy.ts';
import { matchesPath, matchesResource } from './rbac/rules.ts';

const PREFIX = 'system:node:';
const NONE: Decision = Object.freeze({ verdict: 'none', reason: '' }), ALLOW: Decision = Object.freeze({ verdict: 'allow', reason: '' });
const refuse = (reason: string): Decision => ({ verdict: 'none', reason });

/** The node a user is: '' for one without a name, undefined for whoever is none. */
export const nodeOf = (user: UserInfo): string | undefined =>
  (!user.groups.includes('system:nodes') ? undefined : user.name.startsWith(PREFIX) ? user.name.slice(PREFIX.length) : undefined);

/** What of its namespace a pod uses: `secrets/NAME`, `configmaps/NAME`, `persistentvolumeclaims/NAME`, `serviceaccounts/NAME`, `resourceclaims/NAME`. */
function uses(pod: Pod): Set<string> {
  const found = new Set<string>(), s = pod.spec;
  const add = (kind: string, name: string | undefined): void => { if (name) found.add(`${kind}/${name}`); };
  add('serviceaccounts', s?.serviceAccountName ?? 'default');
  for (const i of s?.imagePullSecrets ?? []) add('secrets', i.name);
  for (const c of [...s?.initContainers ?? [], ...s?.containers ?? [], ...s?.ephemeralContainers ?? []]) {
    for (const e of c.env ?? []) { add('secrets', e.valueFrom?.secretKeyRef?.name); add('configmaps', e.valueFrom?.configMapKeyRef?.name); }
    for (const e of c.envFrom ?? []) { add('secrets', e.secretRef?.name); add('configmaps', e.configMapRef?.name); }
  }
  for (const v of s?.volumes ?? []) {
    add('secrets', v.secret?.secretName);
    add('configmaps', v.configMap?.name);
    add('persistentvolumeclaims', v.persistentVolumeClaim?.claimName ?? (v.ephemeral ? `${pod.metadata?.name}-${v.name}` : undefined));
    for (const p of v.projected?.sources ?? []) { add('secrets', p.secret?.name); add('configmaps', p.configMap?.name); }
    for (const secret of [v.csi?.nodePublishSecretRef, v.cephfs?.secretRef, v.rbd?.secretRef, v.flexVolume?.secretRef, v.iscsi?.secretRef, v.scaleIO?.secretRef, v.storageos?.secretRef]) add('secrets', secret?.name);
    add('secrets', v.azureFile?.secretName);
  }
  for (const c of pod.status?.resourceClaimStatuses ?? []) add('resourceclaims', c.resourceClaimName);
  for (const c of s?.resourceClaims ?? []) add('resourceclaims', c.resourceClaimName);
  return found;
}

const RULES: readonly PolicyRule[] = (defaultPolicy().find(d => d.object.metadata?.name === 'system:node')!.object as { rules?: PolicyRule[] }).rules ?? [];

/** `env` is asked for at each use: it is made after the authorizer. */
export function nodeAuthorizer(env: () => RegistryEnv): Authorizer {
  const find = <T>(group: string, plural: string, namespace: string, name: string): T | undefined => {
    const r = env().find(group, plural), e = r && env().store.get(r.key(namespace, name));
    return e && r!.stateOf(e) as T;
  };
  const podsOf = (node: string, namespace: string): Pod[] => {
    const pods = env().find('', 'pods');
    return pods ? (candidates(env().store, pods, pods.range(namespace), f => (f === 'spec.nodeName' ? node : undefined)) ?? []).map(e => pods.stateOf(e) as Pod) : [];
  };
  const used = (node: string, namespace: string, kind: string, name: string): boolean => podsOf(node, namespace).some(p => uses(p).has(`${kind}/${name}`));
  const unrelated = (node: string): Decision => refuse(`no relationship found between node '${node}' and this object`);

  /** Why a node may not get an object of a type, whosever it is; undefined when that is still open. */
  function ungettable({ verb, resource: r }: Access & { resource: object }): Decision | undefined {
    if (verb !== 'get') return refuse('can only get individual resources of this type');
    if (r.subresource !== '') return refuse('cannot get subresource');
    return r.name === '' ? refuse('No Object name found') : undefined;
  }

  /** Gets of an object that a pod of the node uses. */
  const getUsed = (node: string, a: Access & { resource: object }): Decision => ungettable(a) ?? (used(node, a.resource.namespace, a.resource.resource, a.resource.name) ? ALLOW : unrelated(node));

  /** Reads of any sort of one object of the namespace that a pod of the node uses. */
  function readUsed(node: string, a: Access & { resource: object }): Decision {
    const { resource: r, verb } = a;
    if (verb !== 'get' && verb !== 'list' && verb !== 'watch') return refuse('can only read resources of this type');
    if (r.subresource !== '') return refuse('cannot read subresource');
    if (r.namespace === '') return refuse('can only read namespaced object of this type');
    if (r.name === '') return refuse('No Object name found');
    return used(node, r.namespace, r.resource, r.name) ? ALLOW : unrelated(node);
  }

  function volume(node: string, a: Access & { resource: object }): Decision {
    const not = ungettable(a);
    if (not) return not;
    for (const pod of podsOf(node, '')) {
      for (const u of uses(pod)) {
        if (!u.startsWith('persistentvolumeclaims/')) continue;
        const claim = find<PersistentVolumeClaim>('', 'persistentvolumeclaims', pod.metadata!.namespace!, u.slice('persistentvolumeclaims/'.length));
        if (claim?.spec?.volumeName === a.resource.name) return ALLOW;
      }
    }
    return unrelated(node);
  }

  function byRules(a: Access): Decision {
    const { resource: r, verb } = a;
    if (r === undefined) return RULES.some(rule => matchesPath(rule, verb, a.path)) ? ALLOW : NONE;
    const combined = r.subresource === '' ? r.resource : `${r.resource}/${r.subresource}`;
    return RULES.some(rule => matchesResource(rule, verb, r.group, combined, r.subresource)) ? ALLOW : NONE;
  }

  function own(node: string, a: Access & { resource: object }, what: string, namespace = ''): Decision {
    const { verb, resource: r } = a, verbs = ['get', 'create', 'update', 'patch', 'delete'];
    if (!verbs.includes(verb)) return refuse(`can only ${verbs.slice(0, -1).join(', ')}, or ${verbs.at(-1)} a ${what}`);
    if (namespace !== '' && r.namespace !== namespace) return refuse(`can only access leases in the ${JSON.stringify(namespace)} system namespace`);
    if (r.subresource !== '' && namespace === '') return refuse(`cannot authorize ${what} subresources`);
    // A create does not yet say the name: admission looks at it.
    return verb === 'create' || r.name === node ? ALLOW : refuse(`can only access ${what} with the same name as the requesting node`);
  }

  function judge(node: string, a: Access & { resource: object }): Decision {
    const { resource: r, verb } = a, read = verb === 'get' || verb === 'list' || verb === 'watch';
    switch (`${r.group}/${r.resource}`) {
      case '/secrets': case '/configmaps': return readUsed(node, a);
      case '/persistentvolumeclaims':
        if (r.subresource !== 'status') return getUsed(node, a);
        if (!['get', 'update', 'patch'].includes(verb)) return refuse('can only get/update/patch this type');
        return used(node, r.namespace, r.resource, r.name) ? ALLOW : unrelated(node);
      case '/persistentvolumes': return volume(node, a);
      case 'resource.k8s.io/resourceclaims': return getUsed(node, a);
      case 'storage.k8s.io/volumeattachments':
        return ungettable(a) ?? (find<VolumeAttachment>('storage.k8s.io', 'volumeattachments', '', r.name)?.spec?.nodeName === node ? ALLOW : unrelated(node));
      case '/serviceaccounts':
        if (r.subresource !== 'token') return getUsed(node, a);
        if (verb !== 'create' || r.name === '') return refuse('can only create tokens for individual service accounts');
        return used(node, r.namespace, r.resource, r.name) ? ALLOW : unrelated(node);
      case 'coordination.k8s.io/leases':
        return own(node, a, 'node lease', 'kube-node-lease');
      case 'storage.k8s.io/csinodes': return own(node, a, 'CSINode');
      case 'resource.k8s.io/resourceslices':
        if (r.subresource !== '') return refuse('cannot authorize ResourceSlice subresources');
        if (['list', 'watch', 'deletecollection'].includes(verb)) return pinnedTo(r.fieldSelector, 'spec.nodeName') === node ? ALLOW : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector');
        // Whose slice it makes is not said yet.
        return verb === 'create' || find<ResourceSlice>('resource.k8s.io', 'resourceslices', '', r.name)?.spec?.nodeName === node ? ALLOW : unrelated(node);
      case '/nodes':
        if (!read || r.subresource !== '') return byRules(a);
        if (r.name === '') return refuse(`node '${node}' cannot read all nodes, only its own Node object`);
        return r.name === node ? ALLOW : refuse(`node '${node}' cannot read '${r.name}', only its own Node object`);
      case '/pods': {
        if (!read || r.subresource !== '') return byRules(a);
        if (verb !== 'get' && pinnedTo(r.fieldSelector, 'spec.nodeName') === node) return ALLOW;
        if (r.name === '') return refuse(verb === 'get' ? 'No Object name found' : 'can only list/watch pods with spec.nodeName field selector');
        return find<Pod>('', 'pods', r.namespace, r.name)?.spec?.nodeName === node ? ALLOW : unrelated(node);
      }
      default: return byRules(a);
    }
  }

  return {
    authorize(a) {
      const node = nodeOf(a.user);
      if (node === undefined) return NONE;
      if (node === '') return refuse(`unknown node for user ${JSON.stringify(a.user.name)}`);
      return a.resource === undefined ? byRules(a) : judge(node, a);
    },
  };
}
