// `npm run gen`: writes everything generated. Each generator is one line in the array.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateTypes } from './types.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
for (const generate of [generateTypes]) process.stderr.write(`gen: ${generate(root)}\n`);
