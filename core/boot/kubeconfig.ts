// Writing kubeconfig files: ours whole, the user's by adding or replacing our three entries and nothing else.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isMap, isSeq, parseDocument, stringify, type Document, type YAMLMap } from 'yaml';

export interface Access { server: string; ca: string; cert: string; key: string }
const NAME = 'pilothouse';
const b64 = (s: string): string => Buffer.from(s).toString('base64');

const entries = (a: Access): { clusters: object; users: object; contexts: object } => ({
  clusters: { name: NAME, cluster: { server: a.server, 'certificate-authority-data': b64(a.ca) } },
  users: { name: `${NAME}-admin`, user: { 'client-certificate-data': b64(a.cert), 'client-key-data': b64(a.key) } },
  contexts: { name: NAME, context: { cluster: NAME, user: `${NAME}-admin` } },
});

/** A complete kubeconfig whose only context is the embedded cluster. */
export function kubeconfigText(a: Access): string {
  const e = entries(a);
  return stringify({ apiVersion: 'v1', kind: 'Config', clusters: [e.clusters], users: [e.users], contexts: [e.contexts], 'current-context': NAME, preferences: {} });
}

/** Writes with mode 0600, whole or not at all. */
export function writePrivate(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  chmodSync(path, 0o600);
}

/** The first file of $KUBECONFIG, or ~/.kube/config: where kubectl writes too. */
export const userKubeconfig = (env: NodeJS.ProcessEnv = process.env): string => env.KUBECONFIG?.split(delimiter).find(Boolean) ?? join(homedir(), '.kube', 'config');

/** Adds or replaces our cluster, user and context in the user's kubeconfig and makes it current; comments and all else stay. Throws on a file that is not YAML. */
export function mergeKubeconfig(path: string, a: Access): void {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const doc: Document = parseDocument(text.trim() === '' ? 'apiVersion: v1\nkind: Config\n' : text);
  if (doc.errors.length || !isMap(doc.contents)) throw new Error(`${path} is not a kubeconfig: ${doc.errors[0]?.message ?? 'not a map'}. Nothing was changed.`);
  for (const [list, entry] of Object.entries(entries(a))) {
    const name = (entry as { name: string }).name;
    const seq = doc.get(list);
    if (!isSeq(seq)) { doc.set(list, doc.createNode([entry])); continue; }
    const at = seq.items.findIndex(i => isMap(i) && (i as YAMLMap).get('name') === name);
    const node = doc.createNode(entry);
    if (at >= 0) seq.items[at] = node; else { seq.items.push(node); seq.flow = false; }
  }
  doc.set('current-context', NAME);
  writePrivate(path, doc.toString());
}
