// Transcripts: what one types at kubectl and what it then prints, as text files that read like a terminal (`transcripts/*.txt`).
//
//     # 16 label, annotate                      the title; `#` lines below it are remarks
//     kubectl: all                              which versions play it: all, ends (oldest and newest), those from 1.31+ on or, when not said, newest
//     $ label cm a x=y                          must end with 0 and print what follows, stdout before stderr
//     configmap/a labeled
//     ! get cm nope                             must fail
//     Error from server (NotFound): configmaps "nope" not found
//     ~ get deploy web                          is asked again until it prints what follows (20 s)
//     $ apply -f - <<.                          what follows up to a line `.` is its input
//     $ KUBE_EDITOR="sed -i s/a/b/" edit cm a   environment first
//     % cat > {dir}/x.yaml <<.                  a command of the shell instead of kubectl
//
// In what is printed: `{age}`, `{ip}`, `{uid}`, `{time}`, `{hash}`, `{n}` stand for what changes; `{*}` for anything on the line, `{a|b}` for
// either; `...` alone for any lines. `{x=PATTERN}` takes what it meets as x, which `{x}` then stands for; `{ns}`, `{dir}`, `{node}`, `{minor}`
// and `{kubectl}` (as the shell would call it) are given. Runs of blanks count as two, since columns are as wide as what changes.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Kube, Outcome } from '../harness/kubectl.ts';

export interface Step { readonly line: number; readonly how: '$' | '!' | '~' | '%'; readonly command: string; readonly input: string; readonly output: string }
export interface Transcript { readonly title: string; readonly versions: string; readonly steps: readonly Step[] }
export type Names = Map<string, string>;

