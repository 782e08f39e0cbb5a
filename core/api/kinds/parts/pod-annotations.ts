// Annotations of pods that mean something: the mirror's, tolerations before they were fields, the cost of deletion, seccomp and AppArmor
// profiles (Kubernetes pkg/apis/core validation).
import { forbidden, invalid, type FieldError } from '../../meta/field-error.ts';
import type { PodSpec, Toleration } from '../../types/kubernetes.ts';
import { validateTolerations } from './scheduling.ts';
import { descending } from './volume-sources.ts';
import { containersOf } from './windows.ts';

type Annotations = Readonly<Record<string, string>> | undefined;
export const MIRROR = 'kubernetes.io/config.mirror';
const TOLERATIONS = 'scheduler.alpha.kubernetes.io/tolerations', COST = 'controller.kubernetes.io/pod-deletion-cost';
const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod', SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/', APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const isDefault = (profile: string): boolean => profile === 'runtime/default' || profile === 'docker/default';

const isCost = (text: string): boolean => /^(-?[1-9]\d*|0|-0)$/.test(text) && Math.abs(Number(text)) <= 2 ** 31 && Number(text) < 2 ** 31;

function tolerationErrors(text: string, path: string): FieldError[] {
  try {
    return validateTolerations(JSON.parse(text) as Toleration[], `${path}.${TOLERATIONS}`);
  } catch (e) {
    return [invalid(path, TOLERATIONS, (e as Error).message)];
  }
}

function seccompErrors(profile: string, path: string): FieldError[] {
  if (isDefault(profile) || profile === 'unconfined') return [];
  return profile.startsWith('localhost/') ? descending(profile.slice(10), path) : [invalid(path, profile, 'must be a valid seccomp profile')];
}

/** Rules of the annotations of a pod or template, below `path`. */
export function validatePodAnnotations(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!annotations) return errors;
  const mirror = annotations[MIRROR], tolerations = annotations[TOLERATIONS], cost = annotations[COST], ofPod = annotations[SECCOMP_POD];
  if (mirror !== undefined && !spec.nodeName) errors.push(invalid(`${path}[${MIRROR}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set'));
  if (tolerations) errors.push(...tolerationErrors(tolerations, path));
  if (cost !== undefined && !isCost(cost)) errors.push(invalid(`${path}[${COST}]`, cost, 'must be a 32bit integer'));
  if (ofPod !== undefined) errors.push(...seccompErrors(ofPod, `${path}.${SECCOMP_POD}`));
  for (const k in annotations) if (k.startsWith(SECCOMP)) errors.push(...seccompErrors(annotations[k]!, `${path}.${k}`));
  for (const k in annotations) {
    if (!k.startsWith(APPARMOR)) continue;
    const name = k.slice(APPARMOR.length), profile = annotations[k]!;
    if (!containersOf(spec, '').some(c => c.container.name === name)) errors.push(invalid(`${path}[${k}]`, name, 'container not found'));
    if (profile !== '' && profile !== 'runtime/default' && profile !== 'unconfined' && !profile.startsWith('localhost/')) errors.push(invalid(`${path}[${k}]`, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`));
  }
  return errors;
}

/** One profile, said in an annotation and in a field: both must say the same. */
function matchErrors(what: 'seccomp' | 'apparmor', annotation: string | undefined, field: { type?: string; localhostProfile?: string } | undefined, at: string): FieldError[] {
  if (annotation === undefined || !field) return [];
  const type = forbidden(`${at}.type`, `${what} type in annotation and field must match`);
  switch (field.type) {
    case 'Unconfined': return annotation === 'unconfined' ? [] : [type];
    case 'RuntimeDefault': return annotation === 'runtime/default' || (what === 'seccomp' && isDefault(annotation)) ? [] : [type];
    case 'Localhost':
      if (!annotation.startsWith('localhost/')) return [type];
      return annotation.slice(10) === field.localhostProfile ? [] : [forbidden(`${at}.localhostProfile`, `${what} profile in annotation and field must match`)];
    default: return [];
  }
}

/** Annotations and fields of a new pod, or of a template, must name the same profiles. `path` is the spec's. */
export function validateProfilesMatch(annotations: Annotations, spec: PodSpec, path: string): FieldError[] {
  if (!annotations || !Object.keys(annotations).some(k => k === SECCOMP_POD || k.startsWith(SECCOMP) || k.startsWith(APPARMOR))) return [];
  const all = containersOf(spec, path), ofPod = spec.securityContext;
  return [
    ...matchErrors('seccomp', annotations[SECCOMP_POD], ofPod?.seccompProfile, `${path}.securityContext.seccompProfile`),
    ...all.flatMap(({ container: c, at }) => matchErrors('seccomp', annotations[SECCOMP + c.name], c.securityContext?.seccompProfile, `${at}.securityContext.seccompProfile`)),
    ...(spec.os?.name === 'windows' ? [] : all.flatMap(({ container: c, at }) => matchErrors('apparmor', annotations[APPARMOR + c.name], c.securityContext?.appArmorProfile ?? ofPod?.appArmorProfile, `${at}.securityContext.appArmorProfile`))),
  ];
}

/** What of a pod's annotations may not change: its mirror's, and profiles of AppArmor. */
export function validateAnnotationUpdate(next: Annotations, prev: Annotations, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const k in prev) {
    if (next?.[k] === prev[k]) continue;
    if (k.startsWith(APPARMOR)) errors.push(forbidden(`${path}[${k}]`, 'may not remove or update AppArmor annotations'));
    if (k === MIRROR) errors.push(forbidden(`${path}[${k}]`, 'may not remove or update mirror pod annotation'));
  }
  for (const k in next) {
    if (prev && Object.hasOwn(prev, k)) continue;
    if (k.startsWith(APPARMOR)) errors.push(forbidden(`${path}[${k}]`, 'may not add AppArmor annotations'));
    if (k === MIRROR) errors.push(forbidden(`${path}[${k}]`, 'may not add mirror pod annotation'));
  }
  return errors;
}
