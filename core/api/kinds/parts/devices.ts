// What claims and classes of devices say (resource.k8s.io), with Kubernetes' limits.
import { duplicate, forbidden, invalid, notSupported, required, tooLong, tooMany, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain, labelKey, labelValue, NOT_POSITIVE } from '../../meta/names.ts';
import { byteLength } from '../../meta/object-meta.ts';
import { isObject } from '../../meta/clone.ts';
import type { DeviceClaim, DeviceSelector, DeviceToleration, ExactDeviceRequest, OpaqueDeviceConfiguration, DeviceSubRequest } from '../../types/kubernetes.ts';
import { canonical } from './resources.ts';
import { validateDriverName } from './csi.ts';

/** Bytes of a selector's expression. */
export const MAX_EXPRESSION = 10 * 1024;
const MAX_ITEMS = 32, MAX_SUB_REQUESTS = 8, MAX_TOLERATIONS = 16, MAX_PARAMETERS = 10 * 1024;
const MODES = ['All', 'ExactCount'], EFFECTS = ['NoExecute', 'NoSchedule', 'None'];

type Request = ExactDeviceRequest | DeviceSubRequest;

function defaultRequest(r: Request): void {
  r.allocationMode ??= 'ExactCount';
  if (r.allocationMode === 'ExactCount') r.count ??= 1;
  for (const t of r.tolerations ?? []) t.operator ??= 'Equal';
  const amounts = r.capacity?.requests;
  for (const name in amounts) amounts[name] = canonical(amounts[name]!);
}

/** Defaults of a claim's devices. */
export function defaultDevices(d: DeviceClaim | undefined): void {
  for (const r of d?.requests ?? []) {
    if (r.exactly) defaultRequest(r.exactly);
    for (const s of r.firstAvailable ?? []) defaultRequest(s);
  }
}

/** CEL selectors, at most 32; whether they compile is for the API server, which has CEL. */
export function validateSelectors(list: readonly DeviceSelector[] | undefined, path: string): FieldError[] {
  const errors = list && list.length > MAX_ITEMS ? [tooMany(path, list.length, MAX_ITEMS)] : [];
  list?.forEach((s, i) => {
    const at = `${path}[${i}].cel`;
    if (!s.cel) errors.push(required(at));
    else if (!s.cel.expression) errors.push(required(`${at}.expression`));
    else if (byteLength(s.cel.expression) > MAX_EXPRESSION) errors.push(tooLong(`${at}.expression`, MAX_EXPRESSION));
  });
  return errors;
}

/** A driver's own configuration: its name, and parameters that are an object. */
export function validateOpaque(o: OpaqueDeviceConfiguration | undefined, path: string): FieldError[] {
  if (!o) return [required(path, 'exactly one of the configuration types is required')];
  const errors = validateDriverName(o.driver, `${path}.driver`), at = `${path}.parameters`;
  if (o.parameters === undefined) errors.push(required(at));
  else if (!isObject(o.parameters)) errors.push(invalid(at, '<value omitted>', 'must be a valid JSON object'));
  else if (byteLength(JSON.stringify(o.parameters)) > MAX_PARAMETERS) errors.push(tooLong(at, MAX_PARAMETERS));
  return errors;
}

function validateTolerations(list: readonly DeviceToleration[] | undefined, path: string): FieldError[] {
  const errors = list && list.length > MAX_TOLERATIONS ? [tooMany(path, list.length, MAX_TOLERATIONS)] : [];
  list?.forEach((t, i) => {
    const at = `${path}[${i}]`;
    if (t.key) for (const m of labelKey(t.key)) errors.push(invalid(`${at}.key`, t.key, m));
    if (t.operator === 'Exists') {
      if (t.value) errors.push(invalid(`${at}.value`, t.value, 'must be empty for operator `Exists`'));
    } else if (t.operator === 'Equal') {
      if (!t.key) errors.push(required(`${at}.key`, 'must be set for operator `Equal`'));
      for (const m of labelValue(t.value ?? '')) errors.push(invalid(`${at}.value`, t.value ?? '', m));
    } else errors.push(notSupported(`${at}.operator`, t.operator ?? '', ['Equal', 'Exists'], true));
    if (t.effect && !EFFECTS.includes(t.effect)) errors.push(notSupported(`${at}.effect`, t.effect, EFFECTS));
  });
  return errors;
}

function validateRequest(r: Request, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!r.deviceClassName) errors.push(required(`${path}.deviceClassName`));
  else for (const m of dnsSubdomain(r.deviceClassName)) errors.push(invalid(`${path}.deviceClassName`, r.deviceClassName, m));
  errors.push(...validateSelectors(r.selectors, `${path}.selectors`));
  if (r.allocationMode === 'All') { if (r.count) errors.push(invalid(`${path}.count`, r.count, 'must not be specified when allocationMode is \'All\'')); }
  else if (r.allocationMode === 'ExactCount') { if (!(Number(r.count) > 0)) errors.push(invalid(`${path}.count`, r.count ?? 0, NOT_POSITIVE)); }
  else errors.push(notSupported(`${path}.allocationMode`, r.allocationMode ?? '', MODES));
  return [...errors, ...validateTolerations(r.tolerations, `${path}.tolerations`)];
}

