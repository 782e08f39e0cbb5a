// `npm run pilothouse -- …`: the command line from a checkout, bundled first so that it starts as fast as when packaged.
import { buildHost } from './build.mjs';

await buildHost();
process.argv.splice(1, 1, 'pilothouse');
await import('../dist/pilothouse.mjs');
