// The spec of pods and of pod templates: defaults and rules.
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ipErrors } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, labelKey } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import { compareQuantity, formatQuantity, nanosOf } from '../../meta/quantity.ts';
import { podSums } from '../../meta/resource-list.ts';
import type { Container, PodDNSConfig, PodSecurityContext, PodSpec } from '../../types/kubernetes.ts';
import { defaultContainer, defaultHostPorts, validateContainers, validateEphemeral, validateHostNetworkPorts, type Surroundings } from './container.ts';
import { defaultPodRequirements, defaultResourceList, ofPod, validatePodRequirements, validateRequirements } from './resources.ts';
import { idErrors, validateAppArmor, validateSeccomp } from './security.ts';
import { inSeconds, validateAffinity, validateSpread, validateTolerations } from './scheduling.ts';
import { defaultVolumes, validateVolumes } from './volumes.ts';
import { validateHostProcess, validateSystem, validateWindowsOptions } from './windows.ts';

/** In the order in which errors list them. */
const DNS = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'], RESTART = ['Always', 'OnFailure', 'Never'], PREEMPTION = ['PreemptLowerPriority', 'Never'];
const NO_CLAIMS: ReadonlySet<string> = new Set();

/** Defaults of a pod's spec (`inPod`) or of a template's, which gets fewer. */
export function defaultPodSpec(spec: PodSpec, inPod: boolean): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst';
  if (!spec.restartPolicy) spec.restartPolicy = 'Always';
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  if (inPod) spec.enableServiceLinks ??= true;
  if (spec.volumes) defaultVolumes(spec.volumes);
  if (spec.containers) for (const c of spec.containers) one(c, spec, inPod);
  if (spec.initContainers) for (const c of spec.initContainers) one(c, spec, inPod);
  if (spec.ephemeralContainers) for (const c of spec.ephemeralContainers) defaultContainer(c as Container, false);
  if (spec.resources) defaultPodRequirements(spec, inPod);
  defaultResourceList(spec.overhead);
}
function one(c: Container, spec: PodSpec, inPod: boolean): void {
  defaultContainer(c, inPod);
  if (inPod && spec.hostNetwork) defaultHostPorts(c);
}

function validateDns(config: PodDNSConfig | undefined, policy: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (policy === 'None' && !config) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')];
  if (policy === 'None' && !config?.nameservers?.length) return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  if (!config) return errors;
  if ((config.nameservers?.length ?? 0) > 3) errors.push(invalid(`${path}.nameservers`, config.nameservers, 'must not have more than 3 nameservers'));
  config.nameservers?.forEach((ns, i) => { for (const m of ipErrors(ns)) errors.push(invalid(`${path}.nameservers[${i}]`, ns, m)); });
  if ((config.searches?.length ?? 0) > 32) errors.push(invalid(`${path}.searches`, config.searches, 'must not have more than 32 search paths'));
  if (config.searches && config.searches.join(' ').length > 2048) errors.push(invalid(`${path}.searches`, config.searches, 'must not have more than 2048 characters (including spaces) in the search list'));
  config.searches?.forEach((s, i) => {
    if (s === '.') return;
    // Search paths may carry underscores and a final dot.
    for (const m of dnsSubdomain(s.replace(/\.$/, '').replaceAll('_', 'x'))) errors.push(invalid(`${path}.searches[${i}]`, s, m));
  });
  config.options?.forEach((o, i) => { if (!o.name) errors.push(required(`${path}.options[${i}]`, 'must not be empty')); });
  return errors;
}

