import { createSimulatedRuntime } from '../../core/node/runtime/simulated/simulated.ts';
import { runtimeContract } from './runtime.ts';

let ip = 1;
runtimeContract('simulated', async () => {
  const runtime = await createSimulatedRuntime({ nodeName: 'n', clusterId: 'c' });
  return { runtime, image: 'alpine:latest', nextIp: () => `10.244.0.${++ip}`, dispose: () => runtime.close() };
}, { processes: false, oom: false, network: false, sharedPids: false });
