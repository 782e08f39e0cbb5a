// The applications shipped with the product, started with one click: each is a folder of manifests with a card beside it.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { kinds } from '../../core/api/kinds/index.ts';
import { apiVersionOf, resourcePath, type KubeObject, type ResourceType } from '../../core/api/meta/object.ts';
import type { Transport } from '../../core/client/client.ts';
import type { Example } from '../contract/app-calls.ts';
import type { ClusterSource } from './seam.ts';
import type { AppHandler } from './session.ts';
import { GatewayError, wireErrorOf } from './wire-error.ts';

const pause = (ms: number): Promise<void> => new Promise(resolve => { setTimeout(resolve, ms); });

/** `dir` holds per example a folder of manifests (what `kubectl apply -f` takes) and beside it `<name>.json` ({ title, description, namespace? }).
 * Its folder `samples`, if there is one, is applied after the rest: objects of the kinds that the rest defines. */
export function exampleCalls(dir: string, clusters: ClusterSource, wait = pause): Record<string, AppHandler> {
  const manifest = async (name: unknown): Promise<string> => {
    if (typeof name !== 'string' || !/^[a-z0-9-]+$/.test(name)) throw new GatewayError('no such example');
    const folder = join(dir, name);
    const manifests = (names: string[], below = ''): string[] => names.filter(f => /\.ya?ml$/.test(f)).sort().map(f => join(below, f));
    const files = manifests(await readdir(folder).catch(() => { throw new GatewayError(`no example "${name}"`, 404); }));
    files.push(...manifests(await readdir(join(folder, 'samples')).catch(() => []), 'samples'));
    return (await Promise.all(files.map(f => readFile(join(folder, f), 'utf8')))).map(t => t.trimEnd()).join('\n---\n');
  };
  const about = async (name: string): Promise<Example | undefined> => {
    const text = await readFile(join(dir, `${name}.json`), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const card = JSON.parse(text) as Partial<Example>;
    const workloads = objectsOf(await manifest(name)).filter(o => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(o.kind ?? '')).length;
    return { name, title: card.title ?? name, description: card.description ?? '', namespace: card.namespace ?? 'default', workloads };
  };
  return {
    'examples.list': async () => {
      const names = (await readdir(dir, { withFileTypes: true }).catch(() => [])).filter(e => e.isDirectory()).map(e => e.name).sort();
      return (await Promise.all(names.map(about))).filter(e => e !== undefined);
    },
    'examples.manifest': async args => ({ text: await manifest((args as { name?: unknown } | null)?.name) }),
    'examples.start': async args => {
      const { cluster, name } = (args ?? {}) as { cluster?: unknown; name?: unknown };
      if (typeof cluster !== 'string') throw new GatewayError('examples.start: cluster is missing');
      if (clusters.list().find(c => c.id === cluster)?.protected) throw new GatewayError('this cluster is protected: nothing is written to it from here', 403);
      const objects = objectsOf(await manifest(name));
      const card = await about(name as string);
      const namespace = card?.namespace ?? 'default';
      const { transport } = await clusters.upstream(cluster);
      const lines: string[] = [];
      for (const object of objects) lines.push(await applyOne(transport, object, namespace, wait));
      return { lines, namespace };
    },
  };
}

/** The objects of a manifest with several documents; Lists are opened. Throws GatewayError for YAML that cannot be read. */
export function objectsOf(text: string): KubeObject[] {
  const out: KubeObject[] = [];
  const docs = parseAllDocuments(text, { version: '1.1', merge: true });
  for (const doc of 'empty' in docs ? [] : docs) {
    if (doc.errors.length > 0) throw new GatewayError(`manifest: ${doc.errors[0]!.message}`);
    const value = doc.toJS() as (KubeObject & { items?: KubeObject[] }) | null;
    if (value === null) continue;
    if (Array.isArray(value.items) && value.kind?.endsWith('List')) out.push(...value.items); else out.push(value);
  }
  return out;
}

/** The resource of a kind that this program does not know; a definition applied a moment ago takes a little until it is served: asked for 10 s. */
async function discover(transport: Transport, object: KubeObject, wait: (ms: number) => Promise<void>): Promise<ResourceType> {
  const [group = '', version = ''] = (object.apiVersion ?? '').split('/');
  for (let i = 0; i < 50; i++, await wait(200)) {
    try {
      const list = await transport.request({ method: 'GET', path: `/apis/${group}/${version}` }) as { resources?: { kind: string; name: string; namespaced: boolean }[] };
      const found = list.resources?.find(r => r.kind === object.kind && !r.name.includes('/'));
      if (found) return { group, version, kind: found.kind, plural: found.name, namespaced: found.namespaced };
    } catch (error) { if (wireErrorOf(error).code !== 404) throw error; }
  }
  throw new GatewayError(`no matches for kind "${object.kind}" in version "${object.apiVersion}"`);
}

/** Creates, or merges into what is there; answers with kubectl's line. */
async function applyOne(transport: Transport, object: KubeObject, namespace: string, wait: (ms: number) => Promise<void>): Promise<string> {
  const known = kinds.find(k => k.kind === object.kind && apiVersionOf(k) === object.apiVersion), spec: ResourceType = known ?? await discover(transport, object, wait);
  const name = object.metadata?.name ?? '';
  const ns = spec.namespaced ? object.metadata?.namespace ?? namespace : undefined;
  const body = { ...object, metadata: { ...object.metadata, ...(ns ? { namespace: ns } : {}) } };
  const label = `${spec.kind.toLowerCase()}${spec.group ? `.${spec.group}` : ''}/${name}`;
  try {
    await transport.request({ method: 'POST', path: resourcePath(spec, ns), query: { fieldManager: 'pilothouse' }, body });
    return `${label} created`;
  } catch (error) {
    if (wireErrorOf(error).code !== 409) throw error;
    await transport.request({ method: 'PATCH', path: resourcePath(spec, ns, name), query: { fieldManager: 'pilothouse' }, body, contentType: known ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json' });
    return `${label} configured`;
  }
}
