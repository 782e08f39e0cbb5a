// Figures beside their limits: a table on stdout while a bench runs, and docs/results/bench.md from the newest run of every bench.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

export interface Figure {
  what: string;
  value: number;
  unit: string;
  /** What the value must not pass; `atLeast` turns the comparison round. Without a limit the figure is only shown. */
  limit?: number;
  atLeast?: boolean;
  /** What it is to be seen beside: the reference, the ratio. */
  note?: string;
}

const root = join(import.meta.dirname, '../..');
const shown = (n: number): string => (Math.abs(n) >= 100 ? n.toFixed(0) : Math.abs(n) >= 10 ? n.toFixed(1) : n.toFixed(2));
const holds = (f: Figure): boolean => f.limit === undefined || (f.atLeast ? f.value >= f.limit : f.value <= f.limit);

/** Prints `figures` with the rule they were taken by, keeps them for docs/results/bench.md, and returns those that break their limit, as text. */
export function report(section: string, order: number, figures: readonly Figure[], rule = ''): string[] {
  const line = (f: Figure): string => `| ${f.what} | ${shown(f.value)} ${f.unit} | ${f.limit === undefined ? '' : `${f.atLeast ? '>=' : '<='} ${f.limit} ${f.unit}`} | ${f.note ?? ''}${holds(f) ? '' : ' **missed**'} |`;
  const text = `## ${section}\n\n${rule === '' ? '' : `${rule}\n\n`}| figure | measured | limit | |\n|---|---|---|---|\n${figures.map(line).join('\n')}\n`;
  console.log(text);
  const dir = join(root, 'test/artifacts/bench');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${order}.md`), text);
  const results = join(root, 'docs/results');
  mkdirSync(results, { recursive: true });
  const parts = readdirSync(dir).filter(f => f.endsWith('.md')).sort().map(f => readFileSync(join(dir, f), 'utf8'));
  if (existsSync(results)) writeFileSync(join(results, 'bench.md'), `# Bench\n\n\`npm test -- bench\` on ${cpus().length} cores (${cpus()[0]?.model ?? ''}), Node ${process.version}. Each figure is the quietest of several tries.\n\n${parts.join('\n')}`);
  return figures.filter(f => !holds(f)).map(f => `${f.what}: ${shown(f.value)} ${f.unit}, limit ${f.limit} ${f.unit}`);
}