function validateSecurity(s: PodSecurityContext | undefined, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!s) return errors;
  for (const f of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) errors.push(...idErrors(s[f], `${path}.${f}`));
  s.supplementalGroups?.forEach((g, i) => errors.push(...idErrors(g, `${path}.supplementalGroups[${i}]`)));
  if (spec.shareProcessNamespace && spec.hostPID) errors.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  errors.push(...validateSysctls(s.sysctls, spec, `${path}.sysctls`));
  if (s.fsGroupChangePolicy !== undefined && s.fsGroupChangePolicy !== 'Always' && s.fsGroupChangePolicy !== 'OnRootMismatch') errors.push(notSupported(`${path}.fsGroupChangePolicy`, s.fsGroupChangePolicy, ['Always', 'OnRootMismatch']));
  errors.push(...validateSeccomp(s.seccompProfile, `${path}.seccompProfile`), ...validateWindowsOptions(s.windowsOptions, `${path}.windowsOptions`), ...validateAppArmor(s.appArmorProfile, `${path}.appArmorProfile`));
  if (s.supplementalGroupsPolicy !== undefined && s.supplementalGroupsPolicy !== 'Merge' && s.supplementalGroupsPolicy !== 'Strict') errors.push(notSupported(`${path}.supplementalGroupsPolicy`, s.supplementalGroupsPolicy, ['Merge', 'Strict']));
  if (s.seLinuxChangePolicy !== undefined && s.seLinuxChangePolicy !== 'MountOption' && s.seLinuxChangePolicy !== 'Recursive') errors.push(notSupported(`${path}.seLinuxChangePolicy`, s.seLinuxChangePolicy, ['MountOption', 'Recursive']));
  return errors;
}

/** Kernel settings that belong to a network or to IPC: not those of the host. */
const OF_NETWORK = /^net\./, OF_IPC = /^(kernel\.(shm.*|msg.*|sem)$|fs\.mqueue\.)/;
function validateSysctls(list: readonly { name: string }[] | undefined, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  list?.forEach((c, i) => {
    if (!c.name) errors.push(required(`${path}[${i}].name`));
    else if (!/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(c.name) || c.name.length > 253) errors.push(invalid(`${path}[${i}].name`, c.name, 'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'));
    else if (names.has(c.name)) errors.push(duplicate(`${path}[${i}].name`, c.name));
    const dotted = (c.name ?? '').replaceAll('/', '.');
    if (spec.hostNetwork && OF_NETWORK.test(dotted)) errors.push(invalid(`${path}[${i}].name`, c.name, "may not be specified when 'hostNetwork' is true"));
    else if (spec.hostIPC && OF_IPC.test(dotted)) errors.push(invalid(`${path}[${i}].name`, c.name, "may not be specified when 'hostIPC' is true"));
    names.add(c.name);
  });
  return errors;
}

