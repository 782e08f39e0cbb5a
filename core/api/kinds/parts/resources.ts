// Resource lists: canonical quantities, requests and limits.
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, labelKey, NOT_NEGATIVE } from '../../meta/names.ts';
import { canonicalQuantity, compareQuantity, formatQuantity, nanosOf, quantityError, wholeOf } from '../../meta/quantity.ts';
import { podSums, quantityOf } from '../../meta/resource-list.ts';
import { badRequest } from '../../meta/status.ts';
import type { PodSpec, ResourceRequirements } from '../../types/kubernetes.ts';

type List = Record<string, string>;
const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods', 'services', 'replicationcontrollers', 'resourcequotas', 'secrets', 'configmaps', 'persistentvolumeclaims', 'requests.cpu', 'requests.memory', 'requests.storage', 'requests.ephemeral-storage', 'limits.cpu', 'limits.memory', 'limits.ephemeral-storage', 'services.nodeports', 'services.loadbalancers']);
const CONTAINER = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** What is counted in pieces. */
const INTEGER = new Set(['pods', 'resourcequotas', 'services', 'replicationcontrollers', 'secrets', 'configmaps', 'persistentvolumeclaims', 'services.nodeports', 'services.loadbalancers']);
const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Resources a node may promise only once: extended ones and huge pages. */
export const noOvercommit = (name: string): boolean => isHugePages(name) || !isNative(name);
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** A resource of somebody's own: `example.com/gpu`. */
export const isExtended = (name: string): boolean => !isNative(name) && !name.startsWith('requests.') && labelKey(`requests.${name}`).length === 0;

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

/**
 * What a pod as a whole asks for, in place: canonical quantities; in pods (`inPod`), huge pages are bounded as its containers bound them,
 * and what is bounded is also asked for: as much as the containers ask for, or all of it.
 */
export function defaultPodRequirements(spec: PodSpec, inPod: boolean): void {
  const r = spec.resources!, bare = { ...spec, resources: undefined };
  defaultRequirements(r, false);
  const said = (list: List | undefined): boolean => list !== undefined && Object.keys(list).length > 0;
  if (!inPod || !(said(r.limits) || said(r.requests))) return;
  for (const [name, sum] of podSums(bare, 'limits', { overhead: false })) if (isHugePages(name) && r.requests?.[name] === undefined) (r.limits ??= {})[name] ??= formatQuantity(sum);
  if (!said(r.limits)) return;
  const requests = (r.requests ??= {});
  for (const [name, sum] of podSums(bare, 'requests', { overhead: false })) if (ofPod(name) && !noOvercommit(name)) requests[name] ??= formatQuantity(sum);
  for (const name in r.limits) if (ofPod(name)) requests[name] ??= r.limits[name]!;
}

/** The name of a resource that containers may ask for. */
export function validateContainerResource(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (!name.includes('/')) { if (!CONTAINER.has(name) && !isHugePages(name)) errors.push(invalid(path, name, 'must be a standard resource for containers')); }
  else if (!isNative(name) && !isExtended(name)) errors.push(invalid(path, name, "doesn't follow extended resource name standard"));
  return errors;
}
/** The name of any resource: well-known, or with somebody's domain before it. */
export function validateResourceName(name: string, path: string): FieldError[] {
  const errors = labelKey(name).map(m => invalid(path, name, m));
  if (errors.length > 0 || name.includes('/') || STANDARD.has(name) || isHugePages(name.replace(/^requests\./, ''))) return errors;
  return [invalid(path, name, 'must be a standard resource type or fully qualified')];
}
/** What a pod as a whole may ask for. */
export const ofPod = (name: string): boolean => name === 'cpu' || name === 'memory' || isHugePages(name);
function validatePodResource(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  return errors.length > 0 || ofPod(name) ? errors : [notSupported(path, name, ['cpu', 'memory'])];
}

/** A resource amount: not negative, whole where the resource comes in pieces. */
export function validateAmount(name: string, value: string, path: string): FieldError[] {
  const nanos = nanosOf(value);
  const errors: FieldError[] = [];
  if (nanos < 0n) errors.push(invalid(path, value, NOT_NEGATIVE));
  if ((INTEGER.has(name) || isExtended(name)) && nanos % 1_000_000_000n !== 0n) errors.push(invalid(path, value, 'must be an integer'));
  return errors;
}

