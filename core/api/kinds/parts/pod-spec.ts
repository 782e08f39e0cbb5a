// The spec of pods and of pod templates: defaults and rules.
import { duplicate, forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ipErrors } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, labelKey } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Container, PodDNSConfig, PodSecurityContext, PodSpec } from '../../types/kubernetes.ts';
import { defaultContainer, defaultHostPorts, imageSpace, validateContainers, validateEphemeral, validateHostNetworkPorts } from './container.ts';
import { defaultRequirements, validateRequirements } from './resources.ts';
import { idErrors, validateAppArmor, validateSeccomp } from './security.ts';
import { inSeconds, validateAffinity, validateSpread, validateTolerations } from './scheduling.ts';
import { defaultVolumes, validateVolumes } from './volumes.ts';

const DNS = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'], RESTART = ['Always', 'Never', 'OnFailure'];

/** Defaults of a pod's spec (`inPod`) or of a template's, which gets fewer. */
export function defaultPodSpec(spec: PodSpec, inPod: boolean): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst';
  if (!spec.restartPolicy) spec.restartPolicy = 'Always';
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (spec.terminationGracePeriodSeconds < 0) spec.terminationGracePeriodSeconds = 1;
  if (!spec.serviceAccountName && spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  if (inPod) spec.enableServiceLinks ??= true;
  if (spec.volumes) defaultVolumes(spec.volumes);
  if (spec.containers) for (const c of spec.containers) one(c, spec, inPod);
  if (spec.initContainers) for (const c of spec.initContainers) one(c, spec, inPod);
  if (spec.ephemeralContainers) for (const c of spec.ephemeralContainers) defaultContainer(c as Container, false);
  if (spec.resources) defaultRequirements(spec.resources, inPod);
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
  for (const f of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) {
    errors.push(...idErrors(s[f], `${path}.${f}`));
  }
  s.supplementalGroups?.forEach((g, i) => errors.push(...idErrors(g, `${path}.supplementalGroups[${i}]`)));
  if (spec.shareProcessNamespace && spec.hostPID) errors.push(invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  errors.push(...validateSysctls(s.sysctls, `${path}.sysctls`));
  if (s.fsGroupChangePolicy !== undefined && s.fsGroupChangePolicy !== 'Always' && s.fsGroupChangePolicy !== 'OnRootMismatch') errors.push(notSupported(`${path}.fsGroupChangePolicy`, s.fsGroupChangePolicy, ['Always', 'OnRootMismatch']));
  errors.push(...validateSeccomp(s.seccompProfile, `${path}.seccompProfile`), ...validateAppArmor(s.appArmorProfile, `${path}.appArmorProfile`));
  if (s.supplementalGroupsPolicy !== undefined && s.supplementalGroupsPolicy !== 'Merge' && s.supplementalGroupsPolicy !== 'Strict') errors.push(notSupported(`${path}.supplementalGroupsPolicy`, s.supplementalGroupsPolicy, ['Merge', 'Strict']));
  if (s.seLinuxChangePolicy !== undefined && s.seLinuxChangePolicy !== 'MountOption' && s.seLinuxChangePolicy !== 'Recursive') errors.push(notSupported(`${path}.seLinuxChangePolicy`, s.seLinuxChangePolicy, ['MountOption', 'Recursive']));
  return errors;
}

function validateSysctls(list: readonly { name: string }[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  list?.forEach((c, i) => {
    if (!c.name) errors.push(required(`${path}[${i}].name`));
    else if (!/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(c.name) || c.name.length > 253) errors.push(invalid(`${path}[${i}].name`, c.name, 'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'));
    else if (names.has(c.name)) errors.push(duplicate(`${path}[${i}].name`, c.name));
    names.add(c.name);
  });
  return errors;
}

/** All errors of a pod's or template's spec. */
export function validatePodSpec(spec: PodSpec, path: string, inPod = false): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.volumes) errors.push(...validateVolumes(spec.volumes, `${path}.volumes`));
  errors.push(...validateContainers(spec, path), ...validateEphemeral(spec, path), ...validateHostNetworkPorts(spec, path, inPod));
  if (!RESTART.includes(spec.restartPolicy!)) errors.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy ?? '', RESTART));
  if (!DNS.includes(spec.dnsPolicy!)) errors.push(notSupported(`${path}.dnsPolicy`, spec.dnsPolicy ?? '', DNS));
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validateSecurity(spec.securityContext, spec, `${path}.securityContext`));
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`));
  if (spec.dnsConfig || spec.dnsPolicy === 'None') errors.push(...validateDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`));
  spec.readinessGates?.forEach((g, i) => { for (const m of labelKey(g.conditionType)) errors.push(invalid(`${path}.readinessGates[${i}].conditionType`, g.conditionType, m)); });
  const gates = new Set<string>();
  spec.schedulingGates?.forEach((g, i) => {
    for (const m of labelKey(g.name)) errors.push(invalid(`${path}.schedulingGates[${i}]`, g.name, m));
    if (gates.has(g.name)) errors.push(duplicate(`${path}.schedulingGates[${i}]`, g.name));
    gates.add(g.name);
  });
  if (spec.topologySpreadConstraints) errors.push(...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  if (spec.resources) errors.push(...validateRequirements(spec.resources, `${path}.resources`));
  if (spec.hostUsers === false) for (const f of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (spec[f]) errors.push(forbidden(`${path}.${f}`, 'when `hostUsers` is false'));
  const named = (f: 'serviceAccountName' | 'nodeName' | 'priorityClassName' | 'runtimeClassName'): void => {
    if (spec[f]) for (const m of dnsSubdomain(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  };
  named('serviceAccountName');
  named('nodeName');
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && !(deadline >= 1 && deadline <= 2_147_483_647)) errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, inSeconds(1)));
  for (const f of ['hostname', 'subdomain'] as const) if (spec[f]) for (const m of dnsLabel(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  if (spec.tolerations) errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  spec.hostAliases?.forEach((a, i) => {
    for (const m of ipErrors(a.ip ?? '')) errors.push(invalid(`${path}.hostAliases[${i}].ip`, a.ip ?? '', m));
    a.hostnames?.forEach((h, j) => { for (const m of dnsSubdomain(h)) errors.push(invalid(`${path}.hostAliases[${i}].hostnames[${j}]`, h, m)); });
  });
  named('priorityClassName');
  named('runtimeClassName');
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== 'Never' && spec.preemptionPolicy !== 'PreemptLowerPriority') errors.push(notSupported(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']));
  if (spec.os && !spec.os.name) errors.push(required(`${path}.os.name`));
  else if (spec.os && spec.os.name !== 'linux' && spec.os.name !== 'windows') errors.push(notSupported(`${path}.os.name`, spec.os.name, ['linux', 'windows']));
  else if (spec.os?.name === 'linux' && spec.securityContext?.windowsOptions) errors.push(forbidden(`${path}.securityContext.windowsOptions`, 'windows options cannot be set for a linux pod'));
  if (inPod) for (const list of ['containers', 'initContainers'] as const) spec[list]?.forEach((c, i) => errors.push(...imageSpace(c, `${path}.${list}[${i}]`)));
  return errors;
}
