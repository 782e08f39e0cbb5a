// What volumes are made of: rules of each source, shared by the volumes of pods and by PersistentVolumes (Kubernetes pkg/apis/core
// validation). Odd fields in some errors (`persistentDisk`, `cephFS`, `initiatorname`) are Kubernetes' own.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain, inRange } from '../../meta/names.ts';
import type { PersistentVolumeSpec, Volume } from '../../types/kubernetes.ts';
import { validateDriverName } from './csi.ts';

type Sources = Omit<Volume, 'name'> & Omit<PersistentVolumeSpec, keyof Volume>;
type Of<K extends keyof PersistentVolumeSpec> = NonNullable<PersistentVolumeSpec[K]>;
/** A source's rule: `at` is its path, `owner` the name of the volume, `inPod` where a pod has it and not a PersistentVolume. */
type Rule = (source: never, at: string, owner: string, inPod: boolean) => FieldError[];

const given = (v: unknown): boolean => v !== undefined && v !== null && v !== '' && !(Array.isArray(v) && v.length === 0);
/** Fields that must be there, in this order. */
const needs = (...fields: string[]) => (s: object, at: string): FieldError[] => fields.filter(f => !given((s as Record<string, unknown>)[f])).map(f => required(`${at}.${f}`));

/** A path without steps back. */
export const noBacksteps = (value: string, at: string): FieldError[] => (value.split('/').includes('..') ? [invalid(at, value, "must not contain '..'")] : []);
/** A path below something: relative and without steps back. */
export const descending = (value: string, at: string): FieldError[] => [...(value.startsWith('/') ? [invalid(at, value, 'must be a relative path')] : []), ...noBacksteps(value, at)];

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
function hostPath(s: Of<'hostPath'>, at: string): FieldError[] {
  if (!s.path) return [required(`${at}.path`)];
  const errors = noBacksteps(s.path, `${at}.path`);
  if (s.type !== undefined && !HOST_PATH_TYPES.includes(s.type)) errors.push(notSupported(`${at}.type`, s.type, HOST_PATH_TYPES));
  return errors;
}

function disk(field: 'pdName' | 'volumeID') {
  return (s: { partition?: number; pdName?: string; volumeID?: string }, at: string): FieldError[] => {
    const errors = needs(field)(s, at), part = s.partition ?? 0;
    if (part < 0 || part > 255) errors.push(invalid(`${at}.partition`, part, inRange(1, 255)));
    return errors;
  };
}

function nfs(s: Of<'nfs'>, at: string): FieldError[] {
  const errors = needs('server', 'path')(s, at);
  if (!s.path?.startsWith('/')) errors.push(invalid(`${at}.path`, s.path ?? '', 'must be an absolute path'));
  return errors;
}

const INITIATORS: Readonly<Record<string, RegExp>> = { iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9.-]+)(:[^,;*&$|\s]+)$/, eui: /^eui.[A-Za-z0-9]{16}$/, naa: /^naa.[A-Za-z0-9]{32}$/ };
const STARTING = 'must be valid format starting with iqn, eui, or naa';
function initiator(name: string, at: string, unknown: string): FieldError[] {
  const pattern = INITIATORS[name.slice(0, 3)];
  if (!pattern) return [invalid(at, name, unknown)];
  return pattern.test(name) ? [] : [invalid(at, name, 'must be valid format')];
}
function iscsi(s: Of<'iscsi'>, at: string, owner: string, inPod: boolean): FieldError[] {
  const errors = needs('targetPortal')(s, at);
  const tooLong = s.initiatorName !== undefined && `${owner}:${s.targetPortal ?? ''}`.length > 64 ? 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.' : '';
  if (tooLong && !inPod) errors.push(invalid(`${at}.targetportal`, s.targetPortal ?? '', tooLong));
  if (!s.iqn) errors.push(required(`${at}.iqn`));
  else errors.push(...initiator(s.iqn, `${at}.iqn`, inPod ? STARTING : 'must be valid format'));
  const lun = s.lun ?? 0;
  if (lun < 0 || lun > 255) errors.push(invalid(`${at}.lun`, lun, inRange(0, 255)));
  if ((s.chapAuthDiscovery || s.chapAuthSession) && !s.secretRef) errors.push(required(`${at}.secretRef`));
  if (!inPod && s.secretRef && !s.secretRef.name) errors.push(required(`${at}.secretRef.name`));
  if (s.initiatorName !== undefined) errors.push(...initiator(s.initiatorName, `${at}.initiatorname`, STARTING));
  if (tooLong && inPod) errors.push(invalid(`${at.slice(0, at.lastIndexOf('.'))}.name`, owner, tooLong));
  return errors;
}

