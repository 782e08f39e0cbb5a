// Volumes of pods.
import { duplicate, forbidden, invalid, notFound, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain } from '../../meta/names.ts';
import { validateAnnotations, validateLabels } from '../../meta/object-meta.ts';
import type { Container, DownwardAPIVolumeFile, KeyToPath, PersistentVolumeClaimTemplate, SecretVolumeSource, Volume, VolumeMount, VolumeProjection } from '../../types/kubernetes.ts';
import { defaultClaimSpec, validateClaimSpec } from './claim.ts';
import { defaultResourceField, validateFieldRef, validateResourceFieldRef } from './env.ts';
import { pullPolicyFor } from './image.ts';
import { tidyNestedMeta } from './nested-meta.ts';
import { canonical } from './resources.ts';
import { validateLabelSelector } from './scheduling.ts';
import { defaultSources, descending, localPath, noBacksteps, validateSources } from './volume-sources.ts';

const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const PROPAGATION = ['Bidirectional', 'HostToContainer', 'None'], RECURSIVE = ['Disabled', 'Enabled', 'IfPossible'], PULL = ['Always', 'IfNotPresent', 'Never'];
/** The volumes of a pod that have no error, by name. */
export type Volumes = ReadonlyMap<string, Volume>;
const NONE: Volumes = new Map();

/** Defaults of volume sources, in place; a volume without a source is an emptyDir. */
export function defaultVolumes(volumes: readonly Volume[] | undefined): void {
  for (const v of volumes ?? []) defaultVolume(v);
}

function defaultVolume(v: Volume): void {
  let any = false;
  for (const k in v) if (k !== 'name' && v[k as keyof Volume] !== undefined && v[k as keyof Volume] !== null) any = true;
  if (!any) v.emptyDir = {};
  const emptyDir = v.emptyDir;
  if (emptyDir?.sizeLimit !== undefined) emptyDir.sizeLimit = canonical(emptyDir.sizeLimit);
  const configMap = v.configMap, downward = v.downwardAPI, template = v.ephemeral?.volumeClaimTemplate;
  defaultSources(v);
  if (v.secret) v.secret.defaultMode ??= 420;
  if (configMap) configMap.defaultMode ??= 420;
  if (downward) { downward.defaultMode ??= 420; defaultFiles(downward.items); }
  if (v.image) v.image.pullPolicy ||= pullPolicyFor(v.image.reference ?? '');
  if (template) { tidyNestedMeta(template.metadata); defaultClaimSpec(template.spec); }
  if (v.projected) {
    v.projected.defaultMode ??= 420;
    for (const s of v.projected.sources ?? []) {
      if (s.serviceAccountToken) s.serviceAccountToken.expirationSeconds ??= 3600;
      if (s.downwardAPI) defaultFiles(s.downwardAPI.items);
    }
  }
}
function defaultFiles(items: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const f of items ?? []) {
    const ref = f.fieldRef;
    if (ref) ref.apiVersion ||= 'v1';
    if (f.resourceFieldRef) defaultResourceField(f.resourceFieldRef);
  }
}

const modeErrors = (mode: number | undefined, path: string): FieldError[] => (mode !== undefined && (mode < 0 || mode > 0o777) ? [invalid(path, mode, MODE_TEXT)] : []);

const validateItem = (item: KeyToPath, at: string): FieldError[] => [
  ...(item.key ? [] : [required(`${at}.key`)]), ...(item.path ? [] : [required(`${at}.path`)]),
  ...localPath(item.path ?? '', `${at}.path`), ...modeErrors(item.mode, `${at}.mode`),
];
const validateItems = (items: readonly KeyToPath[] | undefined, path: string): FieldError[] => (items ?? []).flatMap((item, i) => validateItem(item, `${path}[${i}]`));

