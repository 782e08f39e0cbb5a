// `npm run campaign fuzz`: ten minutes of requests, patches, expressions, frames and noise against a host; writes docs/results/fuzz.md.
// `--seconds N` makes it shorter, `SEED` throws the same dice again.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fuzz } from './fuzz/run.ts';

const at = process.argv.indexOf('--seconds');
const seconds = at > 0 ? Number(process.argv[at + 1]) : 600, seed = Number(process.env.SEED ?? Date.now() % 1e9);
const r = await fuzz({ seconds, seed, say: line => console.error(line) });
mkdirSync('docs/results', { recursive: true });
const statuses = [...r.statuses].sort(([a], [b]) => a - b).map(([s, n]) => `${s > 0 ? s : s === 0 ? 'connection refused or cut' : 'no answer'}: ${n}`).join(', ');
writeFileSync('docs/results/fuzz.md', `# Fuzzing

\`npm run campaign fuzz\`, ${seconds} s, seed ${r.seed}, ${new Date().toISOString().slice(0, 10)}: ${r.requests} requests (paths, headers, bodies in JSON, YAML and protobuf, patches, expressions, selectors, parameters) and
${r.connections} connections with SPDY and WebSocket frames or noise against a host with the simulated runtime.

| | |
|---|---|
| answers | ${statuses} |
| slowest answer, 504 apart | ${r.slowestMs} ms |
| memory at the start, at most, at the end | ${r.memory.start}, ${r.memory.most}, ${r.memory.end} MB |
| findings | ${r.findings.length} |
${r.findings.map(f => `\n    ${f.replaceAll('\n', '\n    ').slice(0, 1500)}\n`).join('')}`);
console.log(`${r.requests} requests, ${r.findings.length} findings`);
process.exit(r.findings.length ? 1 : 0);
