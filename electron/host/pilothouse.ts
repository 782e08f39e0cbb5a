// What `pilothouse` runs: the command line of core, with the user interface of electron/gateway in front of the cluster it starts.
import * as module from 'node:module';
import { join } from 'node:path';

// Compiled code is kept beside the bundle, where that may be written, so that later starts need not compile it again. Hence nothing is
// imported before. Node 20 and Electron have no such cache.
if (!import.meta.url.endsWith('.ts')) module.enableCompileCache?.(join(import.meta.dirname, '.code'));
const { runCli } = await import('../../core/boot/cli.ts');

await runCli(process.argv.slice(2), async o => (await import('./serve-cluster.ts')).serveCluster(o));
