// PodSecurity: namespaces say by labels which of the Pod Security Standards their pods must keep; violations are refused, warned of
// or noted in the audit log (contract 12.3).
import { forbiddenError, invalidError } from '../../../api/meta/status.ts';
import { equal } from '../../../api/meta/clone.ts';
import type { Container, Namespace, ObjectMeta, Pod, PodSpec, PodTemplateSpec } from '../../../api/types/kubernetes.ts';
import type { RegistryEnv } from '../../registry/env.ts';
import type { AdmissionPlugin, Attributes } from '../chain.ts';
import { check, detailText, levelText, policyOf, reasonsText, sameLevel, strictness, type Policy } from './policy.ts';

const AUDIT = 'pod-security.kubernetes.io/';
/** Pods looked at when a namespace's level is raised, at most. */
const MOST_PODS = 3000;

interface Template { template?: PodTemplateSpec; spec?: { template?: PodTemplateSpec; jobTemplate?: { spec?: { template?: PodTemplateSpec } } } }
/** Where a workload keeps its pods' template. */
const TEMPLATES: Readonly<Record<string, (o: Template) => PodTemplateSpec | undefined>> = {
  podtemplates: o => o.template, replicationcontrollers: o => o.spec?.template, replicasets: o => o.spec?.template, deployments: o => o.spec?.template,
  statefulsets: o => o.spec?.template, daemonsets: o => o.spec?.template, jobs: o => o.spec?.template, cronjobs: o => o.spec?.jobTemplate?.spec?.template,
};
const TEMPLATE_GROUPS = new Set(['', 'apps', 'batch']);

/** Refuses pods with 403; warns of workloads whose pods would be refused, and of pods that a namespace's new level would refuse. */
export function podSecurity(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  const policyFor = (namespace: string): Policy => {
    const { store, find } = env(), namespaces = find('', 'namespaces'), entry = namespaces && store.get(namespaces.key('', namespace));
    return policyOf(entry && namespaces.stateOf(entry).metadata!.labels);
  };
  return {
    name: 'PodSecurity',
    validate(a) {
      if (a.operation !== 'CREATE' && a.operation !== 'UPDATE') return;
      const { group, plural } = a.resource.spec;
      if (group === '' && plural === 'namespaces') { if (a.subresource === '') namespaceLabels(env(), a); return; }
      if (group === '' && plural === 'pods') {
        if (a.subresource !== '' && a.subresource !== 'ephemeralcontainers') return;
        const pod = a.object as Pod;
        if (a.operation === 'UPDATE' && !matters(pod, a.old as Pod)) return;
        evaluate(policyFor(a.namespace), a, pod.metadata!, pod.spec!, true);
        return;
      }
      if (a.subresource !== '' || !TEMPLATE_GROUPS.has(group)) return;
      const template = TEMPLATES[plural]?.(a.object as Template);
      if (template?.spec) evaluate(policyFor(a.namespace), a, template.metadata ?? {}, template.spec, false);
    },
  };
}

function evaluate(policy: Policy, a: Attributes, meta: ObjectMeta, spec: PodSpec, enforce: boolean): void {
  if (policy.errors.length === 0 && [policy.enforce, policy.audit, policy.warn].every(l => l.level === 'privileged')) return;
  const note = (key: string, text: string): void => { if (a.audit) a.audit[AUDIT + key] = text; };
  if (policy.errors.length > 0) note('error', `Failed to parse policy: ${policy.errors.map(e => `${e.field}: ${e.detail}`).join('; ')}`);
  const audited = check(policy.audit, meta, spec);
  if (audited.length > 0) note('audit-violations', `would violate PodSecurity ${JSON.stringify(levelText(policy.audit))}: ${detailText(audited)}`);
  if (enforce) {
    note('enforce-policy', levelText(policy.enforce));
    const broken = check(policy.enforce, meta, spec);
    if (broken.length > 0) throw forbiddenError(a.resource.spec, a.name, `violates PodSecurity ${JSON.stringify(levelText(policy.enforce))}: ${detailText(broken)}`);
  }
  const warned = check(policy.warn, meta, spec);
  if (warned.length > 0) a.warnings.push(`would violate PodSecurity ${JSON.stringify(levelText(policy.warn))}: ${detailText(warned)}`);
}

/** An update that gives a pod other images or containers; what else may change is no matter of security. */
function matters(next: Pod, prev: Pod): boolean {
  const kept = (list: 'containers' | 'initContainers' | 'ephemeralContainers'): boolean => {
    const a = (next.spec?.[list] ?? []) as Container[], b = (prev.spec?.[list] ?? []) as Container[];
    return a.length === b.length && a.every((c, i) => c.name === b[i]!.name && c.image === b[i]!.image);
  };
  const profiles = (p: Pod): object => Object.fromEntries(Object.entries(p.metadata?.annotations ?? {}).filter(([k]) => k.startsWith('container.apparmor.security.beta.kubernetes.io/')));
  return !kept('containers') || !kept('initContainers') || !kept('ephemeralContainers') || !equal(profiles(next), profiles(prev));
}

/** 422 for labels that mean nothing; warnings for pods that a new level would refuse. */
function namespaceLabels({ store, find }: Pick<RegistryEnv, 'store' | 'find'>, a: Attributes): void {
  const next = policyOf({ ...a.object!.metadata!.labels }), prev = a.old && policyOf((a.old as Namespace).metadata!.labels);
  if (next.errors.length > 0 && !equal(next.errors, prev?.errors ?? [])) throw invalidError(a.resource.spec, a.name, next.errors);
  if (!prev || sameLevel(next.enforce, prev.enforce) || next.enforce.level === 'privileged') return;
  if (next.enforce.minor === prev.enforce.minor && strictness(next.enforce) <= strictness(prev.enforce)) return;
  const pods = find('', 'pods');
  if (!pods) return;
  const { entries, remaining } = store.range({ prefix: pods.range(a.name), limit: MOST_PODS });
  const found = new Map<string, { first: string; count: number }>();
  for (const e of entries) {
    const pod = pods.stateOf(e) as Pod, reasons = reasonsText(check(next.enforce, pod.metadata!, pod.spec!));
    if (reasons === '') continue;
    const f = found.get(reasons);
    if (f) f.count++; else found.set(reasons, { first: pod.metadata!.name!, count: 1 });
  }
  if (remaining > 0) a.warnings.push(`new PodSecurity enforce level only checked against the first ${entries.length} of ${entries.length + remaining} existing pods`);
  if (found.size === 0) return;
  const others = (n: number): string => (n === 0 ? '' : ` (and ${n} other pod${n === 1 ? '' : 's'})`);
  a.warnings.push(`existing pods in namespace ${JSON.stringify(a.name)} violate the new PodSecurity enforce level ${JSON.stringify(levelText(next.enforce))}`,
    ...[...found].map(([reasons, f]) => `${f.first}${others(f.count - 1)}: ${reasons}`).sort());
}
