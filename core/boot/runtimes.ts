// Which runtime a machine gets, and why. `auto` takes the first that works: Docker, our own sandboxes, simulated.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { nth, podCidrOf } from '../base/cidr.ts';
import type { Runtime, RuntimeConfig } from '../node/runtime/runtime.ts';
import type { RuntimeChoice } from './options.ts';
import { CannotRun } from './refusal.ts';

export interface ChosenRuntime {
  name: 'docker' | 'sandbox' | 'simulated';
  /** For people: why this one. */
  why: string;
  create(config: RuntimeConfig, log: Log): Promise<Runtime>;
  /** Removes everything this cluster's nodes left on the machine. */
  reset(data: string, clusterId: string, clusterPodCidr: string, log: Log): Promise<void>;
}

interface Candidate {
  name: ChosenRuntime['name'];
  probe(): Promise<{ ok: boolean; why: string }>;
  create: ChosenRuntime['create'];
  /** Removes everything a node left on the machine. */
  reset(config: RuntimeConfig, log: Log): Promise<void>;
}

// Each is loaded only when it is looked at: dockerode alone costs 60 ms.
const CANDIDATES: readonly Candidate[] = [
  {
    name: 'docker',
    probe: async () => (await import('../node/runtime/docker/docker.ts')).probeDocker(),
    create: async (config, log) => (await import('../node/runtime/docker/docker.ts')).createDockerRuntime(config, log),
    reset: async (config, log) => (await import('../node/runtime/docker/docker.ts')).resetDocker(config.clusterId, log),
  },
  {
    name: 'sandbox',
    probe: async () => (await import('../node/runtime/sandbox/probe.ts')).probeSandbox(),
    create: async (config, log) => (await import('../node/runtime/sandbox/sandbox.ts')).createSandboxRuntime(config, log),
    reset: async (config, log) => (await import('../node/runtime/sandbox/sandbox.ts')).resetSandbox(config, log),
  },
  {
    name: 'simulated',
    probe: async () => ({ ok: true, why: 'pods only pretend to run' }),
    create: async config => (await import('../node/runtime/simulated/simulated.ts')).createSimulatedRuntime(config, systemClock),
    reset: async () => { /* it leaves nothing */ },
  },
];

/** Throws when the one asked for does not work, with its reason. */
export async function chooseRuntime(choice: RuntimeChoice): Promise<ChosenRuntime> {
  const refused: string[] = [];
  for (const c of CANDIDATES) {
    if (choice !== 'auto' && c.name !== choice) continue;
    const { ok, why } = await c.probe();
    if (ok) return { name: c.name, why: [...refused, why].join('; '), create: c.create, reset: (...args) => resetNodes(c, ...args) };
    if (choice !== 'auto') throw new CannotRun(`--runtime ${choice} does not work here: ${why}`);
    refused.push(`no ${c.name}: ${why}`);
  }
  throw new CannotRun(`no runtime works here: ${refused.join('; ')}`);
}

/** A runtime that answers a probe and then no more (a wedged daemon) must not hold a reset for ever. */
const RESET_MS = 30_000;

const nodeNames = (data: string): string[] => (existsSync(join(data, 'nodes')) ? readdirSync(join(data, 'nodes')) : []);

async function resetNodes(c: Candidate, data: string, clusterId: string, clusterPodCidr: string, log: Log): Promise<void> {
  for (const nodeName of nodeNames(data)) {
    const stateDir = join(data, 'nodes', nodeName, c.name);
    // A node that never ran on this runtime has nothing there, and a daemon that serves others is better left in peace.
    if (!existsSync(stateDir)) continue;
    await c.reset({ nodeName, stateDir, clusterPodCidr, podCidr: podCidrOf(clusterPodCidr, 1), gateway: nth(clusterPodCidr, 1), clusterId, logMaxBytes: 1, logMaxFiles: 1 }, log);
  }
}

/** Removes what a cluster left on the machine, in each runtime that works here. */
export async function removeContainers(data: string, clusterId: string, clusterPodCidr: string, log: Log): Promise<void> {
  for (const c of CANDIDATES) {
    if (!(await c.probe()).ok) continue;
    const late = Promise.withResolvers<'late'>(), timer = systemClock.after(RESET_MS, () => late.resolve('late'));
    try {
      if (await Promise.race([resetNodes(c, data, clusterId, clusterPodCidr, log), late.promise]) === 'late') log.warn(`${c.name} does not answer: what it may still run of this cluster stays`, { cluster: clusterId });
    } finally { timer.cancel(); }
  }
}