/** Not a whole number: of bytes there are no parts. */
export const isFractional = (value: string): boolean => quantityOf(value).nanos % 1_000_000_000n !== 0n;
/** An amount that is not negative; the error shows it in whole units. */
export const validateWhole = (value: string, path: string): FieldError[] => (wholeOf(value) < 0 ? [invalid(path, wholeOf(value), 'must be a valid resource quantity')] : []);

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

/** Huge pages come in whole pages. */
function hugePageErrors(name: string, value: string, path: string): FieldError[] {
  if (!isHugePages(name)) return [];
  const size = name.slice('hugepages-'.length), page = quantityError(size) === undefined ? nanosOf(size) : 0n;
  return page > 0n && nanosOf(value) % page === 0n ? [] : [invalid(path, value, `${value} is not positive integer multiple of ${name}`)];
}

/** The claims of its pod a container uses: each once, each known. */
function validateClaims(claims: readonly { name?: string; request?: string }[] | undefined, known: ReadonlySet<string>, path: string): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  claims?.forEach(({ name = '', request = '' }, i) => {
    const at = `${path}[${i}]`;
    if (name === '') { errors.push(required(at)); return; }
    if (seen.has(name)) errors.push(duplicate(at, name));
    else {
      const key = request === '' ? name : `${name}/${request}`;
      if (request !== '') for (const m of dnsLabel(request)) errors.push(invalid(`${at}.request`, request, m));
      if (seen.has(key)) errors.push(duplicate(at, key));
      else if (request === '') for (const k of seen) if (k.startsWith(`${name}/`)) errors.push(duplicate(at, name));
      seen.add(key);
    }
    if (!known.has(name)) {
      const which = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
      errors.push({ type: 'FieldValueNotFound', field: at, detail: `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${which}` });
    }
  });
  return errors;
}

const NO_CLAIMS: ReadonlySet<string> = new Set();
/** Requests and limits of a container; `claims` are the pod's. */
export function validateRequirements(r: ResourceRequirements | undefined, path: string, claims: ReadonlySet<string> = NO_CLAIMS): FieldError[] {
  return r ? checkRequirements(r, path, claims, validateContainerResource) : [];
}
/** Requests and limits of a pod as a whole. */
export function validatePodRequirements(r: ResourceRequirements, path: string): FieldError[] {
  return [...(r.claims === undefined ? [] : [forbidden(`${path}.claims`, 'claims cannot be set for Resources at pod-level')]), ...checkRequirements(r, path, NO_CLAIMS, validatePodResource)];
}

function checkRequirements(r: ResourceRequirements, path: string, claims: ReadonlySet<string>, nameErrors: (name: string, at: string) => FieldError[]): FieldError[] {
  const errors: FieldError[] = [];
  let compute = false, huge = false;
  const one = (name: string, value: string, at: string): void => {
    if (name === 'cpu' || name === 'memory') compute = true; else errors.push(...nameErrors(name, at));
    errors.push(...validateAmount(name, value, at));
  };
  for (const name in r.limits) {
    const at = `${path}.limits[${name}]`, limit = r.limits[name]!;
    one(name, limit, at);
    if (isHugePages(name)) { huge = true; errors.push(...hugePageErrors(name, limit, at)); }
  }
  for (const name in r.requests) {
    const at = `${path}.requests[${name}]`, request = r.requests[name]!, limit = r.limits?.[name];
    one(name, request, at);
    if (limit === undefined) {
      if (noOvercommit(name)) errors.push(required(`${path}.limits`, 'Limit must be set for non overcommitable resources'));
    } else if (limit !== request) {
      if (noOvercommit(name) && compareQuantity(request, limit) !== 0) errors.push(invalid(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`));
      else if (compareQuantity(request, limit) > 0) errors.push(invalid(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`));
    }
    if (isHugePages(name)) { huge = true; errors.push(...hugePageErrors(name, request, at)); }
  }
  if (huge && !compute) errors.push(forbidden(path, 'HugePages require cpu or memory'));
  if (r.claims) errors.push(...validateClaims(r.claims, claims, `${path}.claims`));
  return errors;
}
