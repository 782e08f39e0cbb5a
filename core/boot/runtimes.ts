// Which runtime a machine gets, and why. `auto` takes the first that works: Docker, our own sandboxes, simulated.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nth, podCidrOf } from '../network/cidr.ts';
import type { Runtime, RuntimeConfig } from '../node/runtime/runtime.ts';
import type { RuntimeChoice } from './options.ts';

export interface ChosenRuntime {
  name: 'docker' | 'sandbox' | 'simulated';
  /** For people: why this one. */
  why: string;
  create(config: RuntimeConfig, log: Log): Promise<Runtime>;
}

interface Candidate { name: ChosenRuntime['name']; probe(): Promise<{ ok: boolean; why: string }>; create: ChosenRuntime['create'] }

// Each is loaded only when it is looked at: dockerode alone costs 60 ms.
const CANDIDATES: readonly Candidate[] = [
  {
    name: 'docker',
    probe: async () => (await import('../node/runtime/docker/docker.ts')).probeDocker(),
    create: async (config, log) => (await import('../node/runtime/docker/docker.ts')).createDockerRuntime(config, log),
  },
  {
    name: 'sandbox',
    probe: async () => (await import('../node/runtime/sandbox/probe.ts')).probeSandbox(),
    create: async (config, log) => (await import('../node/runtime/sandbox/sandbox.ts')).createSandboxRuntime(config, log),
  },
  {
    name: 'simulated',
    probe: async () => ({ ok: true, why: 'pods only pretend to run' }),
    create: async config => (await import('../node/runtime/simulated/simulated.ts')).createSimulatedRuntime(config, systemClock),
  },
];

/** Throws when the one asked for does not work, with its reason. */
export async function chooseRuntime(choice: RuntimeChoice): Promise<ChosenRuntime> {
  const refused: string[] = [];
  for (const c of CANDIDATES) {
    if (choice !== 'auto' && c.name !== choice) continue;
    const { ok, why } = await c.probe();
    if (ok) return { name: c.name, why: [...refused, why].join('; '), create: c.create };
    if (choice !== 'auto') throw new Error(`--runtime ${choice} does not work here: ${why}`);
    refused.push(`no ${c.name}: ${why}`);
  }
  throw new Error(`no runtime works here: ${refused.join('; ')}`);
}

const nodeNames = (data: string): string[] => (existsSync(join(data, 'nodes')) ? readdirSync(join(data, 'nodes')) : []);

/** Removes every sandbox that a cluster left behind, in each runtime that works on this machine. */
export async function removeContainers(data: string, clusterId: string, clusterPodCidr: string, log: Log): Promise<void> {
  for (const c of CANDIDATES.filter(x => x.name !== 'simulated')) {
    if (!(await c.probe()).ok) continue;
    for (const nodeName of nodeNames(data)) {
      const runtime = await c.create({ nodeName, stateDir: join(data, 'nodes', nodeName, c.name), clusterPodCidr, podCidr: podCidrOf(clusterPodCidr, 1), gateway: nth(clusterPodCidr, 1), clusterId, logMaxBytes: 1, logMaxFiles: 1 }, log);
      for (const s of await runtime.list()) {
        await runtime.stopSandbox(s.id);
        await runtime.removeSandbox(s.id);
      }
      await runtime.close();
    }
  }
}
