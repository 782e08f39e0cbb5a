import { equal } from '../../meta/clone.ts';
import { duplicate, forbidden, invalid, required, tooMany, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { ResourceV1ResourceClaim } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { defaultDevices, validateDevices } from '../parts/devices.ts';
import { keepStatus } from '../parts/keep-status.ts';

const MAX_CONSUMERS = 256, MAX_RESULTS = 32;

function validate(c: ResourceV1ResourceClaim): FieldError[] {
  const errors = validateDevices(c.spec?.devices, 'spec.devices'), reserved = c.status?.reservedFor;
  if ((reserved?.length ?? 0) > MAX_CONSUMERS) errors.push(tooMany('status.reservedFor', reserved!.length, MAX_CONSUMERS));
  const uids = new Set<string>();
  reserved?.forEach((r, i) => {
    const at = `status.reservedFor[${i}]`;
    if (!r.resource) errors.push(required(`${at}.resource`));
    if (!r.name) errors.push(required(`${at}.name`));
    if (!r.uid) errors.push(required(`${at}.uid`));
    if (r.uid && uids.has(r.uid)) errors.push(duplicate(`${at}.uid`, r.uid));
    uids.add(r.uid);
  });
  const allocation = c.status?.allocation;
  if ((allocation?.devices?.results?.length ?? 0) > MAX_RESULTS) errors.push(tooMany('status.allocation.devices.results', allocation!.devices!.results!.length, MAX_RESULTS));
  allocation?.devices?.results?.forEach((r, i) => {
    const at = `status.allocation.devices.results[${i}]`;
    for (const f of ['request', 'driver', 'pool', 'device'] as const) if (!r[f]) errors.push(required(`${at}.${f}`));
  });
  if (reserved?.length && !allocation) errors.push(forbidden('status.reservedFor', 'may not be specified when `allocated` is not set'));
  return errors;
}

function validateUpdate(next: ResourceV1ResourceClaim, prev: ResourceV1ResourceClaim): FieldError[] {
  const errors = equal(next.spec, prev.spec) ? [] : [invalid('spec', next.spec, IMMUTABLE)];
  const a = next.status?.allocation, b = prev.status?.allocation;
  if (a && b && !equal(a, b)) errors.push(invalid('status.allocation', a, IMMUTABLE));
  if (next.metadata?.deletionTimestamp !== undefined) {
    const held = new Set((prev.status?.reservedFor ?? []).map(r => r.uid));
    next.status?.reservedFor?.forEach((r, i) => { if (!held.has(r.uid)) errors.push(forbidden(`status.reservedFor[${i}]`, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')); });
  }
  return errors;
}

/** `pending`, `allocated,reserved`, `deleted,allocated`. */
function state(c: ResourceV1ResourceClaim): string {
  const deleted = c.metadata?.deletionTimestamp !== undefined, words = deleted ? ['deleted'] : [];
  if (c.status?.allocation) words.push('allocated', ...(c.status.reservedFor?.length ? ['reserved'] : []));
  else if (!deleted) words.push('pending');
  return words.join(',');
}

export const resourceClaim = defineKind<ResourceV1ResourceClaim>({
  group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaim', plural: 'resourceclaims', namespaced: true,
  schema: 'io.k8s.api.resource.v1.ResourceClaim',
  subresources: [STATUS], statusOnly: true,
  setDefaults(c) { defaultDevices((c.spec ??= {}).devices); },
  prepareForCreate(c) { c.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate,
  columns: [nameColumn, text('State', 'A summary of the current state (allocated, pending, reserved, etc.).', state, { draw: 'state' }), ageColumn],
  view: { nav: 'Cluster', icon: 'claim', sections: ['owners', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