/** The names that constraints and configuration may refer to: `main`, `main/sub`. */
function requestNames(d: DeviceClaim): Set<string> {
  const names = new Set<string>();
  for (const r of d.requests ?? []) {
    names.add(r.name);
    for (const s of r.firstAvailable ?? []) names.add(`${r.name}/${s.name}`);
  }
  return names;
}

function validateReferences(list: readonly string[] | undefined, known: ReadonlySet<string>, path: string): FieldError[] {
  const errors = list && list.length > MAX_ITEMS ? [tooMany(path, list.length, MAX_ITEMS)] : [], seen = new Set<string>();
  list?.forEach((name, i) => {
    if (seen.has(name)) errors.push(duplicate(`${path}[${i}]`, name));
    seen.add(name);
    if (!known.has(name)) errors.push(invalid(`${path}[${i}]`, name, 'must be the name of a request in the claim or the name of a request and a subrequest separated by \'/\''));
  });
  return errors;
}

const attributeName = (name: string, path: string): FieldError[] => {
  if (name === '') return [required(path)];
  const slash = name.indexOf('/');
  if (slash < 0) return [invalid(path, name, 'a fully qualified name must be a domain and a name separated by a slash')];
  const id = name.slice(slash + 1);
  return [...dnsSubdomain(name.slice(0, slash)).map(m => invalid(path, name.slice(0, slash), m)), ...(/^[A-Za-z_][A-Za-z0-9_]*$/.test(id) ? [] : [invalid(path, id, 'a valid C identifier must start with alphabetic character or \'_\', followed by a string of alphanumeric characters or \'_\' (e.g. \'my_name\',  or \'MY_NAME\',  or \'MyName\', regex used for validation is \'[A-Za-z_][A-Za-z0-9_]*\')')])];
};

/** The devices a claim asks for, below `path`. */
export function validateDevices(d: DeviceClaim | undefined, path: string): FieldError[] {
  if (!d) return [];
  const errors: FieldError[] = [], known = requestNames(d), seen = new Set<string>();
  for (const f of ['requests', 'constraints', 'config'] as const) if ((d[f]?.length ?? 0) > MAX_ITEMS) errors.push(tooMany(`${path}.${f}`, d[f]!.length, MAX_ITEMS));
  d.requests?.forEach((r, i) => {
    const at = `${path}.requests[${i}]`;
    if (!r.name) errors.push(required(`${at}.name`));
    else for (const m of dnsLabel(r.name)) errors.push(invalid(`${at}.name`, r.name, m));
    if (seen.has(r.name)) errors.push(duplicate(at, r.name));
    seen.add(r.name);
    if (!r.exactly && !r.firstAvailable?.length) errors.push(required(at, 'exactly one of `exactly` or `firstAvailable` is required'));
    else if (r.exactly && r.firstAvailable?.length) errors.push(invalid(at, r.name, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set'));
    if (r.exactly) errors.push(...validateRequest(r.exactly, `${at}.exactly`));
    if ((r.firstAvailable?.length ?? 0) > MAX_SUB_REQUESTS) errors.push(tooMany(`${at}.firstAvailable`, r.firstAvailable!.length, MAX_SUB_REQUESTS));
    const subs = new Set<string>();
    r.firstAvailable?.forEach((s, j) => {
      const sub = `${at}.firstAvailable[${j}]`;
      for (const m of dnsLabel(s.name ?? '')) errors.push(invalid(`${sub}.name`, s.name ?? '', m));
      if (subs.has(s.name)) errors.push(duplicate(sub, s.name));
      subs.add(s.name);
      errors.push(...validateRequest(s, sub));
    });
  });
  d.constraints?.forEach((c, i) => {
    const at = `${path}.constraints[${i}]`;
    errors.push(...validateReferences(c.requests, known, `${at}.requests`));
    if (c.matchAttribute === undefined && c.distinctAttribute === undefined) errors.push(required(at, 'exactly one of `matchAttribute` or `distinctAttribute` is required'));
    else if (c.matchAttribute !== undefined && c.distinctAttribute !== undefined) errors.push(forbidden(at, 'exactly one of `matchAttribute` or `distinctAttribute` is required'));
    else errors.push(...attributeName((c.matchAttribute ?? c.distinctAttribute)!, `${at}.${c.matchAttribute === undefined ? 'distinctAttribute' : 'matchAttribute'}`));
  });
  d.config?.forEach((c, i) => errors.push(...validateReferences(c.requests, known, `${path}.config[${i}].requests`), ...validateOpaque(c.opaque, `${path}.config[${i}].opaque`)));
  return errors;
}
