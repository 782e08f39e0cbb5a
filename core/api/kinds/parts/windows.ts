// What pods of each operating system may not have, and the options of Windows (Kubernetes pkg/apis/core validation).
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain } from '../../meta/names.ts';
import type { Container, PodSpec, WindowsSecurityContextOptions } from '../../types/kubernetes.ts';

const MAX_SPEC_KIB = 64, MAX_DOMAIN = 256, MAX_USER = 104;
const DNS_LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/, DOMAIN = new RegExp(`^${DNS_LABEL}(?:\\.${DNS_LABEL})*$`);

/** Why a user's name is none on Windows; it may be `DOMAIN\user`. */
function userErrors(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  // eslint-disable-next-line no-control-regex -- the rule is about control characters
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const errors: string[] = [], domain = parts.length === 2 ? parts[0]! : undefined, user = parts.at(-1)!;
  if (domain !== undefined && domain.length >= MAX_DOMAIN) errors.push(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
  if (domain !== undefined && !NET_BIOS.test(domain) && !DOMAIN.test(domain)) errors.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  else if (user.length > MAX_USER) errors.push(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) errors.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  return errors;
}

/** Field errors of `windowsOptions`, below `path`. */
export function validateWindowsOptions(o: WindowsSecurityContextOptions | undefined, path: string): FieldError[] {
  if (!o) return [];
  const errors: FieldError[] = [], name = o.gmsaCredentialSpecName, spec = o.gmsaCredentialSpec;
  if (name !== undefined) for (const m of dnsSubdomain(name)) errors.push(invalid(`${path}.gmsaCredentialSpecName`, name, m));
  if (spec === '') errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, 'gmsaCredentialSpec cannot be an empty string'));
  else if (spec !== undefined && spec.length > MAX_SPEC_KIB * 1024) errors.push(invalid(`${path}.gmsaCredentialSpec`, spec, `gmsaCredentialSpec size must be under ${MAX_SPEC_KIB} KiB`));
  if (o.runAsUserName !== undefined) for (const m of userErrors(o.runAsUserName)) errors.push(invalid(`${path}.runAsUserName`, o.runAsUserName, m));
  return errors;
}

/** Every container of a pod with its path: init containers, containers, ephemeral ones, as Kubernetes visits them. */
export function containersOf(spec: PodSpec, path: string): { readonly container: Container; readonly at: string }[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap(list => (spec[list] ?? []).map((c, i) => ({ container: c as Container, at: `${path}.${list}[${i}]` })));
}

/** Host processes of Windows: all containers of a pod are some, or none is. */
export function validateHostProcess(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], ofPod = spec.securityContext?.windowsOptions?.hostProcess, none = (c: Container): boolean => c.securityContext?.windowsOptions?.hostProcess === undefined;
  // Nearly every pod.
  if (ofPod === undefined && (spec.containers ?? []).every(none) && (spec.initContainers ?? []).every(none) && ((spec.ephemeralContainers ?? []) as Container[]).every(none)) return errors;
  const all = containersOf(spec, path);
  let count = 0;
  for (const { container, at } of all) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod) errors.push(invalid(`${at}.securityContext.windowsOptions.hostProcess`, own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`));
    if (own ?? ofPod) count++;
  }
  if (count === 0) return errors;
  if (count !== all.length) errors.push(invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers'));
  if (!spec.hostNetwork) errors.push(invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers'));
  return errors;
}

const NOT_LINUX = 'windows options cannot be set for a linux pod', NOT_WINDOWS = 'cannot be set for a windows pod', SYSTEMS = ['linux', 'windows'];
/** Fields of the security context (`spec.` before those that lie above it), in Kubernetes' order. */
const POD_FIELDS = [
  'appArmorProfile', 'seLinuxOptions', 'spec.hostUsers', 'spec.hostPID', 'spec.hostIPC', 'seccompProfile', 'fsGroup', 'fsGroupChangePolicy', 'sysctls', 'spec.shareProcessNamespace', 'runAsUser',
  'runAsGroup', 'supplementalGroups', 'supplementalGroupsPolicy', 'seLinuxChangePolicy',
];
const CONTAINER_FIELDS = [
  'appArmorProfile', 'seLinuxOptions', 'seccompProfile', 'capabilities', 'readOnlyRootFilesystem', 'privileged', 'allowPrivilegeEscalation', 'procMount', 'runAsUser', 'runAsGroup',
] as const;
/** Set to something: a switch that is off and an empty list are not. */
const set = (o: object | undefined, field: string, switched: boolean): boolean => {
  const v = (o as Record<string, unknown> | undefined)?.[field];
  return v !== undefined && v !== null && !(switched && v === false) && !(field === 'sysctls' && (v as unknown[]).length === 0);
};

/** Rules of a pod that names its operating system. */
export function validateSystem(spec: PodSpec, path: string): FieldError[] {
  const { os, securityContext: s } = spec;
  if (!os) return [];
  if (!os.name) return [required(`${path}.os.name`, 'cannot be empty')];
  if (!SYSTEMS.includes(os.name)) return [notSupported(`${path}.os`, os.name, SYSTEMS)];
  const at = `${path}.securityContext`;
  if (os.name === 'linux') {
    return [
      ...(s?.windowsOptions ? [forbidden(`${at}.windowsOptions`, NOT_LINUX)] : []),
      ...containersOf(spec, path).filter(c => c.container.securityContext?.windowsOptions).map(c => forbidden(`${c.at}.securityContext.windowsOptions`, NOT_LINUX)),
    ];
  }
  const errors = POD_FIELDS.flatMap(f => {
    const name = f.replace('spec.', ''), above = name !== f;
    return set(above ? spec : s, name, name === 'hostPID' || name === 'hostIPC') ? [forbidden(above ? `${path}.${name}` : `${at}.${name}`, NOT_WINDOWS)] : [];
  });
  for (const c of containersOf(spec, path)) for (const f of CONTAINER_FIELDS) if (set(c.container.securityContext, f, false)) errors.push(forbidden(`${c.at}.securityContext.${f}`, NOT_WINDOWS));
  return errors;
}
