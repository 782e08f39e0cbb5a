// One bridge network per cluster, an address range per node inside it: pods of all nodes of one daemon reach each other without NAT
// and without a rule of ours. Addresses are the agent's; Docker is told each.
import type Docker from 'dockerode';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { Log } from '../../../base/log.ts';
import type { RuntimeConfig } from '../runtime.ts';
import { dockerMessage, dockerStatus } from './errors.ts';
import { LABEL, bridgeName, networkName } from './naming.ts';

/** Networks being made: the nodes of one host start together, and Docker refuses the second with words about overlapping ranges. */
const making = new Map<string, Promise<void>>();

/** Creates the cluster's network unless it is there with the same range. */
export function ensureNetwork(docker: Docker, config: RuntimeConfig): Promise<void> {
  let made = making.get(config.clusterId);
  if (!made) {
    made = makeNetwork(docker, config).finally(() => making.delete(config.clusterId));
    making.set(config.clusterId, made);
  }
  return made;
}

async function makeNetwork(docker: Docker, config: RuntimeConfig): Promise<void> {
  const name = networkName(config.clusterId);
  for (let attempt = 0; ; attempt++) {
    try {
      const info = await docker.getNetwork(name).inspect() as { IPAM?: { Config?: { Subnet?: string }[] } };
      const subnet = info.IPAM?.Config?.[0]?.Subnet;
      if (subnet !== config.clusterPodCidr) throw new Error(`Docker network ${name} has range ${subnet}, this cluster's is ${config.clusterPodCidr}: remove it with "docker network rm ${name}"`);
      return;
    } catch (error) { if (dockerStatus(error) !== 404) throw error; }
    try {
      await docker.createNetwork({
        Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: { [LABEL.cluster]: config.clusterId },
        IPAM: { Driver: 'default', Config: [{ Subnet: config.clusterPodCidr, Gateway: config.gateway }] },
        Options: { 'com.docker.network.bridge.name': bridgeName(config.clusterId), 'com.docker.network.bridge.enable_icc': 'true', 'com.docker.network.bridge.enable_ip_masquerade': 'true' },
      });
      return;
    } catch (error) {
      // Another host's node of this cluster was faster.
      if (dockerStatus(error) === 409 && attempt === 0) continue;
      throw new Error(`Docker network ${name} (${config.clusterPodCidr}): ${dockerMessage(error)}`, { cause: error });
    }
  }
}

/** Removes the cluster's network if nothing is on it. */
export async function removeNetwork(docker: Docker, clusterId: string, log: Log): Promise<void> {
  try { await docker.getNetwork(networkName(clusterId)).remove(); } catch (error) {
    const status = dockerStatus(error);
    if (status === 404) return;
    log.debug('network kept', { network: networkName(clusterId), why: dockerMessage(error) });
  }
}

/**
 * Lets every port of the bridge send a frame back where it came from: a pod that reaches itself through a Service needs it. Only
 * possible as root on the daemon's own machine; says whether it was.
 */
export async function enableHairpin(clusterId: string): Promise<boolean> {
  const dir = `/sys/class/net/${bridgeName(clusterId)}/brif`;
  let ports: string[];
  try { ports = await readdir(dir); } catch { return false; }
  let all = true;
  await Promise.all(ports.map(async port => {
    const file = `${dir}/${port}/hairpin_mode`;
    // A port may vanish with its pod while we look.
    try { if ((await readFile(file, 'latin1')).trim() !== '1') await writeFile(file, '1'); } catch (error) { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') all = false; }
  }));
  return all;
}
