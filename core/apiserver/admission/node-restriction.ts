// NodeRestriction: a node changes its own objects and no others, whatever the Node authorizer lets through by name. Texts are Kubernetes'.
import { semanticEqual } from '../../api/meta/equal.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import type { AuthenticationTokenRequest, Node, Pod, ResourceSlice } from '../../api/types/kubernetes.ts';
import { nodeOf } from '../authz/node.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

const MIRROR = 'kubernetes.io/config.mirror';
const LABELS: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname', 'topology.kubernetes.io/zone', 'topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type', 'node.kubernetes.io/instance-type', 'kubernetes.io/os', 'kubernetes.io/arch', 'beta.kubernetes.io/os', 'beta.kubernetes.io/arch', 'node.kubernetes.io/windows-build',
]);

/** Labels below kubernetes.io and k8s.io that a kubelet may not set on itself. */
function forbiddenLabel(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : '';
  if (domain === 'node-restriction.kubernetes.io' || domain.endsWith('.node-restriction.kubernetes.io')) return true;
  if (!/(?:^|\.)(?:kubernetes|k8s)\.io$/.test(domain)) return false;
  return !LABELS.has(key) && !/(?:^|\.)(?:kubelet|node)\.kubernetes\.io$/.test(domain);
}

function changedLabels(next: KubeObject, prev: KubeObject | undefined): string[] {
  const now = next.metadata?.labels ?? {}, before = prev?.metadata?.labels ?? {};
  return [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(k => now[k] !== before[k]).sort();
}

/** What else a mirror pod would reach for; undefined when nothing. */
function references(pod: Pod): string | undefined {
  const volumes = pod.spec?.volumes ?? [], containers = [...pod.spec?.initContainers ?? [], ...pod.spec?.containers ?? []];
  if (volumes.some(v => v.secret) || containers.some(c => c.envFrom?.some(e => e.secretRef) || c.env?.some(e => e.valueFrom?.secretKeyRef)) || pod.spec?.imagePullSecrets?.length) return 'secrets';
  if (volumes.some(v => v.configMap) || containers.some(c => c.envFrom?.some(e => e.configMapRef) || c.env?.some(e => e.valueFrom?.configMapKeyRef))) return 'configmaps';
  if (volumes.some(v => v.persistentVolumeClaim)) return 'persistentvolumeclaims';
  return pod.spec?.resourceClaims?.length ? 'resourceclaims' : undefined;
}

/** `env` is asked for at each use: it is made after admission. */
export function nodeRestriction(env: () => RegistryEnv): AdmissionPlugin {
  const podNamed = (namespace: string, name: string): Pod | undefined => {
    const r = env().find('', 'pods'), e = r && env().store.get(r.key(namespace, name));
    return e && r!.stateOf(e) as Pod;
  };

  function pod(a: Attributes, node: string, refuse: (why: string) => never): void {
    const q = JSON.stringify(node);
    if (a.subresource === 'status') {
      if ((a.old as Pod).spec?.nodeName !== node) refuse(`node ${q} can only update pod status for pods with spec.nodeName set to itself`);
      if (changedLabels(a.object!, a.old).length) refuse(`node ${q} can not update labels through pod status`);
    } else if (a.subresource === 'eviction') {
      const evicted = podNamed(a.namespace, a.name);
      if (evicted && evicted.spec?.nodeName !== node) refuse(`node ${node} can only evict pods with spec.nodeName set to itself`);
    } else if (a.subresource !== '') refuse(`unexpected pod subresource ${JSON.stringify(a.subresource)}, only 'status' and 'eviction' are allowed`);
    else if (a.operation === 'DELETE') {
      if (((a.old as Pod | undefined) ?? podNamed(a.namespace, a.name))?.spec?.nodeName !== node) refuse(`node ${q} can only delete pods with spec.nodeName set to itself`);
    } else if (a.operation === 'CREATE') {
      const p = a.object as Pod, owners = p.metadata?.ownerReferences ?? [];
      if (p.metadata?.annotations?.[MIRROR] === undefined) refuse(`pod does not have ${JSON.stringify(MIRROR)} annotation, node ${q} can only create mirror pods`);
      if (p.spec?.nodeName !== node) refuse(`node ${q} can only create pods with spec.nodeName set to itself`);
      if (owners.some(o => o.apiVersion !== 'v1' || o.kind !== 'Node' || o.name !== node)) refuse(`node ${q} can only create pods with an owner reference set to itself`);
      if (p.spec?.serviceAccountName) refuse(`node ${q} can not create pods that reference a service account`);
      const what = references(p);
      if (what) refuse(`node ${q} can not create pods that reference ${what}`);
    } else refuse(`unexpected operation ${JSON.stringify(a.operation)}, node ${q} can only create and delete mirror pods`);
  }

  function own(a: Attributes, node: string, refuse: (why: string) => never): void {
    const q = JSON.stringify(node), requested = a.name || a.object?.metadata?.name || '';
    if (requested !== node) refuse(`node ${q} is not allowed to modify node ${JSON.stringify(requested)}`);
    if (a.operation === 'DELETE' || a.object === undefined) return;
    const labels = changedLabels(a.object, a.old).filter(forbiddenLabel);
    if (a.operation === 'CREATE') { if (labels.length) refuse(`node ${q} is not allowed to set the following labels: ${labels.join(', ')}`); return; }
    if (!semanticEqual((a.object as Node).spec?.taints ?? [], (a.old as Node).spec?.taints ?? [])) refuse(`node ${q} is not allowed to modify taints`);
    if (labels.length) refuse(`is not allowed to modify labels: ${labels.join(', ')}`);
    if (!semanticEqual(a.object.metadata?.ownerReferences ?? [], a.old?.metadata?.ownerReferences ?? [])) refuse(`node ${q} is not allowed to modify ownerReferences`);
  }

  function token(a: Attributes, node: string, refuse: (why: string) => never): void {
    const ref = (a.object as unknown as AuthenticationTokenRequest | undefined)?.spec?.boundObjectRef;
    if (!ref || ref.apiVersion !== 'v1' || ref.kind !== 'Pod' || !ref.name) refuse('node requested token not bound to a pod');
    if (!ref!.uid) refuse('node requested token with a pod binding without a uid');
    const p = podNamed(a.namespace, ref!.name!);
    if (!p || p.metadata?.uid !== ref!.uid) refuse(`the UID in the bound object reference (${ref!.uid}) does not match the UID in record (${p?.metadata?.uid ?? ''}). The object might have been deleted and then recreated`);
    if (p!.spec?.nodeName !== node) refuse('node requested token bound to a pod scheduled on a different node');
  }

  return {
    name: 'NodeRestriction',
    validate(a) {
      const node = nodeOf(a.user);
      if (node === undefined) return;
      const { spec } = a.resource;
      const refuse = (why: string): never => { throw forbiddenError(spec, a.name, why); };
      if (node === '') refuse(`could not determine node from user ${JSON.stringify(a.user.name)}`);
      switch (`${spec.group}/${spec.plural}`) {
        case '/pods': return pod(a, node, refuse);
        case '/nodes': return own(a, node, refuse);
        case '/serviceaccounts': if (a.subresource === 'token') token(a, node, refuse); return;
        case 'coordination.k8s.io/leases':
          if (a.namespace !== 'kube-node-lease') refuse('can only access leases in the "kube-node-lease" system namespace');
          if ((a.name || a.object?.metadata?.name) !== node) refuse('can only access node lease with the same name as the requesting node');
          return;
        case 'storage.k8s.io/csinodes': if ((a.name || a.object?.metadata?.name) !== node) refuse('can only access CSINode with the same name as the requesting node'); return;
        case 'resource.k8s.io/resourceslices': if (a.operation === 'CREATE' && (a.object as ResourceSlice | undefined)?.spec?.nodeName !== node) refuse('can only create ResourceSlice with the same NodeName as the requesting node'); return;
        default:
      }
    },
  };
}