/** The claims of a pod: named once each, and of one kind. */
function validateResourceClaims(list: PodSpec['resourceClaims'], path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  list?.forEach((c, i) => {
    const at = `${path}[${i}]`;
    if (!c.name) errors.push(required(`${at}.name`));
    else if (names.has(c.name)) errors.push(duplicate(`${at}.name`, c.name));
    else { for (const m of dnsLabel(c.name)) errors.push(invalid(`${at}.name`, c.name, m)); names.add(c.name); }
    if (c.resourceClaimName !== undefined && c.resourceClaimTemplateName !== undefined) errors.push(invalid(at, c, 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (c.resourceClaimName === undefined && c.resourceClaimTemplateName === undefined) errors.push(invalid(at, c, 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    for (const f of ['resourceClaimName', 'resourceClaimTemplateName'] as const) if (c[f] !== undefined) for (const m of dnsSubdomain(c[f])) errors.push(invalid(`${at}.${f}`, c[f], m));
  });
  return errors;
}

/** What a pod asks for as a whole, and that its containers stay within it. */
function validatePodResources(spec: PodSpec, path: string): FieldError[] {
  const r = spec.resources!, errors = validatePodRequirements(r, path);
  for (const [name, sum] of podSums({ ...spec, resources: undefined }, 'requests', { overhead: false })) {
    const asked = r.requests?.[name] ?? '0';
    if (ofPod(name) && sum.nanos > nanosOf(asked)) errors.push(invalid(`${path}.requests[${name}]`, asked, `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`));
  }
  spec.containers?.forEach((c, i) => {
    for (const name in c.resources?.limits) {
      const limit = c.resources.limits[name]!, most = r.limits?.[name];
      if (most !== undefined && compareQuantity(limit, most) > 0) errors.push(invalid(`${path}.containers[${i}][${name}].limits`, limit, `must be less than or equal to pod limits of ${most}`));
    }
  });
  return errors;
}

/** All errors of a pod's or template's spec; `inPod`: the pod's own name and what only a pod must have are looked at. */
export function validatePodSpec(spec: PodSpec, path: string, inPod?: { readonly name: string }): FieldError[] {
  const errors: FieldError[] = [], { volumes, errors: bad } = validateVolumes(spec.volumes, `${path}.volumes`, inPod?.name ?? '', inPod !== undefined);
  const pod: Surroundings = { spec, volumes, claims: spec.resourceClaims ? new Set(spec.resourceClaims.map(c => c.name).filter(n => n !== '')) : NO_CLAIMS };
  errors.push(...bad, ...validateResourceClaims(spec.resourceClaims, `${path}.resourceClaims`), ...validateContainers(pod, path), ...validateEphemeral(pod, path));
  if (spec.resources) errors.push(...validatePodResources(spec, `${path}.resources`));
  errors.push(...validateHostNetworkPorts(spec, path, inPod !== undefined));
  if (!RESTART.includes(spec.restartPolicy!)) errors.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy ?? '', RESTART, true));
  if (!DNS.includes(spec.dnsPolicy!)) errors.push(notSupported(`${path}.dnsPolicy`, spec.dnsPolicy ?? '', DNS, true));
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validateSecurity(spec.securityContext, spec, `${path}.securityContext`));
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`));
  if (spec.dnsConfig || spec.dnsPolicy === 'None') errors.push(...validateDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`));
  errors.push(...validateGates(spec, path));
  if (spec.topologySpreadConstraints) errors.push(...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  errors.push(...validateHostProcess(spec, path));
  if (spec.hostUsers === false) for (const f of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (spec[f]) errors.push(forbidden(`${path}.${f}`, 'when `hostUsers` is false'));
  errors.push(...validateNames(spec, path));
  if (spec.preemptionPolicy !== undefined && !PREEMPTION.includes(spec.preemptionPolicy)) errors.push(notSupported(`${path}.preemptionPolicy`, spec.preemptionPolicy, PREEMPTION, true));
  if (spec.overhead) errors.push(...validateRequirements({ limits: spec.overhead }, `${path}.overhead`));
  return [...errors, ...validateSystem(spec, path)];
}

function validateGates(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], gates = new Set<string>();
  spec.readinessGates?.forEach((g, i) => { for (const m of labelKey(g.conditionType ?? '')) errors.push(invalid(`${path}.readinessGates[${i}].conditionType`, g.conditionType ?? '', m)); });
  spec.schedulingGates?.forEach((g, i) => {
    for (const m of labelKey(g.name ?? '')) errors.push(invalid(`${path}.schedulingGates[${i}]`, g.name ?? '', m));
    if (gates.has(g.name)) errors.push(duplicate(`${path}.schedulingGates[${i}]`, g.name));
    gates.add(g.name);
  });
  return errors;
}

/** Names and times of a spec, tolerations and aliases among them, in Kubernetes' order. */
function validateNames(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [], deadline = spec.activeDeadlineSeconds;
  const named = (f: 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'hostname' | 'subdomain' | 'hostnameOverride', rule: (name: string) => readonly string[]): void => {
    if (spec[f]) for (const m of rule(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  };
  named('serviceAccountName', dnsSubdomain);
  named('nodeName', dnsSubdomain);
  if (deadline !== undefined && !(deadline >= 1 && deadline <= 2_147_483_647)) errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, inSeconds(1)));
  named('hostname', dnsLabel);
  named('subdomain', dnsLabel);
  named('hostnameOverride', dnsSubdomain);
  if (spec.tolerations) errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  spec.hostAliases?.forEach((a, i) => {
    for (const m of ipErrors(a.ip ?? '')) errors.push(invalid(`${path}.hostAliases[${i}].ip`, a.ip ?? '', m));
    a.hostnames?.forEach((h, j) => { for (const m of dnsSubdomain(h)) errors.push(invalid(`${path}.hostAliases[${i}].hostnames[${j}]`, h, m)); });
  });
  named('priorityClassName', dnsSubdomain);
  if (spec.runtimeClassName !== undefined) for (const m of dnsSubdomain(spec.runtimeClassName)) errors.push(invalid(`${path}.runtimeClassName`, spec.runtimeClassName, m));
  return errors;
}
