// Volumes of pods.
import { duplicate, forbidden, invalid, notFound, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { configMapKey, dnsLabel } from '../../meta/names.ts';
import type { Container, DownwardAPIVolumeFile, KeyToPath, SecretVolumeSource, Volume } from '../../types/kubernetes.ts';
import { defaultResourceField, validateFieldRef, validateResourceFieldRef } from './env.ts';
import { pullPolicyFor } from './image.ts';
import { canonical } from './resources.ts';

const MODE_TEXT = 'must be a number between 0 and 0777 (octal), both inclusive';
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const PROPAGATION = ['Bidirectional', 'HostToContainer', 'None'];

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
  const configMap = v.configMap, downward = v.downwardAPI;
  const hostPath = v.hostPath;
  if (v.secret) v.secret.defaultMode ??= 420;
  if (configMap) configMap.defaultMode ??= 420;
  if (hostPath) hostPath.type ??= '';
  if (downward) { downward.defaultMode ??= 420; defaultFiles(downward.items); }
  if (v.image) v.image.pullPolicy ||= pullPolicyFor(v.image.reference ?? '');
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

/** A path below a volume: relative, without `..`. */
function validateLocalPath(value: string, path: string, nonDot: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (value.startsWith('/')) errors.push(invalid(path, value, 'must be a relative path'));
  if (value.split('/').includes('..')) errors.push(invalid(path, value, "must not contain '..'"));
  else if (nonDot && value.startsWith('..')) errors.push(invalid(path, value, "must not start with '..'"));
  return errors;
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  items?.forEach((item, i) => {
    const at = `${path}[${i}]`;
    if (!item.key) errors.push(required(`${at}.key`));
    else for (const m of configMapKey(item.key)) errors.push(invalid(`${at}.key`, item.key, m));
    if (!item.path) errors.push(required(`${at}.path`));
    else errors.push(...validateLocalPath(item.path, `${at}.path`, true));
    errors.push(...modeErrors(item.mode, `${at}.mode`));
  });
  return errors;
}

function validateDownward(items: readonly DownwardAPIVolumeFile[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  items?.forEach((file, i) => {
    const at = `${path}[${i}]`, ref = file.fieldRef;
    if (!file.path) errors.push(required(`${path}.path`));
    else errors.push(...validateLocalPath(file.path, `${path}.path`, true));
    if (ref) {
      errors.push(...validateFieldRef(ref, 'volume', `${at}.fieldRef`));
      if (file.resourceFieldRef) errors.push(invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (file.resourceFieldRef) errors.push(...validateResourceFieldRef(file.resourceFieldRef, true, `${at}.resourceFieldRef`));
    else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
    errors.push(...modeErrors(file.mode, `${at}.mode`));
  });
  return errors;
}

function validateSource(v: Volume, path: string): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const k in v) {
    if (k === 'name' || v[k as keyof Volume] === undefined || v[k as keyof Volume] === null) continue;
    if (++count > 1) errors.push(forbidden(`${path}.${k}`, 'may not specify more than 1 volume type'));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  const emptyDir = v.emptyDir, hostPath = v.hostPath;
  const configMap = v.configMap, downward = v.downwardAPI;
  if (emptyDir?.sizeLimit?.startsWith('-')) errors.push(forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
  if (hostPath) {
    if (!hostPath.path) errors.push(required(`${path}.hostPath.path`));
    else if (hostPath.path.split('/').includes('..')) errors.push(invalid(`${path}.hostPath.path`, hostPath.path, "must not contain '..'"));
    if (!HOST_PATH_TYPES.includes(hostPath.type ?? '')) errors.push(notSupported(`${path}.hostPath.type`, hostPath.type, HOST_PATH_TYPES));
  }
  if (v.secret) errors.push(...validateSecret(v.secret, `${path}.secret`));
  if (configMap) {
    if (!configMap.name) errors.push(required(`${path}.configMap.name`));
    errors.push(...modeErrors(configMap.defaultMode, `${path}.configMap.defaultMode`), ...validateItems(configMap.items, `${path}.configMap.items`));
  }
  if (downward) errors.push(...modeErrors(downward.defaultMode, `${path}.downwardAPI.defaultMode`), ...validateDownward(downward.items, `${path}.downwardAPI`));
  if (v.projected) errors.push(...validateProjected(v, `${path}.projected`));
  if (v.persistentVolumeClaim && !v.persistentVolumeClaim.claimName) errors.push(required(`${path}.persistentVolumeClaim.claimName`));
  if (v.nfs) {
    if (!v.nfs.server) errors.push(required(`${path}.nfs.server`));
    if (!v.nfs.path) errors.push(required(`${path}.nfs.path`));
    else if (!v.nfs.path.startsWith('/')) errors.push(invalid(`${path}.nfs.path`, v.nfs.path, 'must be an absolute path'));
  }
  return errors;
}

function validateSecret(s: SecretVolumeSource, path: string): FieldError[] {
  return [...(s.secretName ? [] : [required(`${path}.secretName`)]), ...modeErrors(s.defaultMode, `${path}.defaultMode`), ...validateItems(s.items, `${path}.items`)];
}

function validateProjected(v: Volume, path: string): FieldError[] {
  const p = v.projected!;
  const errors = modeErrors(p.defaultMode, `${path}.defaultMode`);
  const paths = new Set<string>();
  const claim = (file: string | undefined, at: string, what: string): void => {
    if (!file) return;
    if (paths.has(file)) errors.push(invalid(path, at, `conflicting duplicate paths ${what}`));
    paths.add(file);
  };
  p.sources?.forEach((s, i) => {
    const at = `${path}.sources[${i}]`;
    const given = Object.keys(s).filter(k => s[k as keyof typeof s] !== undefined && s[k as keyof typeof s] !== null);
    given.slice(1).forEach(k => errors.push(forbidden(`${at}.${k}`, 'may not specify more than 1 volume type')));
    if (s.secret && !s.secret.name) errors.push(required(`${at}.secret.name`));
    if (s.secret) errors.push(...validateItems(s.secret.items, `${at}.secret.items`));
    if (s.configMap && !s.configMap.name) errors.push(required(`${at}.configMap.name`));
    if (s.configMap) errors.push(...validateItems(s.configMap.items, `${at}.configMap.items`));
    if (s.downwardAPI) errors.push(...validateDownward(s.downwardAPI.items, `${at}.downwardAPI`));
    const token = s.serviceAccountToken;
    if (token) {
      const seconds = token.expirationSeconds ?? 3600;
      if (seconds < 600) errors.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
      if (seconds > 2 ** 32) errors.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
      if (!token.path) errors.push(required(`${at}.serviceAccountToken.path`));
      else errors.push(...validateLocalPath(token.path, `${at}.serviceAccountToken.path`, true));
    }
    for (const item of [...(s.secret?.items ?? []), ...(s.configMap?.items ?? [])]) claim(item.path, item.path, item.path);
    claim(token?.path, token?.path ?? '', token?.path ?? '');
  });
  return errors;
}

/** Volumes; unique names, exactly one source each. */
export function validateVolumes(volumes: readonly Volume[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  volumes?.forEach((v, i) => {
    const at = `${path}[${i}]`;
    if (!v.name) errors.push(required(`${at}.name`));
    else {
      for (const m of dnsLabel(v.name)) errors.push(invalid(`${at}.name`, v.name, m));
      if (names.has(v.name)) errors.push(duplicate(`${at}.name`, v.name));
      names.add(v.name);
    }
    errors.push(...validateSource(v, at));
  });
  return errors;
}

/** Mounts of one container against the pod's volumes. */
export function validateMounts(c: Container, volumes: readonly Volume[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], mounts = c.volumeMounts;
  const points = new Set<string>();
  for (let i = 0; i < (mounts?.length ?? 0); i++) {
    const m = mounts![i]!, at = `${path}[${i}]`;
    if (!m.name) errors.push(required(`${at}.name`));
    const volume = volumes?.find(v => v.name === m.name);
    if (!volume) errors.push(notFound(`${at}.name`, m.name ?? ''));
    if (!m.mountPath) errors.push(required(`${at}.mountPath`));
    if (points.has(m.mountPath)) errors.push(invalid(`${at}.mountPath`, m.mountPath, 'must be unique'));
    points.add(m.mountPath);
    if (m.name && c.volumeDevices?.some(d => d.name === m.name)) errors.push(invalid(`${at}.name`, m.name, 'must not already exist in volumeDevices'));
    if (c.volumeDevices?.some(d => d.devicePath === m.mountPath)) errors.push(invalid(`${at}.mountPath`, m.mountPath, 'must not already exist as a path in volumeDevices'));
    if (volume?.image) for (const f of ['subPath', 'subPathExpr'] as const) if (m[f]) errors.push(invalid(`${at}.${f}`, m[f], 'not allowed in image volume sources'));
    // Kubernetes leaves the index out of these paths.
    if (m.subPath) errors.push(...validateLocalPath(m.subPath, `${path}.subPath`, false));
    if (m.subPathExpr) {
      if (m.subPath) errors.push(invalid(`${at}.subPathExpr`, m.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      errors.push(...validateLocalPath(m.subPathExpr, `${path}.subPathExpr`, false));
    }
    if (m.mountPropagation !== undefined && !PROPAGATION.includes(m.mountPropagation)) errors.push(notSupported(`${path}.mountPropagation`, m.mountPropagation, PROPAGATION));
    if (m.mountPropagation === 'Bidirectional' && !c.securityContext?.privileged) errors.push(forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers'));
  }
  return errors;
}

/** Block devices of one container against the pod's volumes. */
export function validateDevices(c: Container, volumes: readonly Volume[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>(), points = new Set<string>();
  c.volumeDevices?.forEach((d, i) => {
    const at = `${path}[${i}]`, volume = volumes?.find(v => v.name === d.name);
    if (!d.name) errors.push(required(`${at}.name`));
    if (d.name && names.has(d.name)) errors.push(invalid(`${at}.name`, d.name, 'must be unique'));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) errors.push(invalid(`${at}.name`, d.name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'));
    if (!volume) errors.push(notFound(`${at}.name`, d.name ?? ''));
    if (!d.devicePath) errors.push(required(`${at}.devicePath`));
    if (points.has(d.devicePath)) errors.push(invalid(`${at}.devicePath`, d.devicePath, 'must be unique'));
    if (d.devicePath?.split('/').includes('..')) errors.push(invalid(`${at}.devicePath`, d.devicePath, "can not contain backsteps ('..')"));
    else points.add(d.devicePath);
    if (c.volumeMounts?.some(m => m.name === d.name)) errors.push(invalid(`${at}.name`, d.name, 'must not already exist in volumeMounts'));
    if (c.volumeMounts?.some(m => m.mountPath === d.devicePath)) errors.push(invalid(`${at}.devicePath`, d.devicePath, 'must not already exist as a path in volumeMounts'));
    names.add(d.name);
  });
  return errors;
}
