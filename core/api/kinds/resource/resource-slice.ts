import { duplicate, forbidden, invalid, notSupported, required, tooLong, tooMany, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain, IMMUTABLE, labelKey, labelValue, NOT_NEGATIVE, NOT_POSITIVE } from '../../meta/names.ts';
import type { Device, DeviceAttribute, ResourceSlice, ResourceSliceSpec } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateDriverName } from '../parts/csi.ts';
import { canonical } from '../parts/resources.ts';

const MAX_DEVICES = 128, MAX_ATTRIBUTES = 32, MAX_TAINTS = 16, LONGEST_POOL = 253, LONGEST_VALUE = 64;
const VALUES = ['int', 'bool', 'string', 'version', 'ints', 'bools', 'strings', 'versions'] as const, EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const SEMVER = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/** `driver.example.com/pool` in parts: at most 253, each part a subdomain. */
function poolName(name: string, path: string): FieldError[] {
  if (name === '') return [required(path)];
  return [...(name.length > LONGEST_POOL ? [tooLong(path, LONGEST_POOL)] : []), ...name.split('/').flatMap(part => dnsSubdomain(part).map(m => invalid(path, part, m)))];
}

function validateAttribute(a: DeviceAttribute, path: string): FieldError[] {
  const set = VALUES.filter(v => a[v] !== undefined);
  if (set.length === 0) return [required(path, 'exactly one value must be specified')];
  if (set.length > 1) return [invalid(path, a, 'exactly one value must be specified')];
  const errors: FieldError[] = [];
  if ((a.string?.length ?? 0) > LONGEST_VALUE) errors.push(tooLong(`${path}.string`, LONGEST_VALUE));
  if (a.version !== undefined) {
    if (!SEMVER.test(a.version)) errors.push(invalid(`${path}.version`, a.version, 'must be a string compatible with semver.org spec 2.0.0'));
    if (a.version.length > LONGEST_VALUE) errors.push(tooLong(`${path}.version`, LONGEST_VALUE));
  }
  return errors;
}

function validateDevice(d: Device, s: ResourceSliceSpec, path: string): FieldError[] {
  const errors: FieldError[] = dnsLabel(d.name ?? '').map(m => invalid(`${path}.name`, d.name ?? '', m));
  const many = Object.keys(d.attributes ?? {}).length + Object.keys(d.capacity ?? {}).length;
  if (many > MAX_ATTRIBUTES) errors.push(invalid(path, many, `the total number of attributes and capacities must not exceed ${MAX_ATTRIBUTES}`));
  for (const [name, a] of Object.entries(d.attributes ?? {})) errors.push(...validateAttribute(a, `${path}.attributes[${name}]`));
  if ((d.taints?.length ?? 0) > MAX_TAINTS) errors.push(tooMany(`${path}.taints`, d.taints!.length, MAX_TAINTS));
  d.taints?.forEach((t, i) => {
    const at = `${path}.taints[${i}]`;
    for (const m of labelKey(t.key ?? '')) errors.push(invalid(`${at}.key`, t.key ?? '', m));
    for (const m of labelValue(t.value ?? '')) errors.push(invalid(`${at}.value`, t.value ?? '', m));
    if (!t.effect) errors.push(required(`${at}.effect`));
    else if (!EFFECTS.includes(t.effect)) errors.push(notSupported(`${at}.effect`, t.effect, EFFECTS));
  });
  const own = [d.nodeName, d.nodeSelector, d.allNodes || undefined].filter(x => x !== undefined).length;
  if (s.perDeviceNodeSelection && own !== 1) errors.push(own === 0 ? required(path, 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec') : invalid(path, d.name, 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'));
  return errors;
}

function validate(r: ResourceSlice): FieldError[] {
  const s = r.spec;
  if (!s) return [required('spec.driver')];
  const errors = [...validateDriverName(s.driver, 'spec.driver'), ...poolName(s.pool?.name ?? '', 'spec.pool.name')];
  if (!((s.pool?.resourceSliceCount ?? 0) > 0)) errors.push(invalid('spec.pool.resourceSliceCount', s.pool?.resourceSliceCount ?? 0, NOT_POSITIVE));
  if ((s.pool?.generation ?? 0) < 0) errors.push(invalid('spec.pool.generation', s.pool.generation, NOT_NEGATIVE));
  const where = [s.nodeName ?? undefined, s.nodeSelector, s.allNodes || undefined, s.perDeviceNodeSelection || undefined].filter(x => x !== undefined).length;
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
  if (where === 0) errors.push(required('spec', one));
  else if (where > 1) errors.push(invalid('spec', '{...}', `${one}, but multiple fields are set`));
  if (s.nodeName !== undefined) for (const m of dnsSubdomain(s.nodeName)) errors.push(invalid('spec.nodeName', s.nodeName, m));
  if (s.nodeSelector && s.nodeSelector.nodeSelectorTerms?.length !== 1) errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', s.nodeSelector.nodeSelectorTerms?.length ?? 0, 'must have exactly one node selector term'));
  if ((s.devices?.length ?? 0) > MAX_DEVICES) errors.push(tooMany('spec.devices', s.devices!.length, MAX_DEVICES));
  if (s.devices?.length && s.sharedCounters?.length) errors.push(forbidden('spec', 'only one of `sharedCounters` or `devices` is allowed'));
  const names = new Set<string>();
  s.devices?.forEach((d, i) => {
    if (names.has(d.name)) errors.push(duplicate(`spec.devices[${i}].name`, d.name));
    names.add(d.name);
    errors.push(...validateDevice(d, s, `spec.devices[${i}]`));
  });
  return errors;
}

function validateUpdate(next: ResourceSlice, prev: ResourceSlice): FieldError[] {
  const errors: FieldError[] = [];
  if (next.spec.driver !== prev.spec.driver) errors.push(invalid('spec.driver', next.spec.driver, IMMUTABLE));
  if (next.spec.pool.name !== prev.spec.pool.name) errors.push(invalid('spec.pool.name', next.spec.pool.name, IMMUTABLE));
  if (next.spec.nodeName !== prev.spec.nodeName) errors.push(invalid('spec.nodeName', next.spec.nodeName, IMMUTABLE));
  return errors;
}

export const resourceSlice = defineKind<ResourceSlice>({
  group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSlice', plural: 'resourceslices', namespaced: false,
  schema: 'io.k8s.api.resource.v1.ResourceSlice',
  generation: true,
  setDefaults(r) {
    for (const d of r.spec?.devices ?? []) for (const c of Object.values(d.capacity ?? {})) c.value = canonical(c.value);
    for (const s of r.spec?.sharedCounters ?? []) for (const c of Object.values(s.counters ?? {})) c.value = canonical(c.value);
  },
  validate,
  validateUpdate,
  fields: { 'spec.nodeName': r => r.spec?.nodeName ?? '', 'spec.driver': r => r.spec?.driver ?? '' },
  columns: [
    nameColumn,
    text('Node', 'The node the devices are on.', r => r.spec?.nodeName ?? '<unset>', { draw: 'link' }),
    text('Driver', 'The driver that knows them.', r => r.spec?.driver ?? ''),
    text('Pool', 'The pool they belong to.', r => r.spec?.pool?.name ?? ''),
    ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'node', sections: ['owners', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
