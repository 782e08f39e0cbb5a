// What a simulated process would print and how it would end, worked out once at start: no timers, no processes.
// Understands enough of a shell that everyday pod commands behave: echo, printf, cat, env, hostname, date, ls, sleep, exit, true,
// false, test of `;` `&&` `||`, `> file`, `>&2`, `$VAR`, endless `while` loops, ping.
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { Mount } from '../runtime.ts';

export interface Output { /** ms after the start */ at: number; stream: 'stdout' | 'stderr'; text: string }
/** A process' whole life. Without `end` it runs until stopped and repeats `every`. */
export interface Life {
  output: Output[];
  /** Lines printed again and again: line i of the n-th round at `from + n * period + at`. */
  every?: { from: number; period: number; lines: Output[]; text?: (round: number) => string };
  end?: { at: number; exitCode: number };
  /** Exit code after SIGTERM: 0 for servers that end well, 143 where nothing handles the signal. */
  onTerm: number;
}

export interface World {
  env: ReadonlyMap<string, string>;
  hostname: string;
  mounts: readonly Mount[];
  /** ms since the epoch at which the process starts */
  now: number;
  image: string;
}

const SHELLS = new Set(['sh', 'bash', 'ash', '/bin/sh', '/bin/bash', '/bin/ash', '/usr/bin/sh', '/usr/bin/bash']);
const KNOWN = new Set(['echo', 'printf', 'cat', 'env', 'printenv', 'hostname', 'date', 'ls', 'sleep', 'exit', 'true', 'false', ':', 'pwd', 'id', 'whoami', 'uname', 'trap', 'set', 'export', 'cd', 'test', '[', 'touch', 'kill', 'wait', 'mkdir', 'tail', 'ping', 'which', 'ps', 'head', 'read']);

/** The host file a container path is mounted from, if any. */
export function hostFile(mounts: readonly Mount[], path: string): string | undefined {
  const best = mounts.filter(m => m.tmpfsBytes === undefined && (path === m.containerPath || path.startsWith(`${m.containerPath.replace(/\/$/, '')}/`)))
    .sort((a, b) => b.containerPath.length - a.containerPath.length)[0];
  return best ? best.hostPath + path.slice(best.containerPath.length) : undefined;
}

/** Runs `argv` in `world`. A server program (unknown name) at PID 1 runs for ever; `exec` of an unknown program gives 127. */
export function life(argv: readonly string[], world: World, role: 'main' | 'exec'): Life {
  const name = argv[0] ?? '';
  if (SHELLS.has(name)) {
    const c = argv.indexOf('-c');
    const flags = argv.find(a => /^-[a-z]*c$/.test(a));
    const at = c > 0 ? c : flags ? argv.indexOf(flags) : -1;
    if (at > 0) return script(argv[at + 1] ?? '', world, role);
    if (role === 'main') return { output: [], end: { at: 0, exitCode: 0 }, onTerm: 143 };
  }
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (KNOWN.has(base)) return script([base, ...argv.slice(1)].map(quote).join(' '), world, role);
  if (role === 'exec') return { output: [{ at: 0, stream: 'stderr', text: `exec: "${name}": executable file not found in $PATH\n` }], end: { at: 0, exitCode: 127 }, onTerm: 143 };
  return server(argv, world);
}

function server(argv: readonly string[], w: World): Life {
  const code = w.env.get('SIMULATED_EXIT_CODE');
  const seconds = Number(w.env.get('SIMULATED_RUN_SECONDS') ?? '0');
  const what = argv.length ? argv.join(' ') : w.image;
  const output: Output[] = [
    { at: 0, stream: 'stdout', text: `${w.image}: starting on ${w.hostname} (simulated, no process runs)\n` },
    { at: 0, stream: 'stdout', text: `${what}: ready\n` },
  ];
  if (code !== undefined) return { output, end: { at: seconds * 1000, exitCode: Number(code) }, onTerm: 143 };
  return { output, every: { from: 10_000, period: 10_000, lines: [], text: n => `${what}: alive, check ${n + 1}\n` }, onTerm: 0 };
}

