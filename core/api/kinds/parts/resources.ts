// Resource lists: canonical quantities, requests and limits.
import { duplicate, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { labelKey, NOT_NEGATIVE } from '../../meta/names.ts';
import { canonicalQuantity, compareQuantity, nanosOf, quantityError } from '../../meta/quantity.ts';
import { badRequest } from '../../meta/status.ts';
import type { ResourceRequirements } from '../../types/kubernetes.ts';

type List = Record<string, string>;
const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'requests.cpu', 'requests.memory', 'requests.storage', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage']);
const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Resources a node may promise only once: extended ones and huge pages. */
export const noOvercommit = (name: string): boolean => isHugePages(name) || (name.includes('/') && !name.startsWith('kubernetes.io/'));

/** Writes a quantity as Kubernetes stores it; throws BadRequest for text that is none (a decoding error upstream, not a validation one). */
export function canonical(value: string | number, milli = false): string {
  const error = quantityError(typeof value === 'string' ? value.trim() : value);
  if (error !== undefined) throw badRequest(error);
  return canonicalQuantity(value, milli);
}

/** Canonical quantities in place; thousandths are the finest a resource list keeps. */
export function defaultResourceList(list: List | undefined | null): void {
  for (const name in list) {
    const value = list[name]!, text = QUICK.get(value) ?? canonical(value, true);
    if (text !== value) list[name] = text;
  }
}
/** The usual suspects, which need no arithmetic. */
const QUICK = new Map(['100m', '250m', '500m', '1', '2', '64Mi', '128Mi', '256Mi', '512Mi', '1Gi', '2Gi'].map(q => [q, q]));

/** Canonical quantities; requests from limits where `fromLimits` (pods, not templates). */
export function defaultRequirements(r: ResourceRequirements | undefined | null, fromLimits: boolean): void {
  if (!r) return;
  defaultResourceList(r.limits);
  defaultResourceList(r.requests);
  if (!fromLimits || !r.limits) return;
  for (const name in r.limits) {
    r.requests ??= {};
    r.requests[name] ??= r.limits[name]!;
  }
}

/** The name of a resource that containers may ask for. */
export function validateContainerResource(name: string, path: string): FieldError[] {
  const errors = labelKey(name).map(m => invalid(path, name, m));
  if (errors.length > 0 || name.includes('/')) return errors;
  if (!STANDARD.has(name) && !isHugePages(name)) return [invalid(path, name, 'must be a standard resource type or fully qualified'), invalid(path, name, 'must be a standard resource for containers')];
  return CONTAINER.has(name) || isHugePages(name) ? errors : [invalid(path, name, 'must be a standard resource for containers')];
}

/** A resource amount: not negative, whole where the resource comes in pieces. */
export function validateAmount(name: string, value: string, path: string): FieldError[] {
  const nanos = nanosOf(value);
  const errors: FieldError[] = [];
  if (nanos < 0n) errors.push(invalid(path, value, NOT_NEGATIVE));
  if (noOvercommit(name) && nanos % 1_000_000_000n !== 0n) errors.push(invalid(path, value, 'must be an integer'));
  return errors;
}

const RESIZABLE = ['cpu', 'memory'], RESIZE = ['NotRequired', 'RestartContainer'];
/** How a container takes new resources; each resource once. */
export function validateResizePolicy(list: readonly { resourceName?: string; restartPolicy?: string }[], path: string, restart: string | undefined): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  list.forEach((p, i) => {
    const name = p.resourceName ?? '', policy = p.restartPolicy ?? '';
    if (seen.has(name)) errors.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
    if (name === '') errors.push(required(path));
    else if (!RESIZABLE.includes(name)) errors.push(notSupported(path, name, RESIZABLE));
    if (policy === '') errors.push(required(path));
    else if (!RESIZE.includes(policy)) errors.push(notSupported(path, policy, RESIZE));
    if (restart === 'Never' && policy !== 'NotRequired') errors.push(invalid(path, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  });
  return errors;
}

/** Requests and limits of a container. */
export function validateRequirements(r: ResourceRequirements | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!r) return errors;
  for (const name in r.limits) {
    const at = `${path}.limits[${name}]`;
    if (!CONTAINER.has(name)) errors.push(...validateContainerResource(name, at));
    errors.push(...validateAmount(name, r.limits[name]!, at));
  }
  for (const name in r.requests) {
    const at = `${path}.requests[${name}]`, request = r.requests[name]!;
    if (!CONTAINER.has(name)) errors.push(...validateContainerResource(name, at));
    errors.push(...validateAmount(name, request, at));
    const limit = r.limits?.[name];
    if (limit === undefined) {
      if (noOvercommit(name)) errors.push({ type: 'FieldValueRequired', field: `${path}.limits`, detail: 'Required value: Limit must be set for non overcommitable resources' });
    } else if (limit !== request) {
      if (noOvercommit(name) && compareQuantity(request, limit) !== 0) errors.push(invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
      else if (compareQuantity(request, limit) > 0) errors.push(invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
  }
  return errors;
}
