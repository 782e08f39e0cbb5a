// What people type at kubectl and what they then read: `transcripts/*.txt`, against three simulated nodes. One more case holds the list of
// kubectl's own `--help` against all of them.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, startHost, type Host } from '../harness/host.ts';
import { Kube } from '../harness/kubectl.ts';
import { closeHost, gate, newest, versions } from './setting.ts';
import { play, plays, readTranscript } from './transcript.ts';

const DIR = join(import.meta.dirname, 'transcripts');
const only = process.env.TRANSCRIPTS?.split(',');
let host: Host;
beforeAll(async () => { host = await startHost(['--runtime', 'simulated', '--nodes', '3']); }, 60_000);
afterAll(async () => { expect(await closeHost(host)).toEqual([]); });
const turn = gate(3);
/** Who cordons and drains the one node that transcripts are given has it for himself. */
const alone = gate(1), always = gate(Infinity);

for (const file of readdirSync(DIR).filter(f => f.endsWith('.txt') && (!only || only.includes(f.slice(0, -4)))).sort()) {
  const t = readTranscript(join(DIR, file));
  for (const kubectl of versions.filter(v => plays(t, v.minor, versions[0]!.minor, newest.minor))) {
    const mine = t.steps.some(s => s.command === 'cordon {node}') ? alone : always;
    it.concurrent(`${t.title} (kubectl 1.${kubectl.minor})`, () => mine(() => turn(async () => {
      const ns = `${file.slice(0, -4)}-${kubectl.minor}`, dir = mkdtempSync(join(tmpdir(), 'pilothouse-transcript-'));
      const k = new Kube(kubectl.binary, host.ready.kubeconfig, ns);
      await k.run(['create', 'namespace', ns]);
      await eventually('the default account', async () => (await k.try(['get', 'serviceaccount', 'default'])).code === 0);
      const node = (await k.run('get nodes -o name')).split('\n').at(-1)!.slice('node/'.length);
      try { await play(t, k, { ns, dir, node, minor: String(kubectl.minor), kubectl: `${kubectl.binary} --kubeconfig ${k.kubeconfig} -n ${ns}` }); } finally {
        rmSync(dir, { recursive: true, force: true });
        await k.run(['delete', 'namespace', ns, '--wait=false']);
      }
    })), 240_000);
  }
}

it('16 every command of kubectl --help that talks to a server is played', () => {
  const commandsOf = (...command: string[]): string[] => [...spawnSync(newest.binary, [...command, '--help'], { encoding: 'utf8' }).stdout.matchAll(/^ {2}([a-z][a-z-]+) {2,}\S/gm)].map(m => m[1]!);
  const LOCAL = new Set(['completion', 'config', 'plugin', 'options']);
  const all = commandsOf().filter(c => !LOCAL.has(c)).flatMap(c => {
    const below = ['create', 'set', 'rollout', 'auth', 'certificate', 'top', 'apply', 'cluster-info'].includes(c) ? commandsOf(c) : [];
    return below.length ? below.flatMap(b => (['secret', 'service'].includes(b) && c === 'create' ? commandsOf(c, b).map(x => `${c} ${b} ${x}`) : [`${c} ${b}`])) : [c];
  });
  expect(all.length).toBeGreaterThan(60);
  // What needs a real container or a second connection is in the files beside this one.
  const played = [...readdirSync(DIR).map(f => join(DIR, f)), ...['kubectl-pods.test.ts', 'kubectl-objects.test.ts'].map(f => join(import.meta.dirname, f))].map(f => readFileSync(f, 'utf8').replaceAll(/', ?'/g, ' ')).join('\n');
  expect(all.filter(c => !new RegExp(`(?:^[$!~] (?:[A-Z_]+=\\S+ )?|['\`])${c}\\b`, 'm').test(played))).toEqual([]);
});