const quote = (s: string): string => (/^[\w@%+=:,./-]+$/.test(s) ? s : `'${s.replaceAll("'", `'\\''`)}'`);

interface Command { words: string[]; joint: ';' | '&&' | '||' ; stderr: boolean; file?: { path: string; append: boolean } }

interface Run { at: number; code: number; output: Output[]; ended: boolean; vars: Map<string, string> }

function script(text: string, w: World, role: 'main' | 'exec'): Life {
  const run: Run = { at: 0, code: 0, output: [], ended: false, vars: new Map(w.env) };
  const loop = /\b(?:while\s+(?:true|:|sleep\s+[\d.]+|\[ 1 \])|for\s*\(\(\s*;;\s*\)\)|until\s+false)\s*;?\s*do\b([\s\S]*?)\bdone\b/.exec(text);
  const onTerm = /\btrap\b[^;]*\bexit(?:\s+(\d+))?/.exec(text);
  const term = onTerm ? Number(onTerm[1] ?? 0) : 143;
  if (loop) {
    perform(split(text.slice(0, loop.index)), w, run);
    if (run.ended) return finish(run, term);
    const body: Run = { at: 0, code: 0, output: [], ended: false, vars: run.vars };
    const pause = /while\s+sleep\s+([\d.]+)/.exec(loop[0]);
    perform(split(loop[1]!), w, body);
    for (const o of body.output) run.output.push({ ...o, at: run.at + o.at });
    if (body.ended) { run.at += body.at; run.code = body.code; return finish(run, term); }
    const period = Math.max(body.at + (pause ? Number(pause[1]) * 1000 : 0), 100);
    return { output: run.output, every: { from: run.at + period, period, lines: body.output }, onTerm: term };
  }
  const ping = /(?:^|[;&]\s*)(?:exec\s+)?ping\s+(?:-\S+\s+(?:\d+\s+)?)*([\w.:-]+)/.exec(text);
  const counted = /ping\s[^;]*-c\s*(\d+)/.exec(text);
  if (ping && !counted && role === 'main') {
    run.output.push({ at: 0, stream: 'stdout', text: `PING ${ping[1]} (${ping[1]}): 56 data bytes\n` });
    return { output: run.output, every: { from: 0, period: 1000, lines: [], text: n => `64 bytes from ${ping[1]}: seq=${n} ttl=117 time=${(8 + ((n * 37) % 40) / 10).toFixed(3)} ms\n` }, onTerm: 143 };
  }
  perform(split(text), w, run);
  if (!run.ended && /\btail\s+-f\b|\bsleep\s+(?:infinity|inf)\b|\bwait\b/.test(text)) return { output: run.output, onTerm: term };
  const last = split(text).at(-1)?.words[0];
  if (!run.ended && role === 'main' && last !== undefined && !KNOWN.has(last)) {
    return { output: [...run.output, ...server([last], w).output.map(o => ({ ...o, at: o.at + run.at }))], onTerm: 0 };
  }
  return finish(run, term);
}

const finish = (r: Run, onTerm: number): Life => ({ output: r.output, end: { at: r.at, exitCode: r.code }, onTerm });

/** Words of each simple command; quotes honoured, no substitution yet (single quotes are marked by \0 around `$`). */
function split(text: string): Command[] {
  const out: Command[] = [];
  let words: string[] = []; let word: string | undefined; let joint: Command['joint'] = ';'; let i = 0;
  const endWord = (): void => { if (word !== undefined) { words.push(word); word = undefined; } };
  const endCommand = (next: Command['joint']): void => {
    endWord();
    if (words[0] === 'exec') words.shift();
    if (words.length) out.push(redirected(words, joint));
    words = []; joint = next;
  };
  while (i < text.length) {
    const c = text[i]!;
    if (c === "'") { const e = text.indexOf("'", i + 1); const end = e < 0 ? text.length : e; word = (word ?? '') + text.slice(i + 1, end).replaceAll('$', '\0'); i = end + 1; continue; }
    if (c === '"') {
      let s = ''; i++;
      while (i < text.length && text[i] !== '"') { if (text[i] === '\\' && /["\\$`]/.test(text[i + 1] ?? '')) { i++; s += text[i] === '$' ? '\0' : text[i]!; } else s += text[i]!; i++; }
      word = (word ?? '') + s; i++; continue;
    }
    if (c === '\\') { word = (word ?? '') + (text[i + 1] ?? ''); i += 2; continue; }
    if (c === '&' && text[i + 1] === '&') { endCommand('&&'); i += 2; continue; }
    if (c === '|' && text[i + 1] === '|') { endCommand('||'); i += 2; continue; }
    if (c === '>' || (c === '&' && word?.endsWith('>'))) { word = (word ?? '') + c; i++; continue; }
    if (c === ';' || c === '\n' || c === '&') { endCommand(';'); i++; continue; }
    if (/\s/.test(c)) { endWord(); i++; continue; }
    word = (word ?? '') + c; i++;
  }
  endCommand(';');
  return out;
}

