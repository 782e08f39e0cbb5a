// What of a pod may change, and what its status may say (Kubernetes pkg/apis/core validation: ValidatePodUpdate, ValidatePodStatusUpdate).
import { difference, semanticEqual } from '../../meta/equal.ts';
import { duplicate, forbidden, invalid, notSupported, type FieldError } from '../../meta/field-error.ts';
import { ipErrors, isIPv6 } from '../../meta/ip.ts';
import { dnsSubdomain, IMMUTABLE, labelKey } from '../../meta/names.ts';
import type { Container, ContainerStatus, NodeAffinity, NodeSelectorTerm, Pod, PodSpec, Toleration } from '../../types/kubernetes.ts';
import { validateAnnotationUpdate, validatePodAnnotations } from '../parts/pod-annotations.ts';
import { inSeconds, validateTolerations } from '../parts/scheduling.ts';
import { idErrors } from '../parts/security.ts';

const ALLOWED = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The annotations a write of the pod or of its status changes, and that they still hold. */
function annotationErrors(next: Pod, prev: Pod): FieldError[] {
  const a = next.metadata?.annotations, b = prev.metadata?.annotations, path = 'metadata.annotations';
  return a === b ? [] : [...validateAnnotationUpdate(a, b, path), ...(semanticEqual(a, b) ? [] : validatePodAnnotations(a, next.spec!, path))];
}

