// The cgroup of a pod as a whole. Docker puts the pod's containers below it; the limits are ours to write, where this machine lets us.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cgroupVersion, groupDirs, limitGroup, makeGroup, removeEmptyGroup, removeGroup } from '../cgroup.ts';
import type { Resources } from '../runtime.ts';

export class PodGroups {
  readonly #systemd: boolean;
  readonly #root: string;
  constructor(driver: string, clusterId: string, nodeName: string) {
    this.#systemd = driver === 'systemd';
    this.#root = this.#systemd ? `docker_${plain(clusterId)}_${plain(nodeName)}` : join(rootOf(clusterId), nodeName);
  }

  /** What Docker is told: a path, or with systemd a slice, whose dashes are levels. */
  parent(podUid: string): string { return this.#systemd ? `pilothouse-${this.#root}_${plain(podUid)}.slice` : `/${this.#path(podUid)}`; }
  #path(podUid: string): string { return this.#systemd ? join('pilothouse.slice', this.parent(podUid)) : join(this.#root, podUid); }

  /** Makes the group with its limits; with systemd it comes to be with the first container below it. */
  async make(podUid: string, r: Resources): Promise<void> {
    if (this.#systemd) return;
    await makeGroup(this.#path(podUid));
    await limitGroup(this.#path(podUid), r);
  }
  /** Limits a group that has containers. */
  async limit(podUid: string, r: Resources): Promise<void> { await limitGroup(this.#path(podUid), r); }
  /** systemd removes an empty slice by itself. */
  async remove(podUid: string): Promise<void> { if (!this.#systemd && groupDirs(this.#path(podUid)).some(existsSync)) await removeGroup(this.#path(podUid)); }
}

const rootOf = (clusterId: string): string => join('pilothouse', `docker-${clusterId}`);
const plain = (text: string): string => text.replaceAll(/\W/g, '_');

/** Undefined where the daemon's groups are not this machine's, or not ours to change: then each container's own limits stand alone. */
export function podGroups(driver: string | undefined, clusterId: string, nodeName: string): PodGroups | undefined {
  const local = !process.env.DOCKER_HOST || process.env.DOCKER_HOST.startsWith('unix:');
  return process.platform === 'linux' && local && cgroupVersion !== 0 && process.getuid?.() === 0 && driver !== undefined && driver !== 'none' ? new PodGroups(driver, clusterId, nodeName) : undefined;
}

/** Removes what is left of a cluster's groups. */
export async function removePodGroups(clusterId: string): Promise<void> {
  if (process.platform !== 'linux' || !groupDirs(rootOf(clusterId)).some(existsSync)) return;
  await removeGroup(rootOf(clusterId));
  await removeEmptyGroup('pilothouse');
}