function redirected(words: string[], joint: Command['joint']): Command {
  const kept: string[] = []; const c: Command = { words: kept, joint, stderr: false };
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    if (w === '>&2' || w === '1>&2') { c.stderr = true; continue; }
    if (/^\d?>&\d$/.test(w)) continue;
    const m = /^(\d?)(>>?)(.*)$/.exec(w);
    if (m) { const path = m[3] || words[++i] || ''; if (m[1] !== '2') c.file = { path, append: m[2] === '>>' }; continue; }
    kept.push(w);
  }
  return c;
}

function perform(commands: readonly Command[], w: World, run: Run): void {
  for (const c of commands) {
    if (run.ended) return;
    if ((c.joint === '&&' && run.code !== 0) || (c.joint === '||' && run.code === 0)) continue;
    one(c, w, run);
  }
}

const expand = (s: string, run: Run, w: World): string =>
  s.replace(/\$\((hostname|date)\)|\$\{(\w+)\}|\$(\w+|\?)/g, (_, sub: string | undefined, a: string | undefined, b: string | undefined) =>
    (sub === 'hostname' ? w.hostname : sub === 'date' ? new Date(w.now + run.at).toUTCString() : b === '?' ? String(run.code) : run.vars.get((a ?? b)!) ?? '')).replaceAll('\0', '$');

function one(c: Command, w: World, run: Run): void {
  const [name = '', ...args] = c.words.map(x => expand(x, run, w));
  const assign = /^(\w+)=(.*)$/s.exec(name);
  if (assign && args.length === 0) { run.vars.set(assign[1]!, assign[2]!); run.code = 0; return; }
  let text = ''; let problem = ''; let code = 0;
  switch (name.slice(name.lastIndexOf('/') + 1)) {
    case 'echo': { const n = args[0] === '-n'; const list = args.filter((a, i) => !(i === 0 && /^-[neE]+$/.test(a))); text = list.join(' ') + (n ? '' : '\n'); if (args[0] === '-e') text = unescape(text); break; }
    case 'printf': { let i = 1; text = unescape(args[0] ?? '').replace(/%[sd]/g, () => args[i++] ?? ''); break; }
    case 'cat': case 'head': for (const path of args.filter(a => !a.startsWith('-'))) { const got = readText(w, path); if (got === undefined) { problem += `cat: can't open '${path}': No such file or directory\n`; code = 1; } else text += got; } break;
    case 'env': case 'printenv': if (args[0]) { const v = run.vars.get(args[0]); if (v === undefined) code = 1; else text = `${v}\n`; } else text = [...run.vars].map(([k, v]) => `${k}=${v}\n`).join(''); break;
    case 'hostname': text = `${w.hostname}\n`; break;
    case 'date': text = `${args[0]?.startsWith('+') ? (args[0] === '+%s' ? Math.floor((w.now + run.at) / 1000) : new Date(w.now + run.at).toISOString()) : new Date(w.now + run.at).toUTCString()}\n`; break;
    case 'ls': { const got = listDir(w, args.find(a => !a.startsWith('-')) ?? '/'); if (got === undefined) { problem = `ls: ${args.at(-1) ?? ''}: No such file or directory\n`; code = 1; } else text = got.map(n => `${n}\n`).join(''); break; }
    case 'sleep': run.at += (Number.parseFloat(args[0] ?? '0') || 0) * ({ m: 60, h: 3600, d: 86_400 }[/[mhd]$/.exec(args[0] ?? '')?.[0] ?? ''] ?? 1) * 1000; break;
    case 'exit': run.ended = true; code = args[0] === undefined ? run.code : Number(args[0]) & 255; break;
    case 'false': code = 1; break;
    case 'pwd': text = '/\n'; break;
    case 'whoami': text = 'root\n'; break;
    case 'id': text = 'uid=0(root) gid=0(root) groups=0(root)\n'; break;
    case 'uname': text = args.includes('-a') ? `Linux ${w.hostname} simulated\n` : 'Linux\n'; break;
    case 'ps': text = 'PID   USER     TIME  COMMAND\n    1 root      0:00 (simulated)\n'; break;
    case 'which': text = args.filter(a => KNOWN.has(a)).map(a => `/bin/${a}\n`).join(''); code = text ? 0 : 1; break;
    case 'ping': { const n = Number(args[args.indexOf('-c') + 1] ?? 1); const to = args.at(-1)!; text = `PING ${to} (${to}): 56 data bytes\n${Array.from({ length: n }, (_, i) => `64 bytes from ${to}: seq=${i} ttl=117 time=9.100 ms\n`).join('')}`; run.at += (n - 1) * 1000; break; }
    case 'touch': for (const path of args) { const f = hostFile(w.mounts, path); if (f) appendFileSync(f, ''); } break;
    case 'test': case '[': code = exists(w, args) ? 0 : 1; break;
    case 'true': case ':': case 'trap': case 'set': case 'cd': case 'kill': case 'wait': case 'mkdir': case 'tail': case 'read': break;
    case 'export': for (const a of args) { const i = a.indexOf('='); if (i > 0) run.vars.set(a.slice(0, i), a.slice(i + 1)); } break;
    default: problem = `sh: ${name}: not found (this pod is simulated: echo, cat, env, hostname, ls, date, sleep and exit work)\n`; code = 127;
  }
  if (c.file && text) { const f = hostFile(w.mounts, c.file.path); if (f) (c.file.append ? appendFileSync : writeFileSync)(f, text); text = ''; }
  if (text && c.file?.path !== '/dev/null') run.output.push({ at: run.at, stream: c.stderr ? 'stderr' : 'stdout', text });
  if (problem) run.output.push({ at: run.at, stream: 'stderr', text: problem });
  run.code = code;
}