/** What an update may not do; the new state has been judged by itself. */
export function validatePodUpdate(next: Pod, prev: Pod): FieldError[] {
  const a = next.spec!, b = prev.spec!, errors = validateAnnotationUpdate(next.metadata?.annotations, prev.metadata?.annotations, 'metadata.annotations');
  if (a === b) return errors;
  for (const list of ['containers', 'initContainers'] as const) {
    if ((a[list]?.length ?? 0) !== (b[list]?.length ?? 0)) return [...errors, forbidden(`spec.${list}`, 'pod updates may not add or remove containers')];
  }
  const deadline = a.activeDeadlineSeconds, before = b.activeDeadlineSeconds;
  if (deadline !== undefined) {
    if (deadline < 0 || deadline > 2_147_483_647) return [...errors, invalid('spec.activeDeadlineSeconds', deadline, inSeconds(0))];
    if (before !== undefined && before < deadline) return [...errors, invalid('spec.activeDeadlineSeconds', deadline, 'must be less than or equal to previous value')];
  } else if (before !== undefined) errors.push(invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value'));
  errors.push(...onlyAdded(a.tolerations, b.tolerations));
  const gates = new Set(b.schedulingGates?.map(g => g.name));
  a.schedulingGates?.forEach((g, i) => { if (!gates.has(g.name)) errors.push(forbidden(`spec.schedulingGates[${i}].name`, `only deletion is allowed, but found new scheduling gate '${g.name}'`)); });
  const munged: PodSpec = { ...a, activeDeadlineSeconds: before, tolerations: b.tolerations, schedulingGates: b.schedulingGates, containers: images(a.containers, b.containers) };
  if (a.initContainers) munged.initContainers = images(a.initContainers, b.initContainers ?? []);
  if (b.terminationGracePeriodSeconds !== undefined && b.terminationGracePeriodSeconds < 0 && a.terminationGracePeriodSeconds === 1) munged.terminationGracePeriodSeconds = b.terminationGracePeriodSeconds;
  // A gated pod may narrow where it can go: its quota and scheduling have not begun.
  if (gates.size > 0) errors.push(...narrowed(munged, b));
  if (!semanticEqual(munged, b)) errors.push(forbidden('spec', `${ALLOWED}\n${difference(b, munged)}`));
  return errors;
}

const images = (next: readonly Container[] | undefined, prev: readonly Container[]): Container[] => (next ?? []).map((c, i) => ({ ...c, image: prev[i]!.image }));

function onlyAdded(next: readonly Toleration[] | undefined, prev: readonly Toleration[] | undefined): FieldError[] {
  const same = (a: Toleration, b: Toleration): boolean => a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '');
  for (const old of prev ?? []) if (!next?.some(t => same(t, old))) return [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
  return next === prev ? [] : validateTolerations(next, 'spec.tolerations');
}

/** What a gated pod may not undo; what it may change is put back in `munged`, so that nothing else is. */
function narrowed(munged: PodSpec, prev: PodSpec): FieldError[] {
  const errors: FieldError[] = [], selector = munged.nodeSelector ?? {};
  if (Object.entries(prev.nodeSelector ?? {}).some(([k, v]) => selector[k] !== v)) errors.push(invalid('spec.nodeSelector', selector, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)'));
  munged.nodeSelector = prev.nodeSelector;
  const next = munged.affinity?.nodeAffinity, old = prev.affinity?.nodeAffinity;
  if (semanticEqual(next, old)) return errors;
  errors.push(...narrowedAffinity(next, old));
  const { nodeAffinity: _next, ...rest } = munged.affinity ?? {};
  munged.affinity = old ? { ...rest, nodeAffinity: old } : prev.affinity || Object.keys(rest).length > 0 ? rest : undefined;
  return errors;
}

function narrowedAffinity(next: NodeAffinity | undefined, prev: NodeAffinity | undefined): FieldError[] {
  const old = prev?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [], terms = next?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const at = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms';
  if (old.length > 0 && old.length !== terms.length) return [invalid(at, terms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')];
  return old.flatMap((t, i) => (onlyNarrower(terms[i]!, t) ? [] : [invalid(`${at}[${i}]`, terms[i], 'only additions are allowed (no mutations or deletions)')]));
}
function onlyNarrower(next: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const count = (t: NodeSelectorTerm): number => (t.matchExpressions?.length ?? 0) + (t.matchFields?.length ?? 0);
  // A term that says nothing matches nothing: to add to it would widen it.
  if (count(old) === 0) return count(next) === 0;
  return (['matchExpressions', 'matchFields'] as const).every(f => { const was = old[f] ?? []; return semanticEqual((next[f] ?? []).slice(0, was.length), was); });
}

type Statuses = readonly ContainerStatus[] | undefined;
const SYSTEM = new Set(['PodScheduled', 'Ready', 'Initialized']), HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];

/** What has ended stays so, where nothing starts it again. */
function transitions(next: Statuses, prev: Statuses, path: string, policyOf: (name: string) => string | undefined): FieldError[] {
  if (next === prev) return [];
  return (prev ?? []).flatMap((old, i) => {
    const end = old.state?.terminated, restart = end ? policyOf(old.name) : undefined;
    if (!end || restart === 'Always' || (end.exitCode !== 0 && restart === 'OnFailure')) return [];
    return (next ?? []).filter(s => s.name === old.name && !s.state?.terminated).map(() => forbidden(`${path}[${i}].state`, 'may not be transitioned to non-terminated state'));
  });
}

/** Addresses of a pod or its host: good ones, at most one of each family. */
function addressErrors(list: readonly { ip?: string }[] | undefined, path: string): FieldError[] {
  const ips = (list ?? []).map(a => a.ip ?? ''), errors = ips.flatMap((ip, i) => ipErrors(ip).map(m => invalid(`${path}[${i}]`, ip, m)));
  if (ips.length < 2) return errors;
  if (ips.length > 2 || isIPv6(ips[0]!) === isIPv6(ips[1]!)) errors.push(invalid(path, list, 'may specify no more than one IP for each IP family'));
  ips.forEach((ip, i) => { if (ips.indexOf(ip) < i) errors.push(duplicate(`${path}[${i}]`, list![i])); });
  return errors;
}

function userErrors(statuses: Statuses, path: string, os: string | undefined): FieldError[] {
  return (statuses ?? []).flatMap((s, i) => {
    const user = s.user?.linux, at = `${path}[${i}].linux`;
    if (!user) return [];
    if (os === 'windows') return [forbidden(at, 'cannot be set for a windows pod')];
    return [...idErrors(user.uid, `${at}.uid`), ...idErrors(user.gid, `${at}.gid`), ...(user.supplementalGroups ?? []).flatMap((g, j) => idErrors(g, `${at}.supplementalGroups[${j}]`))];
  });
}

/** Devices a container has been given: of resources it asked for, each once. */
function deviceErrors(statuses: Statuses, containers: readonly Container[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  statuses?.forEach((s, i) => s.allocatedResourcesStatus?.forEach((r, j) => {
    const at = `${path}[${i}].allocatedResourcesStatus[${j}]`, container = containers?.find(c => c.name === s.name), claim = r.name.startsWith('claim:'), seen = new Set<string>();
    const known = claim ? container?.resources?.claims?.some(c => r.name === `claim:${c.name}${c.request ? `/${c.request}` : ''}`) : container?.resources?.requests?.[r.name] !== undefined;
    if (container && !known) errors.push(invalid(`${at}.name`, r.name, claim ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty" : "must match one of the container's resource requests"));
    r.resources?.forEach((d, k) => {
      if (!HEALTH.includes(d.health ?? '')) errors.push(notSupported(`${at}.resources[${k}].health`, d.health ?? '', HEALTH));
      if (seen.has(d.resourceID)) errors.push(duplicate(`${at}.resources[${k}].resourceID`, d.resourceID));
      seen.add(d.resourceID);
    });
  }));
  return errors;
}

function claimErrors(pod: Pod): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  pod.status?.resourceClaimStatuses?.forEach((s, i) => {
    const at = `status.resourceClaimStatuses[${i}].name`;
    if (!pod.spec?.resourceClaims?.some(c => c.name === s.name)) errors.push(invalid(at, s.name, 'must match the name of an entry in `spec.resourceClaims`'));
    if (seen.has(s.name)) errors.push(duplicate(at, s.name));
    seen.add(s.name);
    if (s.resourceClaimName !== undefined) for (const m of dnsSubdomain(s.resourceClaimName)) errors.push(invalid(at, s.resourceClaimName, m));
  });
  return errors;
}

/** Rules of a write of /status. */
export function validatePodStatusUpdate(next: Pod, prev: Pod): FieldError[] {
  const errors = annotationErrors(next, prev), s = next.status ?? {}, old = prev.status ?? {}, spec = next.spec ?? { containers: [] }, os = spec.os?.name;
  // Kubernetes names these below metadata.
  s.conditions?.forEach((c, i) => { if (!SYSTEM.has(c.type)) for (const m of labelKey(c.type ?? '')) errors.push(invalid(`metadata.conditions[${i}].Type`, c.type ?? '', m)); });
  if (s.nominatedNodeName && s.nominatedNodeName !== old.nominatedNodeName) for (const m of dnsSubdomain(s.nominatedNodeName)) errors.push(invalid('status.nominatedNodeName', s.nominatedNodeName, m));
  if (s.qosClass !== old.qosClass) errors.push(invalid('status.qosClass', s.qosClass ?? '', IMMUTABLE));
  // A container's own policy goes before the pod's; where it has rules, what starts it again is theirs to say;
  // one that starts the whole pod anew speaks for all.
  const anew = [...(spec.containers as readonly Container[] | undefined ?? []), ...(spec.initContainers ?? [])].some(c => c.restartPolicyRules?.some(r => r.action === 'RestartAllContainers'));
  const policy = (list: readonly Container[] | undefined) => (name: string): string | undefined => {
    const own = list?.find(c => c.name === name);
    return anew || spec.restartPolicy === 'Always' || own?.restartPolicyRules?.length ? 'Always' : own?.restartPolicy ?? spec.restartPolicy;
  };
  errors.push(
    ...transitions(s.containerStatuses, old.containerStatuses, 'status.containerStatuses', policy(spec.containers)),
    ...transitions(s.initContainerStatuses, old.initContainerStatuses, 'status.initContainerStatuses', policy(spec.initContainers)),
    ...transitions(s.ephemeralContainerStatuses, old.ephemeralContainerStatuses, 'status.ephemeralContainerStatuses', () => 'Never'),
    ...claimErrors(next), ...addressErrors(s.podIPs, 'status.podIPs'),
  );
  if (s.hostIPs?.length && s.hostIPs[0]!.ip !== s.hostIP) errors.push(invalid('status.hostIPs[0].ip', s.hostIPs[0]!.ip, 'must be equal to `hostIP`'));
  errors.push(...addressErrors(s.hostIPs, 'status.hostIPs'));
  for (const f of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const) errors.push(...userErrors(s[f], `status.${f}`, os));
  errors.push(...deviceErrors(s.containerStatuses, spec.containers, 'status.containerStatuses'), ...deviceErrors(s.initContainerStatuses, spec.initContainers, 'status.initContainerStatuses'));
  s.ephemeralContainerStatuses?.forEach((c, i) => { if (c.allocatedResourcesStatus?.length) errors.push(forbidden(`status.ephemeralContainerStatuses[${i}].allocatedResourcesStatus`, 'must not be specified in container status')); });
  return errors;
}
