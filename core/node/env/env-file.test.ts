import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { containerEnv } from './env.ts';
import { fileValues, valueIn } from './env-file.ts';

it('values are in single quotes and mean what they hold, over several lines too; comments and blank lines say nothing', () => {
  const text = "# A='no'\n\n  A='one'\nB='two\n# lines' # a remark\r\nEMPTY=''\nC='$HOME \"x\" = y'\n";
  expect(['A', 'B', 'C', 'EMPTY', 'D'].map(k => valueIn(text, k))).toEqual(['one', 'two\n# lines', '$HOME "x" = y', '', undefined]);
});

it.each(['A=one\n', "A= 'one'\n", "A ='one'\n", "A='one\n", "A='one' two\n", 'A\n', "='one'\n"])('what is not of that form is an error: %j', text => { expect(() => valueIn(text, 'A')).toThrow(); });

it('fileKeyRef: keys of a file of a volume; what is missing is told in kubelet\'s words unless it is optional', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'env-file-'));
  try {
    writeFileSync(join(dir, 'env'), "A='one'\n"); writeFileSync(join(dir, 'bad'), 'A=one\n'); symlinkSync('/etc/hostname', join(dir, 'out'));
    const env = async (key: string, more: { path?: string; optional?: boolean; volumeName?: string } = {}) => {
      const c = { name: 'c', env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key, ...more } } }, { name: 'Y', value: 'x=$(X)' }] };
      const files = await fileValues(c, v => (v === 'v' ? dir : undefined));
      return containerEnv({ metadata: { namespace: 'n' }, spec: { enableServiceLinks: false, containers: [c] } }, c, { configMap: () => undefined, secret: () => undefined, services: () => [] }, { podIPs: [], hostIPs: [], nodeName: 'n', allocatable: {} }, files).env.map(e => `${e.name}=${e.value}`);
    };
    expect(await env('A')).toEqual(['X=one', 'Y=x=one']);
    expect(await env('B', { optional: true })).toEqual(['Y=x=$(X)']);
    await expect(env('B')).rejects.toThrow('environment variable key "B" not found in file "env"');
    await expect(env('A', { path: 'bad' })).rejects.toThrow("couldn't parse env file");
    await expect(env('A', { path: 'none' })).rejects.toThrow("couldn't parse env file");
    await expect(env('A', { path: 'out' })).rejects.toThrow("couldn't parse env file");
    await expect(env('A', { volumeName: 'w' })).rejects.toThrow('cannot find the volume "w" referenced by FileKeyRef');
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
