// What `pilothouse` runs: the command line of core, with the user interface of electron/gateway in front of the cluster it starts.
import { runCli } from '../../core/boot/cli.ts';

await runCli(process.argv.slice(2), async o => (await import('./serve-cluster.ts')).serveCluster(o));