/** Kubernetes leaves the index of a file out of these paths. */
function validateFile(file: DownwardAPIVolumeFile, path: string): FieldError[] {
  const errors = [...(file.path ? [] : [required(`${path}.path`)]), ...localPath(file.path ?? '', `${path}.path`)];
  if (file.fieldRef) {
    errors.push(...validateFieldRef(file.fieldRef, 'volume', `${path}.fieldRef`));
    if (file.resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
  } else if (file.resourceFieldRef) errors.push(...validateResourceFieldRef(file.resourceFieldRef, true, `${path}.resourceFieldRef`));
  else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...modeErrors(file.mode, `${path}.mode`)];
}

/** In the order in which Kubernetes looks for them. */
const ORDER = [
  'emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker', 'persistentVolumeClaim', 'rbd', 'cinder', 'cephfs',
  'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume', 'photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi',
  'ephemeral', 'image',
];

/** `pod`: the pod's name; `''` where it has none or the spec is a template's. */
function validateSource(v: Volume, path: string, pod: string, inPod: boolean): FieldError[] {
  return validateSources(v, ORDER, path, v.name ?? '', true, {
    emptyDir: at => (v.emptyDir!.sizeLimit?.startsWith('-') ? [forbidden(`${at}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')] : []),
    secret: at => validateSecret(v.secret!, at),
    configMap: at => [...(v.configMap!.name ? [] : [required(`${at}.name`)]), ...modeErrors(v.configMap!.defaultMode, `${at}.defaultMode`), ...validateItems(v.configMap!.items, `${at}.items`)],
    persistentVolumeClaim: at => (v.persistentVolumeClaim!.claimName ? [] : [required(`${at}.claimName`)]),
    downwardAPI: at => [...modeErrors(v.downwardAPI!.defaultMode, `${at}.defaultMode`), ...(v.downwardAPI!.items ?? []).flatMap(f => validateFile(f, at))],
    projected: at => validateProjected(v, at),
    ephemeral(at) {
      const template = v.ephemeral!.volumeClaimTemplate, errors = template ? validateClaimTemplate(template, `${at}.volumeClaimTemplate`) : [required(`${at}.volumeClaimTemplate`)];
      const claim = `${pod}-${v.name}`;
      if (pod && v.name) for (const m of dnsSubdomain(claim)) errors.push(invalid(`${path}.name`, v.name, `PVC name ${JSON.stringify(claim)}: ${m}`));
      return errors;
    },
    image: at => [
      ...(inPod && !v.image!.reference ? [required(`${at}.reference`)] : []),
      ...(PULL.includes(v.image!.pullPolicy ?? '') ? [] : [notSupported(`${at}.pullPolicy`, v.image!.pullPolicy ?? '', PULL)]),
    ],
  });
}

/** The claim a pod brings with it: of its metadata, labels and annotations alone mean something. */
function validateClaimTemplate(t: PersistentVolumeClaimTemplate, path: string): FieldError[] {
  const m = t.metadata, errors = [...validateAnnotations(m?.annotations, `${path}.metadata.annotations`), ...validateLabels(m?.labels, `${path}.metadata.labels`)];
  for (const k of Object.keys(m ?? {})) if (k !== 'labels' && k !== 'annotations') errors.push(forbidden(`${path}.metadata.${k}`, 'cannot be set'));
  return [...errors, ...validateClaimSpec(t.spec ?? {}, `${path}.spec`)];
}

function validateSecret(s: SecretVolumeSource, path: string): FieldError[] {
  return [...(s.secretName ? [] : [required(`${path}.secretName`)]), ...modeErrors(s.defaultMode, `${path}.defaultMode`), ...validateItems(s.items, `${path}.items`)];
}

function validateProjected(v: Volume, path: string): FieldError[] {
  const p = v.projected!, errors = modeErrors(p.defaultMode, `${path}.defaultMode`), paths = new Set<string>();
  /** Two files in one place; the error shows where the second is from. */
  const claim = (file: string | undefined, shown: string): void => {
    if (file === undefined) return;
    if (paths.has(file)) errors.push(invalid(path, shown, 'conflicting duplicate paths'));
    paths.add(file);
  };
  p.sources?.forEach((s, i) => {
    const at = `${path}.sources[${i}]`;
    let count = 0;
    for (const k of ['secret', 'configMap'] as const) {
      const source = s[k];
      if (!source) continue;
      count++;
      if (!source.name) errors.push(required(`${at}.${k}.name`));
      source.items?.forEach((item, j) => {
        errors.push(...validateItem(item, `${at}.${k}.items[${j}]`));
        claim(item.path || undefined, source.name ?? '');
      });
    }
    if (s.downwardAPI) {
      count++;
      for (const f of s.downwardAPI.items ?? []) { errors.push(...validateFile(f, `${at}.downwardAPI`)); claim(f.path || undefined, f.path); }
    }
    if (s.serviceAccountToken) { count++; errors.push(...validateToken(s.serviceAccountToken, `${at}.serviceAccountToken`, path)); }
    if (s.clusterTrustBundle) { count++; errors.push(...validateTrust(s.clusterTrustBundle, `${at}.clusterTrustBundle`)); claim(s.clusterTrustBundle.path ?? '', s.clusterTrustBundle.path ?? ''); }
    if (count > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type per source'));
  });
  return errors;
}

/** A token's path is told below the volume, as Kubernetes does. */
function validateToken(token: NonNullable<VolumeProjection['serviceAccountToken']>, at: string, volume: string): FieldError[] {
  const errors: FieldError[] = [], seconds = token.expirationSeconds ?? 3600;
  if (seconds < 600) errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
  if (seconds > 2 ** 32) errors.push(invalid(`${at}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
  return [...errors, ...(token.path ? localPath(token.path, `${volume}.path`) : [required(`${volume}.path`)])];
}

function validateTrust(b: NonNullable<VolumeProjection['clusterTrustBundle']>, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (b.name !== undefined && b.signerName !== undefined) errors.push(invalid(at, b, 'only one of name and signerName may be used'));
  else if (b.name !== undefined) {
    if (b.name === '') errors.push(required(`${at}.name`, 'must be a valid object name'));
    for (const m of dnsSubdomain(b.name.slice(b.name.lastIndexOf(':') + 1))) errors.push(invalid(`${at}.name`, b.name, `not a valid clustertrustbundlename: ${m}`));
    if (b.labelSelector) errors.push(invalid(`${at}.labelSelector`, b.labelSelector, 'labelSelector must be unset if name is specified'));
  } else if (b.signerName !== undefined) {
    if (b.signerName === '') errors.push(required(`${at}.signerName`, 'must be a valid signer name'));
    errors.push(...validateLabelSelector(b.labelSelector, `${at}.labelSelector`));
  } else errors.push(required(at, 'either name or signerName must be specified'));
  return [...errors, ...(b.path ? [] : [required(`${at}.path`)]), ...localPath(b.path ?? '', `${at}.path`)];
}

/**
 * Volumes: unique names, exactly one source each. What is wrong is told, and the rest given back: mounts of a bad volume find none.
 * `pod` as in validateSource.
 */
export function validateVolumes(volumes: readonly Volume[] | undefined, path: string, pod: string, inPod: boolean): { readonly volumes: Volumes; readonly errors: FieldError[] } {
  const errors: FieldError[] = [];
  if (!volumes?.length) return { volumes: NONE, errors };
  const good = new Map<string, Volume>(), created = new Set(pod ? volumes.filter(v => v.ephemeral).map(v => `${pod}-${v.name}`) : []);
  volumes.forEach((v, i) => {
    const at = `${path}[${i}]`, own = validateSource(v, at, pod, inPod);
    if (!v.name) own.push(required(`${at}.name`));
    else for (const m of dnsLabel(v.name)) own.push(invalid(`${at}.name`, v.name, m));
    if (good.has(v.name)) own.push(duplicate(`${at}.name`, v.name));
    if (own.length === 0) good.set(v.name, v); else errors.push(...own);
    const claim = v.persistentVolumeClaim?.claimName;
    if (claim !== undefined && created.has(claim)) errors.push(invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume'));
  });
  return { volumes: good, errors };
}

/** Mounts of one container against the pod's volumes. */
export function validateMounts(c: Container, volumes: Volumes, path: string): FieldError[] {
  const errors: FieldError[] = [], mounts = c.volumeMounts;
  const points = new Set<string>();
  for (let i = 0; i < (mounts?.length ?? 0); i++) {
    const m = mounts![i]!, at = `${path}[${i}]`;
    if (!m.name) errors.push(required(`${at}.name`));
    const volume = volumes.get(m.name);
    if (!volume) errors.push(notFound(`${at}.name`, m.name ?? ''));
    if (!m.mountPath) errors.push(required(`${at}.mountPath`));
    if (points.has(m.mountPath)) errors.push(invalid(`${at}.mountPath`, m.mountPath, 'must be unique'));
    points.add(m.mountPath);
    if (m.name && c.volumeDevices?.some(d => d.name === m.name)) errors.push(invalid(`${at}.name`, m.name, 'must not already exist in volumeDevices'));
    if (c.volumeDevices?.some(d => d.devicePath === m.mountPath)) errors.push(invalid(`${at}.mountPath`, m.mountPath, 'must not already exist as a path in volumeDevices'));
    // Kubernetes leaves the index out of these paths.
    if (m.subPath) errors.push(...descending(m.subPath, `${path}.subPath`));
    if (m.subPathExpr) {
      if (m.subPath) errors.push(invalid(`${at}.subPathExpr`, m.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      errors.push(...descending(m.subPathExpr, `${path}.subPathExpr`));
    }
    if (m.mountPropagation !== undefined && !PROPAGATION.includes(m.mountPropagation)) errors.push(notSupported(`${path}.mountPropagation`, m.mountPropagation, PROPAGATION));
    if (m.mountPropagation === 'Bidirectional' && !c.securityContext?.privileged) errors.push(forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
    if (m.recursiveReadOnly !== undefined) errors.push(...validateRecursive(m, `${path}.recursiveReadOnly`));
  }
  return errors;
}

function validateRecursive(m: VolumeMount, at: string): FieldError[] {
  if (!RECURSIVE.includes(m.recursiveReadOnly!)) return [notSupported(at, m.recursiveReadOnly, RECURSIVE)];
  if (m.recursiveReadOnly === 'Disabled') return [];
  return [
    ...(m.readOnly ? [] : [forbidden(at, 'may only be specified when readOnly is true')]),
    ...(m.mountPropagation === undefined || m.mountPropagation === 'None' ? [] : [forbidden(at, 'may only be specified when mountPropagation is None or not specified')]),
  ];
}

/** Block devices of one container against the pod's volumes. */
export function validateDevices(c: Container, volumes: Volumes, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>(), points = new Set<string>();
  c.volumeDevices?.forEach((d, i) => {
    const at = `${path}[${i}]`, volume = volumes.get(d.name);
    if (!d.name) errors.push(required(`${at}.name`));
    if (d.name && names.has(d.name)) errors.push(invalid(`${at}.name`, d.name, 'must be unique'));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) errors.push(invalid(`${at}.name`, d.name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (!volume) errors.push(notFound(`${at}.name`, d.name ?? ''));
    if (!d.devicePath) errors.push(required(`${at}.devicePath`));
    if (points.has(d.devicePath)) errors.push(invalid(`${at}.devicePath`, d.devicePath, 'must be unique'));
    if (noBacksteps(d.devicePath ?? '', at).length > 0) errors.push(invalid(`${at}.devicePath`, d.devicePath, "can not contain backsteps ('..')"));
    else points.add(d.devicePath);
    if (c.volumeMounts?.some(m => m.name === d.name)) errors.push(invalid(`${at}.name`, d.name, 'must not already exist in volumeMounts'));
    if (c.volumeMounts?.some(m => m.mountPath === d.devicePath)) errors.push(invalid(`${at}.devicePath`, d.devicePath, 'must not already exist as a path in volumeMounts'));
    names.add(d.name);
  });
  return errors;
}
