// Writes core/api/types/kubernetes.ts: the wire shapes of every v1 (and a few other) type, read from @kubernetes/client-node.
import { readFileSync, readdirSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

export interface Attribute { name: string; baseName: string; type: string; format: string }
/** One model class of client-node: its wire attributes, comments and which attributes are optional. */
export interface Model { className: string; comment: string; attributes: (Attribute & { comment: string; optional: boolean; tsType: string })[] }

/** `V1beta1LeaseCandidate`: the models of those beta and alpha versions whose messages are among the facts, and so are served. */
export const servedBeta: ReadonlySet<string> = new Set(Object.keys(JSON.parse(readFileSync(join(import.meta.dirname, 'facts', 'protobuf.json'), 'utf8')) as object)
  .map(name => name.split('.').slice(-2)).filter(([version]) => /(alpha|beta)/.test(version!)).map(([version, type]) => `V${version!.slice(1)}${type!}`));

/** Names as ours: `V1Pod` is `Pod`; other versions and disambiguating prefixes stay, less the `V1`. */
export function typeName(className: string): string {
  if (/^V1[A-Z]/.test(className)) return className.slice(2);
  return className.replace(/^(Core|Events|Discovery|Rbac|Authentication|Storage|Admissionregistration|Apiextensions|Apiregistration|Flowcontrol)V1(?=[A-Z])/, '$1');
}

export function readModels(): Model[] {
  const dir = join(dirname(require.resolve('@kubernetes/client-node')), 'gen', 'models');
  const models: Model[] = [];
  for (const file of readdirSync(dir).filter(f => f.endsWith('.d.ts')).sort()) {
    const className = file.slice(0, -5);
    const dts = readFileSync(join(dir, file), 'utf8');
    const js = readFileSync(join(dir, `${className}.js`), 'utf8');
    const map = /\.attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(js);
    if (!map) continue;
    const attributes = JSON.parse(map[1]!) as Attribute[];
    const members = new Map<string, { comment: string; optional: boolean; tsType: string }>();
    // A comment ends at its own `*/`: an undocumented first member must not swallow the file's head.
    for (const m of dts.matchAll(/(?:\/\*\*\n((?:(?!\*\/)[\s\S])*)\*\/\s*)?^ {4}'([^']+)'(\??): (\{[\s\S]*?\n {4}\}|[^;]+);$/gm)) {
      members.set(m[2]!, { comment: clean(m[1] ?? ''), optional: m[3] === '?', tsType: m[4]! });
    }
    const classComment = /\/\*\*\n((?:\*[^\n]*\n)*?)\*\/\nexport declare class/.exec(dts)?.[1] ?? '';
    models.push({
      className, comment: clean(classComment),
      attributes: attributes.map(a => {
        const member = members.get(a.name);
        if (!member) throw new Error(`${file}: no declaration of ${className}.${a.name} found; the pattern for members in scripts/gen/types.ts no longer fits this version of @kubernetes/client-node`);
        return { ...a, ...member };
      }),
    });
  }
  return [...models, ...METRICS];
}

const metric = (className: string, comment: string, fields: readonly (readonly [name: string, type: string, comment: string, format?: string])[]): Model => ({
  className, comment,
  attributes: fields.map(([name, type, text, format = '']) => ({ name, baseName: name, type, format, comment: text, optional: name === 'metadata' || name === 'kind' || name === 'apiVersion', tsType: type })),
});
const HEAD = [['apiVersion', 'string', 'The version of this representation.'], ['kind', 'string', 'The kind of this object.']] as const;
const USAGE = '{ [key: string]: string; }';
/** metrics.k8s.io has no models in the client's package. */
const METRICS: readonly Model[] = [
  metric('V1beta1ContainerMetrics', 'What a container uses.', [['name', 'string', 'Name of the container, as in the pod.'], ['usage', USAGE, 'What it uses, by resource: cpu and memory.', 'quantity']]),
  metric('V1beta1NodeMetrics', 'What a node uses.', [...HEAD, ['metadata', 'V1ObjectMeta', 'Metadata of the node.'], ['timestamp', 'Date', 'When the interval ended over which was measured.', 'date-time'], ['window', 'string', 'How long that interval was.'], ['usage', USAGE, 'What it uses, by resource: cpu and memory.']]),
  metric('V1beta1PodMetrics', 'What the containers of a pod use.', [...HEAD, ['metadata', 'V1ObjectMeta', 'Metadata of the pod.'], ['timestamp', 'Date', 'When the interval ended over which was measured.', 'date-time'], ['window', 'string', 'How long that interval was.'], ['containers', 'Array<V1beta1ContainerMetrics>', 'Every container that runs.']]),
  metric('V1beta1NodeMetricsList', 'A list of NodeMetrics.', [...HEAD, ['metadata', 'V1ListMeta', 'Metadata of the list.'], ['items', 'Array<V1beta1NodeMetrics>', 'The metrics of nodes.']]),
  metric('V1beta1PodMetricsList', 'A list of PodMetrics.', [...HEAD, ['metadata', 'V1ListMeta', 'Metadata of the list.'], ['items', 'Array<V1beta1PodMetrics>', 'The metrics of pods.']]),
];

const clean = (c: string): string => c.split('\n').map(l => l.replace(/^\s*\*\s?/, '')).join(' ').trim();

function wireType(tsType: string): string {
  return tsType.replace(/\{\s*\[key: string\]: ([^;]+);\s*\}/g, 'Record<string, $1>')
    .replace(/Set<([^<>]+)>/g, 'Array<$1>')
    .replace(/\bDate\b|\bV1MicroTime\b/g, 'string')
    .replace(/\bIntOrString\b/g, 'number | string')
    .replace(/\bany\b/g, 'unknown')
    .replace(/\b(?:[A-Z][a-z]+)?V\d[A-Za-z0-9]+\b/g, t => typeName(t));
}

/** Writes the file; returns its path. */
export function generateTypes(root: string): string {
  const keep = (n: string): boolean => (servedBeta.has(n) || !/(^|[a-z])V\d+(alpha|beta)\d*[A-Z]/.test(n)) && n !== 'V1MicroTime';
  const models = readModels();
  const names = new Set(models.map(m => m.className));
  const out: string[] = ['// Generated by `npm run gen`; do not edit.', ''];
  for (const m of models) {
    if (!keep(m.className)) continue;
    out.push(`export interface ${typeName(m.className)} {`);
    for (const a of m.attributes) {
      let t = wireType(a.tsType);
      for (const ref of a.tsType.matchAll(/\b(?:[A-Z][a-z]+)?V\d[A-Za-z0-9]+\b/g)) {
        if (ref[0] !== 'V1MicroTime' && (!names.has(ref[0]) || !keep(ref[0]))) t = 'unknown';
      }
      const name = /^[A-Za-z_$][\w$]*$/.test(a.baseName) ? a.baseName : `'${a.baseName}'`;
      out.push(`  ${name}${a.optional ? '?' : ''}: ${t};`);
    }
    out.push('}', '');
  }
  const path = join(root, 'core/api/types/kubernetes.ts');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, out.join('\n'));
  return path;
}