function fc(s: Of<'fc'>, at: string): FieldError[] {
  const errors: FieldError[] = [], wwns = s.targetWWNs?.length ?? 0, wwids = s.wwids?.length ?? 0;
  if (wwns === 0 && wwids === 0) errors.push(required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'));
  if (wwns > 0 && wwids > 0) errors.push(invalid(`${at}.targetWWNs`, s.targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'));
  if (wwns > 0) {
    if (s.lun === undefined) errors.push(required(`${at}.lun`, 'lun is required if targetWWNs is specified'));
    else if (s.lun < 0 || s.lun > 255) errors.push(invalid(`${at}.lun`, s.lun, inRange(0, 255)));
  }
  return errors;
}

function glusterfs(s: Of<'glusterfs'>, at: string, _owner: string, inPod: boolean): FieldError[] {
  const errors = needs('endpoints', 'path')(s, at), ns = s.endpointsNamespace;
  if (inPod || ns === undefined) return errors;
  if (ns === '') errors.push(invalid(`${at}.endpointsNamespace`, ns, 'if the endpointnamespace is set, it must be a valid namespace name'));
  else for (const m of dnsLabel(ns)) errors.push(invalid(`${at}.endpointsNamespace`, ns, m));
  return errors;
}

function flocker(s: Of<'flocker'>, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.datasetName && !s.datasetUUID) errors.push(required(at, 'one of datasetName and datasetUUID is required'));
  if (s.datasetName && s.datasetUUID) errors.push(invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'));
  if (s.datasetName?.includes('/')) errors.push(invalid(`${at}.datasetName`, s.datasetName, "must not contain '/'"));
  return errors;
}

const PAIRS = 'must be a host:port pair or multiple pairs separated by commas';
function quobyte(s: Of<'quobyte'>, at: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!s.registry) errors.push(required(`${at}.registry`, PAIRS));
  else if ((s.tenant?.length ?? 0) >= 65) errors.push(required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters'));
  else for (const pair of s.registry.split(',')) if (!/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair)) errors.push(invalid(`${at}.registry`, s.registry, PAIRS));
  return [...errors, ...needs('volume')(s, at)];
}

/** A reference to a secret, with its namespace outside of pods. */
const secretRef = (s: { secretRef?: { name?: string; namespace?: string } }, at: string, inPod: boolean): FieldError[] =>
  (s.secretRef ? needs(...(inPod ? ['name'] : ['name', 'namespace']))(s.secretRef, `${at}.secretRef`) : []);
const cinder = (s: Of<'cinder'>, at: string, _owner: string, inPod: boolean): FieldError[] => [...needs('volumeID')(s, at), ...secretRef(s, at, inPod)];
function storageos(s: Of<'storageos'>, at: string, _owner: string, inPod: boolean): FieldError[] {
  const errors = needs('volumeName')(s, at);
  for (const f of ['volumeName', 'volumeNamespace'] as const) if (s[f]) for (const m of dnsLabel(s[f])) errors.push(invalid(`${at}.${f}`, s[f], m));
  return [...errors, ...secretRef(s, at, inPod)];
}

function flexVolume(s: Of<'flexVolume'>, at: string): FieldError[] {
  const errors = needs('driver')(s, at);
  for (const k in s.options) if (/\.(kubernetes|k8s)\.io$/.test(`.${k.split('/', 1)[0]!.toLowerCase()}`)) errors.push(invalid(`${at}.options[${k}]`, k, 'kubernetes.io and k8s.io namespaces are reserved'));
  return errors;
}

function azureFile(s: Of<'azureFile'>, at: string, _owner: string, inPod: boolean): FieldError[] {
  return [...needs('secretName', 'shareName')(s, at), ...(!inPod && s.secretNamespace === '' ? [required(`${at}.secretNamespace`)] : [])];
}

const CACHING = ['None', 'ReadOnly', 'ReadWrite'], DISKS = ['Dedicated', 'Managed', 'Shared'];
function azureDisk(s: Of<'azureDisk'>, at: string): FieldError[] {
  const errors = needs('diskName', 'diskURI')(s, at), uri = s.diskURI ?? '';
  if (s.cachingMode !== undefined && !CACHING.includes(s.cachingMode)) errors.push(notSupported(`${at}.cachingMode`, s.cachingMode, CACHING));
  if (s.kind !== undefined && !DISKS.includes(s.kind)) errors.push(notSupported(`${at}.kind`, s.kind, DISKS));
  if (s.kind === 'Managed' && !uri.startsWith('/subscriptions/')) errors.push(notSupported(`${at}.diskURI`, uri, ['/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}']));
  if (s.kind !== undefined && s.kind !== 'Managed' && !uri.startsWith('https://')) errors.push(notSupported(`${at}.diskURI`, uri, ['https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd']));
  return errors;
}

/** A secret of a CSI driver: name and namespace, both good. */
function csiSecret(s: { name?: string; namespace?: string } | undefined, at: string): FieldError[] {
  if (!s) return [];
  const errors = needs('name')(s, at);
  if (s.name) for (const m of dnsSubdomain(s.name)) errors.push(invalid(`${at}.name`, s.name, m));
  errors.push(...needs('namespace')(s, at));
  if (s.namespace) for (const m of dnsLabel(s.namespace)) errors.push(invalid(`${at}.namespace`, s.namespace, m));
  return errors;
}
function csi(s: Of<'csi'>, at: string, _owner: string, inPod: boolean): FieldError[] {
  const errors = validateDriverName(s.driver, `${at}.driver`);
  if (!inPod) {
    errors.push(...needs('volumeHandle')(s, at));
    for (const f of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const) errors.push(...csiSecret(s[f], `${at}.${f}`));
    return errors;
  }
  const ref = s.nodePublishSecretRef;
  if (ref && !ref.name) errors.push(required(`${at}.nodePublishSecretRef.name`));
  else if (ref) for (const m of dnsSubdomain(ref.name!)) errors.push(invalid(`${at}.name`, ref.name, m));
  return errors;
}

const gitRepo = (s: NonNullable<Volume['gitRepo']>, at: string): FieldError[] => [...needs('repository')(s, at), ...descending(s.directory ?? '', `${at}.directory`)];
const local = (s: Of<'local'>, at: string): FieldError[] => (s.path ? noBacksteps(s.path, `${at}.path`) : [required(`${at}.path`)]);

const RULES = {
  hostPath, gitRepo, gcePersistentDisk: disk('pdName'), awsElasticBlockStore: disk('volumeID'), nfs, iscsi, glusterfs, flocker, rbd: needs('monitors', 'image'), cinder,
  cephfs: needs('monitors'), quobyte, fc, flexVolume, azureFile, vsphereVolume: needs('volumePath'), photonPersistentDisk: needs('pdID'), portworxVolume: needs('volumeID'),
  azureDisk, storageos, scaleIO: needs('gateway', 'system', 'volumeName'), csi, local,
};
/** Where an error of a source stands, if not below its name; and where one source too many is told. */
const BELOW: Readonly<Record<string, string>> = { gcePersistentDisk: 'persistentDisk' }, TOO_MANY: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/**
 * The rules of a volume's sources in `order`, and that there is exactly one. `own` has rules of sources only this sort of volume can
 * have (undefined: a source without rules).
 */
export function validateSources(sources: object, order: readonly string[], path: string, owner: string, inPod: boolean, own: Readonly<Record<string, ((at: string) => FieldError[]) | undefined>>): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  for (const k of order) {
    const source = (sources as Sources as Record<string, unknown>)[k];
    if (source === undefined || source === null) continue;
    if (++count > 1) { errors.push(forbidden(`${path}.${TOO_MANY[k] ?? k}`, 'may not specify more than 1 volume type')); continue; }
    const at = `${path}.${BELOW[k] ?? k}`, rule = (RULES as Record<string, Rule | undefined>)[k];
    errors.push(...(own[k] ? own[k](at) : rule ? rule(source as never, at, owner, inPod) : []));
  }
  if (count === 0) errors.push(required(path, 'must specify a volume type'));
  return errors;
}

/** Defaults of sources that pods and PersistentVolumes share, in place. */
export function defaultSources(v: Sources): void {
  if (v.hostPath) v.hostPath.type ??= '';
  if (v.iscsi) v.iscsi.iscsiInterface ||= 'default';
  if (v.rbd) { v.rbd.pool ||= 'rbd'; v.rbd.user ||= 'admin'; v.rbd.keyring ||= '/etc/ceph/keyring'; }
  if (v.scaleIO) { v.scaleIO.storageMode ||= 'ThinProvisioned'; v.scaleIO.fsType ||= 'xfs'; }
  const azure = v.azureDisk;
  if (azure) { azure.cachingMode ??= 'ReadWrite'; azure.kind ??= 'Shared'; azure.fsType ??= 'ext4'; azure.readOnly ??= false; }
}

/** A path below a volume that is not one the node keeps for itself: relative, not beginning with `..`. */
export function localPath(value: string, path: string): FieldError[] {
  const errors = descending(value, path);
  if (value.startsWith('..') && !value.startsWith('../')) errors.push(invalid(path, value, "must not start with '..'"));
  return errors;
}
