// Discovery and OpenAPI as every kubectl of this machine uses them: explain in both dialects, validation of fields, api-resources.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alsoServed } from '../../core/api/kinds/also-served.ts';
import { kinds } from '../../core/api/kinds/index.ts';
import { TestApi } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi, home: string;
// kubectl keeps documents on disk; a fresh place shows what it really asks for.
const realHome = process.env.HOME;
beforeAll(async () => {
  api = await TestApi.start();
  home = mkdtempSync(join(tmpdir(), 'pilothouse-schema-'));
  process.env.HOME = home;
});
afterAll(async () => {
  process.env.HOME = realHome;
  rmSync(home, { recursive: true, force: true });
  await api.stop();
});

const CONFIG = (extra = ''): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n${extra}`;

describe.each(kubectls())('kubectl 1.$minor', ({ binary, minor }) => {
  let k: Kube;
  beforeAll(async () => {
    k = new Kube(binary, api.kubeconfig, `s${minor}`);
    await k.run(`create namespace s${minor}`);
  });

  it('finds every kind, its short names, categories and verbs', async () => {
    const rows = (await k.run('api-resources -o wide --no-headers')).split('\n');
    // api-resources names each resource once, in its preferred version.
    const served = [...kinds, ...alsoServed.filter(a => !kinds.some(k => k.group === a.group && k.plural === a.plural))];
    expect(rows).toHaveLength(served.length);
    for (const kind of served) {
      const row = rows.find(r => r.startsWith(`${kind.plural} `) && r.includes(` ${kind.group === '' ? '' : `${kind.group}/`}${kind.version} `));
      expect(row, kind.plural).toContain(kind.verbs.join(','));
      for (const s of kind.shortNames) expect(row).toContain(s);
    }
    expect((await k.run('api-versions')).split('\n')).toEqual(expect.arrayContaining(['v1', 'apps/v1', 'events.k8s.io/v1']));
    // An ambiguous name goes to the older group.
    expect((await k.run('explain events')).split('\n')[1]).toMatch(/^VERSION: +v1$/);
  });

  it('explains in v3 and in v2', async () => {
    for (const flag of ['', ' --output=plaintext-openapiv2']) {
      const text = await k.run(`explain pods.spec.containers.livenessProbe.httpGet${flag}`);
      expect(text).toMatch(/KIND: +Pod\nVERSION: +v1/);
      expect(text).toMatch(/port\t<.*> -required-/);
      expect(text).toContain('host\t<string>');
      expect(await k.run(`explain deployment.spec.replicas${flag}`)).toMatch(/(FIELD: replicas <integer>|FIELD: +replicas <integer>)/);
      expect((await k.run(`explain statefulset --recursive${flag}`)).split('\n').length).toBeGreaterThan(500);
    }
    expect(await k.fails('explain pods.spec.nonsense')).toContain('field "nonsense" does not exist');
  });

  it('leaves the checking of fields to the server', async () => {
    expect(await k.fails('create -f -', CONFIG('foo: 1\n'))).toContain('strict decoding error: unknown field "foo"');
    expect(await k.run('create -f - --validate=warn', CONFIG('foo: 1\n'))).toBe('configmap/x created');
    expect(await k.run('apply -f - --validate=true', CONFIG('binaryData: {}\n'))).toContain('configmap/x configured');
    expect(await k.fails('apply -f -', CONFIG().replace('{a: b}', '{a: 1}'))).toMatch(/cannot unmarshal number into Go struct field ConfigMap\.data of type string|unable to decode/);
    expect(await k.run('replace -f -', CONFIG())).toBe('configmap/x replaced');
    expect(await k.run('apply -f - --dry-run=server', CONFIG())).toContain('(server dry run)');
  });

  it('reads raw paths', async () => {
    expect(await k.run('get --raw /readyz')).toBe('ok');
    expect(await k.run('get --raw /livez?verbose')).toContain('livez check passed');
    expect(await k.run('get --raw /metrics')).toContain('apiserver_request_total{');
    expect(JSON.parse(await k.run('version -o json'))).toMatchObject({ serverVersion: { major: '1', minor: '36' } });
  });
});