const unescape = (s: string): string => s.replaceAll('\\n', '\n').replaceAll('\\t', '\t');

function exists(w: World, args: readonly string[]): boolean {
  if (args[0] === '-e' || args[0] === '-f' || args[0] === '-d') return readText(w, args[1] ?? '') !== undefined || listDir(w, args[1] ?? '') !== undefined;
  if (args[0] === '-z') return !args[1] || args[1] === ']';
  if (args[0] === '-n') return Boolean(args[1]) && args[1] !== ']';
  if (args[1] === '=' || args[1] === '==') return args[0] === args[2];
  return args[1] === '!=' ? args[0] !== args[2] : Boolean(args[0]) && args[0] !== ']';
}

function readText(w: World, path: string): string | undefined {
  const f = hostFile(w.mounts, path);
  if (f !== undefined) { try { return readFileSync(f, 'utf8'); } catch (e) { if ((e as NodeJS.ErrnoException).code) return undefined; throw e; } }
  if (path === '/etc/hostname') return `${w.hostname}\n`;
  return path === '/etc/os-release' ? 'NAME="Simulated"\nID=simulated\n' : undefined;
}

const ROOT = ['bin', 'dev', 'etc', 'home', 'proc', 'root', 'sys', 'tmp', 'usr', 'var'];
function listDir(w: World, path: string): string[] | undefined {
  const f = hostFile(w.mounts, path);
  if (f !== undefined) { try { return readdirSync(f).filter(n => !n.startsWith('.')); } catch (e) { if ((e as NodeJS.ErrnoException).code) return undefined; throw e; } }
  const under = w.mounts.map(m => m.containerPath).filter(p => p.startsWith(path === '/' ? '/' : `${path}/`)).map(p => p.slice(path === '/' ? 1 : path.length + 1).split('/')[0]!);
  if (path === '/') return [...new Set([...ROOT, ...under])].sort();
  return under.length || ROOT.includes(path.slice(1)) ? [...new Set(under)].sort() : undefined;
}
