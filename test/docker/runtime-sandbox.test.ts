import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../../core/base/log.ts';
import { createSandboxRuntime, resetSandbox } from '../../core/node/runtime/sandbox/sandbox.ts';
import { runtimeContract } from '../contract/runtime.ts';

let next = 9;
runtimeContract('sandbox', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'pilothouse-sandbox-'));
  mkdirSync(join(stateDir, 'images'));
  execFileSync('bash', [new URL('../images/build.sh', import.meta.url).pathname, '--out', join(stateDir, 'images'), 'alpine:latest'], { stdio: 'ignore' });
  const config = { nodeName: 'n1', stateDir, clusterPodCidr: '10.249.0.0/16', podCidr: '10.249.1.0/24', gateway: '10.249.0.1', clusterId: `st${process.pid}`, logMaxBytes: 10 << 20, logMaxFiles: 5 };
  const open = () => createSandboxRuntime(config, silentLog);
  const runtime = await open();
  return { runtime, reopen: open, image: 'alpine:latest', nextIp: () => `10.249.1.${++next}`, dispose: async () => { await runtime.close(); await resetSandbox(config, silentLog); rmSync(stateDir, { recursive: true, force: true }); } };
}, { processes: true, oom: true, network: true, sharedPids: true });
