// Every kind under every kubectl: created, shown narrow, wide, as JSON, YAML, name and columns, described, and deleted; in one command for all of
// them, as `kubectl get a,b,c` allows.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kinds } from '../../core/api/kinds/index.ts';
import { samples } from '../fixtures/kind-samples.ts';
import { TestApi } from '../harness/api-server.ts';
import { Kube } from '../harness/kubectl.ts';
import { gate, newest, versions } from './setting.ts';

interface Shown { plural: string; group: string; version: string; namespaced: boolean; name: string }
let api: TestApi;
const shown: Shown[] = [];
const NS = 'default';
/** Whatever else there is on this server has no part in it. */
const MARK = { every: 'kind' };

beforeAll(async () => {
  api = await TestApi.start();
  for (const kind of kinds) {
    const key = `${kind.group ? `${kind.group}/` : ''}${kind.version} ${kind.plural}`, sample = samples[key]?.();
    // A request for a certificate wants a real one: transcripts/access.txt makes it.
    if (!sample || !kind.verbs.includes('create') || !kind.verbs.includes('list') || kind.plural === 'certificatesigningrequests') continue;
    const name = String((sample['metadata'] as { name: string }).name);
    // What binds or waits for nobody here stays as it is; a namespace of the sample's own would be another one.
    const body = { apiVersion: `${kind.group ? `${kind.group}/` : ''}${kind.version}`, kind: kind.kind, ...sample, metadata: { ...(sample['metadata'] as object), name, labels: MARK, uid: undefined, ...(kind.namespaced ? { namespace: NS } : {}) } };
    const r = await api.call(`/${kind.group ? `apis/${kind.group}` : 'api'}/${kind.version}${kind.namespaced ? `/namespaces/${NS}` : ''}/${kind.plural}`, { body: JSON.stringify(body) });
    // One storage under two names (events, autoscalers): the second finds the first.
    expect([201, 409], `${key}: ${r.text}`).toContain(r.status);
    shown.push({ plural: kind.plural, group: kind.group, version: kind.version, namespaced: kind.namespaced, name });
  }
});
afterAll(async () => { await api.stop(); });

const turn = gate(3);
const typeOf = (s: Shown): string => (s.group ? `${s.plural}.${s.version}.${s.group}` : s.plural);

for (const kubectl of versions) {
  it.concurrent(`4.6, 4.7, 16, 18 get and describe of every kind (kubectl 1.${kubectl.minor})`, () => turn(async () => {
    const k = new Kube(kubectl.binary, api.kubeconfig, NS);
    const types = shown.map(typeOf).join(',');
    expect(shown.length).toBeGreaterThan(35);
    const names = (await k.run(['get', types, '-l', 'every=kind', '-o', 'name'])).split('\n');
    for (const s of shown) expect(names, typeOf(s)).toContain(`${s.plural === 'endpoints' ? 'endpoints' : singular(s)}${s.group ? `.${s.group}` : ''}/${s.name}`);

    const narrow = tables(await k.run(['get', types, '-l', 'every=kind'])), wide = tables(await k.run(['get', types, '-l', 'every=kind', '-o', 'wide']));
    for (const s of shown) {
      const kind = kinds.find(x => x.group === s.group && x.version === s.version && x.plural === s.plural)!;
      const columns = (everything: boolean): string[] => kind.columns.filter(c => everything || (c.priority ?? 0) === 0).map(c => c.name.toUpperCase());
      expect(narrow.some(t => same(t, columns(false))), `${typeOf(s)} ${columns(false).join('|')}`).toBe(true);
      expect(wide.some(t => same(t, columns(true))), `${typeOf(s)} wide ${columns(true).join('|')}`).toBe(true);
    }
    const asJson = JSON.parse(await k.run(['get', types, '-l', 'every=kind', '-o', 'json'])) as { items: { kind: string }[] };
    expect(new Set(asJson.items.map(i => i.kind)).size).toBeGreaterThan(30);

    // Descriptions ask each kind for what belongs to it: events, endpoints, pods, quotas.
    // Up to 1.30 the describers of these speak an alpha version alone, which 1.36 no longer serves.
    const described = shown.filter(s => kubectl.minor > 30 || !['ipaddresses', 'servicecidrs', 'volumeattributesclasses'].includes(s.plural)).map(typeOf).join(',');
    const r = await k.try(['describe', described, '-l', 'every=kind'], '', 120_000);
    expect(r.stderr.replaceAll(/^Warning: .* is deprecated in .*\n/gm, '')).toBe('');
    expect(r.code).toBe(0);
    expect([...r.stdout.matchAll(/^Name:/gm)].length).toBeGreaterThanOrEqual(shown.length - 5);
    if (kubectl !== newest) return;
    const yaml = await k.run(['get', types, '-l', 'every=kind', '-o', 'yaml']);
    expect([...yaml.matchAll(/^- /gm)].length).toBe(asJson.items.length);
    expect(await k.run(['get', types, '-l', 'every=kind', '-o', 'custom-columns=K:.kind,N:.metadata.name', '--no-headers'])).toContain('Deployment');
  }), 200_000);
}

function singular(s: Shown): string { return kinds.find(k => k.group === s.group && k.version === s.version && k.plural === s.plural)!.singular; }
/** The heads of the tables that kubectl printed one after the other. */
function tables(text: string): string[] { return text.split('\n\n').map(t => t.split('\n')[0]!.trim()); }
function same(head: string, columns: readonly string[]): boolean { return head.split(/ {2,}/).join('|') === columns.join('|'); }