export function parseTranscript(text: string): Transcript {
  const lines = text.split('\n');
  let versions = 'newest';
  const steps: Step[] = [];
  for (let i = 1; i < lines.length;) {
    const line = lines[i++]!;
    if (line.startsWith('kubectl: ')) { versions = line.slice(9).trim(); continue; }
    const m = /^([$!~%]) (.*)$/.exec(line);
    if (!m) { if (line === '' || line.startsWith('# ')) continue; throw new Error(`line ${i}: output without a command: ${line}`); }
    let command = m[2]!, input = '';
    const at = i;
    if (command.endsWith(' <<.')) {
      command = command.slice(0, -4);
      while (i < lines.length && lines[i] !== '.') input += `${lines[i++]}\n`;
      i++;
    }
    const output: string[] = [];
    while (i < lines.length && !/^(?:[$!~%] |# )/.test(lines[i]!)) output.push(lines[i++]!);
    steps.push({ line: at, how: m[1] as Step['how'], command, input, output: output.join('\n').trim() });
  }
  return { title: lines[0]!.replace(/^# /, ''), versions, steps };
}

export const readTranscript = (path: string): Transcript => parseTranscript(readFileSync(path, 'utf8'));

const PATTERNS: Readonly<Record<string, string>> = {
  age: '(?:<invalid>|\\d+[smhdy](?:\\d+[smhd])?)', ip: '\\d+\\.\\d+\\.\\d+\\.\\d+', uid: '[0-9a-f]{8}-[0-9a-f-]{27}', hash: '[bcdfghjklmnpqrstvwxz2456789]+', n: '\\d+', '*': '.*',
  time: '(?:\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?Z|\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}|\\w{3} \\w{3} +\\d+ \\d\\d:\\d\\d:\\d\\d \\w+ \\d{4})',
};
const literal = (s: string): string => s.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&');
/** Columns, what is indented as far as a column, and ends of lines do not count, nor does how a terminal would colour them. */
const even = (s: string): string => s.replaceAll(/\u001b\[[\d;]*m/g, '').replaceAll('\t', '  ').replaceAll(/(?<=\S) {2,}|^ {9,}/gm, '  ').replaceAll(/ +$/gm, '').trim();

/** `{x}` of a command, or of a pattern: what is known by that name. Braces that name nothing stay. */
const fill = (text: string, names: Names): string => text.replaceAll(/\{(\w+)\}/g, (whole, name: string) => names.get(name) ?? whole);

function pattern(output: string, names: Names): RegExp {
  const taken = new Set<string>();
  const of = (line: string): string => line.split(/(\{[^{}\s]+\}|\{[^{}]*\|[^{}]*\})/).map((part, i) => {
    if (i % 2 === 0) return literal(part);
    const body = part.slice(1, -1), assign = /^(\w+)=([^|]+)$/.exec(body);
    if (names.has(body)) return literal(names.get(body)!);
    if (Object.hasOwn(PATTERNS, body)) return PATTERNS[body]!;
    if (taken.has(assign?.[1] ?? body)) return `\\k<${assign?.[1] ?? body}>`;
    if (assign) { taken.add(assign[1]!); return `(?<${assign[1]}>${assign[2]})`; }
    return body.includes('|') && !body.startsWith('"') ? `(?:${body.split('|').map(literal).join('|')})` : literal(part);
  }).join('');
  const lines = even(output).split('\n');
  return new RegExp(`^${lines.map((line, n) => {
    const last = n === lines.length - 1;
    if (line === '...') return last ? (n === 0 ? '[^]*' : '(?:\\n[^]*)?') : `${n === 0 ? '' : '\\n'}(?:.*\\n)*?`;
    return (n === 0 || (lines[n - 1] === '...') ? '' : '\\n') + of(line);
  }).join('')}$`);
}

/** Words as a shell would part them: blanks, single and double quotes. */
export function words(command: string): string[] {
  const found: string[] = [];
  for (const m of command.matchAll(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|[^\s'"])+/g)) found.push(m[0].replaceAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"/g, (_w, single?: string, double?: string) => single ?? double!.replaceAll(/\\(.)/g, '$1')));
  return found;
}

const sh = (command: string, input: string): Promise<Outcome> => new Promise((resolve, reject) => {
  const child = spawn('bash', ['-c', command], { stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let stdout = '', stderr = '';
  child.stdout!.setEncoding('utf8').on('data', (d: string) => { stdout += d; });
  child.stderr!.setEncoding('utf8').on('data', (d: string) => { stderr += d; });
  child.on('error', reject);
  child.on('close', code => resolve({ code: code ?? -1, stdout, stderr }));
  child.stdin?.on('error', reject);
  child.stdin?.end(input);
});

async function once(step: Step, k: Kube, names: Names): Promise<{ good: boolean; said: string; code: number; took?: RegExpExecArray }> {
  const command = fill(step.command, names), input = fill(step.input, names);
  let outcome: Outcome;
  if (step.how === '%') outcome = await sh(command, input);
  else {
    const args = words(command), env: Record<string, string> = {};
    while (/^[A-Z_]+=/.test(args[0] ?? '')) { const [name, ...value] = args.shift()!.split('='); env[name!] = value.join('='); }
    outcome = await k.try(args, input, 60_000, env);
  }
  const said = even([outcome.stdout.trim(), outcome.stderr.trim()].filter(Boolean).join('\n'));
  const took = pattern(step.output, names).exec(said) ?? undefined;
  return { said, code: outcome.code, good: took !== undefined && (outcome.code === 0) === (step.how !== '!'), ...(took ? { took } : {}) };
}

/** Plays it to the end. What came out differently is thrown, all of it, with the lines that were expected. */
export async function play(t: Transcript, k: Kube, given: Readonly<Record<string, string>>): Promise<void> {
  const names: Names = new Map(Object.entries(given));
  const wrong: string[] = [];
  for (const step of t.steps) {
    const end = Date.now() + 20_000;
    let r = await once(step, k, names);
    while (!r.good && step.how === '~' && Date.now() < end) {
      await new Promise(resolve => { setTimeout(resolve, 150); });
      r = await once(step, k, names);
    }
    for (const [name, value] of Object.entries(r.took?.groups ?? {})) if (value !== undefined) names.set(name, value);
    if (!r.good) wrong.push(`line ${step.line}: ${step.how} ${fill(step.command, names)} -> ${r.code}\n--- expected\n${step.output}\n--- printed\n${r.said.slice(0, 4000)}\n`);
  }
  if (wrong.length) throw new Error(`${t.title}: ${wrong.length} of ${t.steps.length} steps went otherwise\n${wrong.join('\n')}`);
}

/** Whether a kubectl of this minor version plays it. */
export function plays(t: Transcript, minor: number, oldest: number, newest: number): boolean {
  const from = /^1\.(\d+)\+$/.exec(t.versions);
  if (from && minor < Number(from[1])) return false;
  if (t.versions === 'all' || process.env.STORIES_KUBECTL === 'all') return true;
  return minor === newest || (t.versions === 'ends' && minor === oldest);
}
