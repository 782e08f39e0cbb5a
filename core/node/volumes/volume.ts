// What a volume kind does for a pod. One file per kind implements it.
import type { ConfigMap, KeyToPath, Node, PersistentVolume, PersistentVolumeClaim, Pod, Secret, Volume } from '../../api/types/kubernetes.ts';
import type { PodFacts } from '../env/field-ref.ts';
import type { PayloadFile } from './atomic-dir.ts';

/** The volume cannot be mounted now; `message` is what follows `MountVolume.SetUp failed for volume "v" : `, or with `whole` all that is told. */
export class VolumeError extends Error {
  readonly whole: boolean;
  /** The event it is told by. */
  readonly reason: 'FailedMount' | 'FailedMapVolume';
  constructor(message: string, whole = false, reason: VolumeError['reason'] = 'FailedMount') { super(message); this.whole = whole; this.reason = reason; }
}

export interface VolumeContext {
  pod: Pod;
  volume: Volume;
  /** Directory of this volume below the pod's own. */
  dir: string;
  /** The same on a memory file system; `dir` where there is none. */
  memoryDir: string;
  configMap(name: string): ConfigMap | undefined;
  secret(name: string): Secret | undefined;
  /** A claim of the pod's namespace. */
  claim(name: string): PersistentVolumeClaim | undefined;
  persistentVolume(name: string): PersistentVolume | undefined;
  /** Pulls an image by policy and lays its files out, at `dir` or elsewhere; answers where, and which it is. */
  image(reference: string, policy: string, dir: string): Promise<{ path: string; id: string }>;
  facts(): PodFacts;
  /** A bound service-account token; cached until 80 % of its life are over. */
  token(audience: string | undefined, seconds: number): Promise<string>;
  now(): number;
  /** Gives the tree below `path` the pod's fsGroup; nothing without one. `readOnly`: containers never write there. */
  own(path: string, readOnly?: boolean): Promise<void>;
  /** The node as the API has it now. */
  node(): Promise<Node>;
  /** Whether no other pod of this node has the persistent volume. */
  alone(persistentVolume: string): boolean;
  /** How containers of the pod use it. */
  used: { asMount: boolean; asDevice: boolean };
  /** A file as a block device, until the pod goes. Throws VolumeError where this node has none. */
  device(file: string): Promise<string>;
  root: boolean;
}

export interface MountedVolume {
  /** Where its files are on the host. */
  hostPath: string;
  /** The persistent volume it is. */
  persistentVolume?: string;
  /** It is a block device, at `hostPath`. */
  block?: boolean;
  /** A group that processes of the pod are in because of it. */
  group?: number;
  /** False where mounts made later reach no container, though one wants them. */
  spreads?: boolean;
  /** No container may write to it. */
  readOnly: boolean;
  /** Brings changing content up to date; absent where content does not change. */
  refresh?(): Promise<void>;
  /** The image it shows: not to be collected meanwhile. */
  imageId?: string;
  /** Undoes what rm -r of the pod directory cannot (mounts). */
  unmount?(): Promise<void>;
}

export type VolumeKind = (c: VolumeContext) => Promise<MountedVolume>;

/** Files of a configMap or secret: all keys, or the items named. Throws VolumeError for a missing key unless optional. */
export function filesOf(of: 'configmap' | 'secret', data: ReadonlyMap<string, Buffer>, items: readonly KeyToPath[] | undefined, mode: number, optional: boolean): Map<string, PayloadFile> {
  const out = new Map<string, PayloadFile>();
  if (!items?.length) { for (const [key, value] of data) out.set(key, { data: value, mode }); return out; }
  for (const item of items) {
    const value = data.get(item.key);
    if (value === undefined) { if (optional) continue; throw new VolumeError(`references non-existent ${of === 'secret' ? 'secret' : 'config'} key: ${item.key}`); }
    out.set(item.path, { data: value, mode: item.mode ?? mode });
  }
  return out;
}

export const configMapData = (m: ConfigMap): Map<string, Buffer> => new Map([
  ...Object.entries(m.data ?? {}).map(([k, v]) => [k, Buffer.from(v)] as const), ...Object.entries(m.binaryData ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')] as const)]);
export const secretData = (s: Secret): Map<string, Buffer> => new Map(Object.entries(s.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64')]));
