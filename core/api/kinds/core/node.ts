import { semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { CIDR_TEXT, isCIDR } from '../../meta/ip.ts';
import { labelKey, labelValue } from '../../meta/names.ts';
import type { Node } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text, wide } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { defaultResourceList, validateAmount } from '../parts/resources.ts';
import { EFFECTS } from '../parts/scheduling.ts';

const ROLE = 'node-role.kubernetes.io/';

/** `Ready`, `NotReady,SchedulingDisabled`… */
export function nodeStatus(n: Node): string {
  const ready = n.status?.conditions?.find(c => c.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  if (n.spec?.unschedulable) words.push('SchedulingDisabled');
  return words.join(',');
}

/** Roles by label, in order; `<none>` without. */
export function nodeRoles(n: Node): string {
  const roles = new Set<string>();
  for (const [k, v] of Object.entries(n.metadata?.labels ?? {})) {
    if (k.startsWith(ROLE)) { if (k.length > ROLE.length) roles.add(k.slice(ROLE.length)); }
    else if (k === 'kubernetes.io/role' && v) roles.add(v);
  }
  return [...roles].sort().join(',') || '<none>';
}

const address = (type: string) => (n: Node): string => n.status?.addresses?.find(a => a.type === type)?.address ?? '<none>';
const info = (field: 'osImage' | 'kernelVersion' | 'containerRuntimeVersion') => (n: Node): string => n.status?.nodeInfo?.[field] || '<unknown>';

function validate(n: Node): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  n.spec?.taints?.forEach((t, i) => {
    // Kubernetes names these below metadata.
    const at = `metadata.taints[${i}]`;
    for (const m of labelKey(t.key ?? '')) errors.push(invalid(`${at}.key`, t.key ?? '', m));
    const bad = labelValue(t.value ?? '');
    if (bad.length > 0) errors.push(invalid(`${at}.value`, t.value, bad.join(';')));
    if (!t.effect) errors.push(required(`${at}.effect`));
    else if (!EFFECTS.includes(t.effect)) errors.push(notSupported(`${at}.effect`, t.effect, EFFECTS, true));
    const key = `${t.effect}:${t.key}`;
    if (seen.has(key)) errors.push({ type: 'FieldValueDuplicate', field: at, detail: `Duplicate value: ${JSON.stringify(t)}: taints must be unique by key and effect pair` });
    seen.add(key);
  });
  for (const list of ['capacity', 'allocatable'] as const) for (const name in n.status?.[list]) errors.push(...validateAmount(name, n.status![list]![name]!, `status.${list}.${name}`));
  n.spec?.podCIDRs?.forEach((c, i) => { if (!isCIDR(c)) errors.push(invalid(`spec.podCIDRs[${i}]`, c, CIDR_TEXT)); });
  const cidrs = n.spec?.podCIDRs ?? [];
  if (cidrs.length > 1) {
    if (cidrs.length > 2 || cidrs[0]!.includes(':') === cidrs[1]!.includes(':')) errors.push(invalid('spec.podCIDRs', cidrs, 'may specify no more than one CIDR for each IP family'));
    cidrs.forEach((c, i) => { if (cidrs.indexOf(c) < i) errors.push(duplicate(`spec.podCIDRs[${i}]`, c)); });
  }
  return errors;
}

function validateUpdate(next: Node, prev: Node): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = next.status?.addresses ?? [];
  addresses.forEach((a, i) => { if (addresses.findIndex(b => b.type === a.type && b.address === a.address) < i) errors.push(duplicate(`status.addresses[${i}]`, a)); });
  if (prev.spec?.podCIDRs?.length && !semanticEqual(next.spec?.podCIDRs, prev.spec.podCIDRs)) errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if (prev.spec?.providerID && next.spec?.providerID !== prev.spec.providerID) errors.push(forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid'));
  if ((prev.spec?.externalID ?? '') !== (next.spec?.externalID ?? '')) errors.push(forbidden('spec.externalID', 'may not be updated'));
  return errors;
}

export const node = defineKind<Node>({
  group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false,
  schema: 'io.k8s.api.core.v1.Node', shortNames: ['no'],
  subresources: [STATUS, { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], responseKind: { group: '', version: 'v1', kind: 'NodeProxyOptions' } }],
  setDefaults(n) {
    const { status, spec } = n;
    defaultResourceList(status?.capacity);
    defaultResourceList(status?.allocatable);
    if (status?.capacity && !status.allocatable) status.allocatable = { ...status.capacity };
    if (spec?.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
    else if (spec && !spec.podCIDR && spec.podCIDRs?.[0]) spec.podCIDR = spec.podCIDRs[0];
  },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  warnings: n => [
    ...(n.spec?.configSource ? ['spec.configSource: the feature is removed'] : []),
    ...(n.spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
  ],
  fields: { 'spec.unschedulable': n => String(n.spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    { name: 'Status', type: 'string', draw: 'state', description: 'Whether the node is ready and takes new pods.', value: nodeStatus },
    text('Roles', 'Roles of the node.', nodeRoles),
    ageColumn,
    text('Version', 'Version of the node agent.', n => n.status?.nodeInfo?.kubeletVersion ?? ''),
    wide(text('Internal-IP', 'Address inside the cluster.', address('InternalIP'), { draw: 'code' })),
    wide(text('External-IP', 'Address reached from outside.', address('ExternalIP'), { draw: 'code' })),
    wide(text('OS-Image', 'Operating system.', info('osImage'))),
    wide(text('Kernel-Version', 'Kernel.', info('kernelVersion'))),
    wide(text('Container-Runtime', 'Runtime and its version.', info('containerRuntimeVersion'))),
  ],
  view: {
    nav: 'Cluster', icon: 'node', sections: ['conditions', 'allocation', 'pods', 'events', 'labels', 'spec'], actions: ['cordon', 'drain', 'yaml', 'delete'],
    health(n) {
      const word = nodeStatus(n), ready = n.status?.conditions?.find(c => c.type === 'Ready');
      const pressure = n.status?.conditions?.find(c => c.type !== 'Ready' && c.status === 'True');
      if (!word.startsWith('Ready')) return { level: 'bad', word, ...(ready?.message ? { reason: ready.message } : {}) };
      if (pressure) return { level: 'warning', word: pressure.type, ...(pressure.message ? { reason: pressure.message } : {}) };
      return { level: n.spec?.unschedulable ? 'warning' : 'good', word };
    },
  },
});
