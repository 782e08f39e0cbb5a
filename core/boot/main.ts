// The headless host and command line: `pilothouse up|kubeconfig|version|reset`.
import { VERSION } from './version.ts';

const [command] = process.argv.slice(2);
if (command === 'version') console.log(VERSION);
else { console.error('pilothouse: unknown command; try: version'); process.exitCode = 2; }
