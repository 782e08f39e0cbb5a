import { execFileSync } from 'node:child_process';
import { silentLog } from '../../core/base/log.ts';
import { createDockerRuntime, resetDocker } from '../../core/node/runtime/docker/docker.ts';
import { runtimeContract } from '../contract/runtime.ts';

execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, 'alpine:latest'], { stdio: 'ignore' });

let next = 9;
runtimeContract('docker', async () => {
  const clusterId = `rt${process.pid}`;
  const open = () => createDockerRuntime({ nodeName: 'n1', stateDir: '/nonexistent', clusterPodCidr: '10.251.0.0/16', podCidr: '10.251.1.0/24', gateway: '10.251.0.1', clusterId, logMaxBytes: 10 << 20, logMaxFiles: 5 }, silentLog);
  const runtime = await open();
  return { runtime, reopen: open, image: 'alpine:latest', nextIp: () => `10.251.1.${++next}`, dispose: async () => { await runtime.close(); await resetDocker(clusterId, silentLog); } };
}, { processes: true, oom: true, network: true, sharedPids: true });
