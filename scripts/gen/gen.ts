// `npm run gen`: writes everything generated. Each generator is one line in the array; the types come last, for
// scripts/generated.mjs takes their age for the age of all.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateSchemas } from './schema.ts';
import { generateTypes } from './types.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
for (const generate of [generateSchemas, generateTypes]) process.stderr.write(`gen: ${generate(root)}\n`);
