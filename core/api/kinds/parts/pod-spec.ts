// The spec of pods and of pod templates: defaults and rules.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { ipErrors } from '../../meta/ip.ts';
import { dnsLabel, dnsSubdomain, inRange, labelKey } from '../../meta/names.ts';
import { validateLabels } from '../../meta/object-meta.ts';
import type { Container, PodDNSConfig, PodSecurityContext, PodSpec } from '../../types/kubernetes.ts';
import { defaultContainer, defaultHostPorts, validateContainers, validateEphemeral } from './container.ts';
import { defaultRequirements, validateRequirements } from './resources.ts';
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
  if (policy === 'None' && !config?.nameservers?.length) errors.push(required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'));
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
  if (spec.shareProcessNamespace && spec.hostPID) errors.push(invalid('spec.shareProcessNamespace', true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  if (spec.hostUsers === false) for (const f of ['hostNetwork', 'hostPID', 'hostIPC'] as const) if (spec[f]) errors.push(forbidden(f, 'when `hostUsers` is false'));
  if (!s) return errors;
  for (const f of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) {
    const id = s[f];
    if (id !== undefined && (id < 0 || id > 0xffffffff)) errors.push(invalid(`${path}.${f}`, id, inRange(0, 0xffffffff)));
  }
  s.supplementalGroups?.forEach((g, i) => { if (g < 0 || g > 0xffffffff) errors.push(invalid(`${path}.supplementalGroups[${i}]`, g, inRange(0, 0xffffffff))); });
  if (s.fsGroupChangePolicy !== undefined && s.fsGroupChangePolicy !== 'Always' && s.fsGroupChangePolicy !== 'OnRootMismatch') errors.push(notSupported(`${path}.fsGroupChangePolicy`, s.fsGroupChangePolicy, ['Always', 'OnRootMismatch']));
  const names = new Set<string>();
  s.sysctls?.forEach((c, i) => {
    if (!c.name) errors.push(required(`${path}.sysctls[${i}].name`));
    else if (!/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9*]([-_a-z0-9*]*[a-z0-9*])?$/.test(c.name) || c.name.length > 253) errors.push(invalid(`${path}.sysctls[${i}].name`, c.name, 'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'));
    else if (names.has(c.name)) errors.push({ type: 'FieldValueDuplicate', field: `${path}.sysctls[${i}].name`, detail: `Duplicate value: ${JSON.stringify(c.name)}` });
    names.add(c.name);
  });
  return errors;
}

/** All errors of a pod's or template's spec. */
export function validatePodSpec(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.volumes) errors.push(...validateVolumes(spec.volumes, `${path}.volumes`));
  errors.push(...validateContainers(spec, path), ...validateEphemeral(spec, path));
  if (!RESTART.includes(spec.restartPolicy!)) errors.push(notSupported(`${path}.restartPolicy`, spec.restartPolicy ?? '', RESTART));
  if (!DNS.includes(spec.dnsPolicy!)) errors.push(notSupported(`${path}.dnsPolicy`, spec.dnsPolicy ?? '', DNS));
  if (spec.nodeSelector) errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`));
  errors.push(...validateSecurity(spec.securityContext, spec, `${path}.securityContext`));
  spec.imagePullSecrets?.forEach((s, i) => { if (!s.name) errors.push(required(`${path}.imagePullSecrets[${i}].name`)); });
  if (spec.affinity) errors.push(...validateAffinity(spec.affinity, `${path}.affinity`));
  if (spec.dnsConfig || spec.dnsPolicy === 'None') errors.push(...validateDns(spec.dnsConfig, spec.dnsPolicy, `${path}.dnsConfig`));
  spec.readinessGates?.forEach((g, i) => { for (const m of labelKey(g.conditionType)) errors.push(invalid(`${path}.readinessGates[${i}].conditionType`, g.conditionType, m)); });
  spec.schedulingGates?.forEach((g, i) => { for (const m of labelKey(g.name)) errors.push(invalid(`${path}.schedulingGates[${i}]`, g.name, m)); });
  if (spec.topologySpreadConstraints) errors.push(...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`));
  if (spec.resources) errors.push(...validateRequirements(spec.resources, `${path}.resources`));
  for (const f of ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const) {
    if (spec[f]) for (const m of dnsSubdomain(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  }
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && !(deadline >= 1 && deadline <= 2_147_483_647)) errors.push(invalid(`${path}.activeDeadlineSeconds`, deadline, inSeconds(1)));
  for (const f of ['hostname', 'subdomain'] as const) if (spec[f]) for (const m of dnsLabel(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  if (spec.tolerations) errors.push(...validateTolerations(spec.tolerations, `${path}.tolerations`));
  spec.hostAliases?.forEach((a, i) => {
    for (const m of ipErrors(a.ip ?? '')) errors.push(invalid(`${path}.hostAliases[${i}].ip`, a.ip ?? '', m));
    for (const h of a.hostnames ?? []) for (const m of dnsSubdomain(h)) errors.push(invalid(`${path}.hostAliases[${i}].hostnames`, h, m));
  });
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== 'Never' && spec.preemptionPolicy !== 'PreemptLowerPriority') errors.push(notSupported(`${path}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']));
  if (spec.os && spec.os.name !== 'linux' && spec.os.name !== 'windows') errors.push(notSupported(`${path}.os`, spec.os.name, ['linux', 'windows']));
  return errors;
}
