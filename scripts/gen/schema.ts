// Writes core/api/types/schemas.ts (definition tables), core/api/types/docs.ts (their texts) and core/api/types/wire.ts
// (protobuf field numbers), each one long string of lines `definition name TAB JSON`, so that start-up parses nothing but names.
//
// A field is `[name, type, attributes?]`. Types are a small language:
//   s string · b boolean · i int32 · l int64 · d double · y base64 bytes · q Quantity · t Time · m MicroTime · D Duration · n int or string
//   o any object · * any JSON · F FieldsV1 · @Name a definition (`@.Name`: of the same package) · [T list · {T map by string
// Attributes: r required · p a pointer in Go, where false, 0 and "" differ from absent, or optional and written all the same · ps/pk patch strategy and merge key
//   lt/lk list type and map keys · mt map type · e allowed words · d default.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readModels, servedBeta, type Attribute, type Model } from './types.ts';

interface FieldFacts { patchStrategy?: string; patchMergeKey?: string; listType?: string; listMapKeys?: string[]; mapType?: string }
interface TypeFacts { gvk?: { group: string; version: string; kind: string }; required?: string[]; fields?: Record<string, FieldFacts>; mapType?: string; unions?: unknown }
type WireField = [number: number, name: string, type: string];
interface Extras { pointers: Record<string, string>; enums: Record<string, string[]>; defaults: Record<string, unknown> }

const facts = <T>(name: string): T => JSON.parse(readFileSync(join(import.meta.dirname, 'facts', name), 'utf8')) as T;
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
/** Names two packages share, where the model's own name does not say which it means. */
const AMBIGUOUS: Record<string, string> = {
  V1NodeAllocatableResourceMapping: 'io.k8s.api.resource.v1.NodeAllocatableResourceMapping',
  // The wire has had these by another name since.
  V1beta1NodeAllocatableResourceMapping: 'io.k8s.api.resource.v1beta1.NodeAllocatableResourceMapping', V1beta2NodeAllocatableResourceMapping: 'io.k8s.api.resource.v1beta2.NodeAllocatableResourceMapping',
  V1ResourceClaim: 'io.k8s.api.core.v1.ResourceClaim', V1Preconditions: `${META}.Preconditions`, VersionInfo: 'io.k8s.apimachinery.pkg.version.Info',
};
/** Go types whose JSON is free-form, and those the wire wraps in a message where JSON has a bare list. */
const LEAF: Record<string, string> = {
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'o', [`${META}.FieldsV1`]: 'F', [`${META}.Verbs`]: '[s',
  'io.k8s.api.authentication.v1.ExtraValue': '[s', 'io.k8s.api.authorization.v1.ExtraValue': '[s', 'io.k8s.api.certificates.v1.ExtraValue': '[s',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': '*',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': '*',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': '*',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': '*',
};

const stable = (className: string): boolean => /^([A-Z][a-z]+)?V\d+[A-Z]/.test(className) && !/^([A-Z][a-z]+)?V\d+(alpha|beta)/.test(className) || className === 'VersionInfo' || servedBeta.has(className) || className in AMBIGUOUS;
const packageOf = (definition: string): string => definition.slice(0, definition.lastIndexOf('.'));

/** `@io.k8s.x.v1.A` seen from `io.k8s.x.v1.B` is `@.A`. */
function relative(type: string, owner: string): string {
  const m = /^([[{]*)@(.*)$/.exec(type);
  return m && packageOf(m[2]!) === packageOf(owner) ? `${m[1]}@.${m[2]!.slice(packageOf(owner).length + 1)}` : type;
}
function absolute(type: string, owner: string): string {
  const m = /^([[{]*)@\.(.*)$/.exec(type);
  return m ? `${m[1]}@${packageOf(owner)}.${m[2]}` : type;
}

/** Class name -> definition name; every served model must have exactly one. */
function definitionNames(models: readonly Model[], wire: Record<string, WireField[]>): Map<string, string> {
  const byEnd = new Map<string, string[]>();
  for (const name of Object.keys(wire)) {
    const [type, version] = name.split('.').reverse() as [string, string];
    byEnd.set(`${version}.${type}`, [...(byEnd.get(`${version}.${type}`) ?? []), name]);
  }
  const out = new Map<string, string>();
  for (const { className } of models) {
    if (!stable(className)) continue;
    const known = AMBIGUOUS[className];
    if (known) { out.set(className, known); continue; }
    const [, prefix, version, type] = /^([A-Z][a-z]+)?V(\d+(?:(?:alpha|beta)\d+)?)([A-Z].*)$/.exec(className)!;
    const found = (byEnd.get(`v${version}.${type}`) ?? []).filter(n => !prefix || n.includes(`.${prefix.toLowerCase()}.`));
    if (found.length > 1) throw new Error(`${className}: ${found.join(', ')}`);
    // The client's package keeps models of types that left the API; nothing refers to them.
    if (found.length === 1) out.set(className, found[0]!);
  }
  return out;
}

function jsonType(a: Attribute, owner: string, names: Map<string, string>, wire: WireField[] | undefined): string {
  const hint = wire?.find(f => f[1] === a.baseName)?.[2];
  const of = (t: string): string => {
    const list = /^(?:Array|Set)<(.*)>$/.exec(t);
    if (list) return `[${of(list[1]!)}`;
    const map = /^\{\s*\[key: string\]: (.*);\s*\}$/.exec(t);
    if (map) return `{${of(map[1]!)}`;
    if (t === 'boolean') return 'b';
    if (t === 'number') return a.format === 'int64' ? 'l' : a.format === 'double' ? 'd' : 'i';
    if (t === 'Date') return 't';
    if (t === 'V1MicroTime' || a.format === 'date-time-micro') return 'm';
    if (t === 'IntOrString') return 'n';
    if (t === 'string') return a.format === 'byte' ? 'y' : hint?.endsWith('q') ? 'q' : hint === 'D' ? 'D' : 's';
    if (t === 'any') {
      const ref = hint && /@(.*)$/.exec(absolute(hint, owner))?.[1];
      return (ref && LEAF[ref]) || (ref && !ref.includes('apiextensions') ? 'o' : '*');
    }
    const ref = names.get(t);
    if (!ref) throw new Error(`${owner}.${a.baseName}: no definition for ${t}`);
    return `@${ref}`;
  };
  return relative(of(a.type), owner);
}

const text = (c: string): string => c.replace(/\\(['"\\`])/g, '$1').replace(/\s+/g, ' ').trim();
const literal = (lines: string[]): string => `'${lines.join('\n').replace(/\\/g, '\\\\').replace(/'/g, "\\'").replace(/\n/g, '\\n').replace(/[\u2028\u2029]/g, ' ')}'`;

function write(root: string, name: string, what: string, constant: string, lines: string[]): string {
  const path = join(root, 'core/api/types', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `// Generated by \`npm run gen\`; do not edit. ${what}\nexport const ${constant}: string = ${literal(lines.sort())};\n`);
  return path;
}

/** Writes the three files; returns their paths. */
export function generateSchemas(root: string): string {
  const wire = facts<Record<string, WireField[]>>('protobuf.json'), types = facts<Record<string, TypeFacts>>('types.json'), extras = facts<Extras>('extras.json');
  const models = readModels(), names = definitionNames(models, wire);
  const byDefinition = new Map([...names].map(([className, name]) => [name, models.find(m => m.className === className)!]));
  const hasField = (field: string, type: string): boolean => byDefinition.get(type)?.attributes.some(a => a.baseName === field) ?? false;
  const used = new Set<string>(), schemas: string[] = [], docs: string[] = [];
  for (const m of models) {
    const name = names.get(m.className);
    if (!name) continue;
    const f = types[name] ?? {};
    used.add(name);
    const pointers = new Set((extras.pointers[name] ?? '').split(' '));
    const fields = m.attributes.map(a => {
      const ff = f.fields?.[a.baseName] ?? {}, key = `${name}.${a.baseName}`;
      const attrs = {
        ...((f.required ?? []).includes(a.baseName) ? { r: 1 } : {}), ...(pointers.has(a.baseName) ? { p: 1 } : {}),
        ...(ff.patchStrategy ? { ps: ff.patchStrategy } : {}), ...(ff.patchMergeKey ? { pk: ff.patchMergeKey } : {}),
        ...(ff.listType ? { lt: ff.listType } : {}), ...(ff.listMapKeys ? { lk: ff.listMapKeys } : {}), ...(ff.mapType ? { mt: ff.mapType } : {}),
        ...(extras.enums[key] ? { e: extras.enums[key] } : {}), ...(key in extras.defaults ? { d: extras.defaults[key] } : {}),
      };
      return [a.baseName, jsonType(a, name, names, wire[name]), ...(Object.keys(attrs).length ? [attrs] : [])];
    });
    const g = f.gvk && [f.gvk.group, f.gvk.version, f.gvk.kind];
    schemas.push(`${name}\t${JSON.stringify({ f: fields, ...(g ? { g } : {}), ...(f.mapType ? { mt: f.mapType } : {}), ...(f.unions ? { u: f.unions } : {}) })}`);
    docs.push(`${name}\t${JSON.stringify(Object.fromEntries([['', text(m.comment)], ...m.attributes.map(a => [a.baseName, text(a.comment)])].filter(e => e[1])))}`);
  }
  // A name that no field has would silently do nothing.
  for (const [type, list] of Object.entries(extras.pointers)) for (const field of list.split(' ')) if (!hasField(field, type)) throw new Error(`extras.json: no field ${type}.${field}`);
  for (const key of Object.keys({ ...extras.enums, ...extras.defaults })) if (!hasField(key.slice(packageOf(key).length + 1), packageOf(key))) throw new Error(`extras.json: no field ${key}`);
  for (const [table, keys] of [['types.json', Object.keys(types)], ['extras.json', [...Object.keys(extras.pointers), ...Object.keys({ ...extras.enums, ...extras.defaults }).map(packageOf)]]] as const) {
    for (const k of keys) if (!used.has(k)) throw new Error(`${table} names ${k}, which no model has`);
  }
  return [
    write(root, 'schemas.ts', 'The JSON shape of every definition.', 'SCHEMAS', schemas),
    write(root, 'docs.ts', 'The texts of every definition and field.', 'DOCS', docs),
    write(root, 'wire.ts', 'Protobuf fields of every message.', 'WIRE', wireLines(wire, new Map(schemas.map(s => s.split('\t') as [string, string])))),
  ].join(', ');
}

/** The two sides spell some names differently (`Webhooks`, `xKubernetesListType`, `ref` for `$ref`). */
const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The messages reachable from a definition; a field that JSON does not have by name is an embedded struct, and marked by an empty name. */
function wireLines(wire: Record<string, WireField[]>, schemas: Map<string, string>): string[] {
  const out = new Map<string, string>();
  const refOf = (type: string, owner: string): string | undefined => /@(.*)$/.exec(absolute(type, owner))?.[1];
  const embedded = (message: string, json: Map<string, string>): boolean =>
    (wire[message] ?? []).every(([, name, type]) => json.has(fold(name)) || (type.startsWith('@') && embedded(refOf(type, message)!, json)));
  const visit = (name: string, json: Map<string, string> | undefined): void => {
    const fields = wire[name];
    if (!fields || out.has(name)) return;
    out.set(name, '');
    const rows: WireField[] = [];
    for (const [number, field, type] of fields) {
      const ref = refOf(type, name);
      const leaf = ref === undefined ? undefined : LEAF[ref];
      const jsonName = json ? json.get(fold(field)) : field;
      if (jsonName === undefined) {
        // Either embedded, or newer than the JSON side; then the bytes are skipped, as an older Go server would.
        if (ref && type.startsWith('@') && embedded(ref, json!)) { rows.push([number, '', type]); visit(ref, json); }
        continue;
      }
      rows.push([number, jsonName, leaf === '[s' ? `${type.replace(/@.*/, '')}V` : leaf && leaf !== '*' ? type.replace(/@.*/, leaf) : type]);
      if (ref && !(leaf && leaf !== '*')) visit(ref, fieldsOf(ref));
    }
    out.set(name, JSON.stringify(rows));
  };
  const fieldsOf = (name: string): Map<string, string> | undefined => {
    const s = schemas.get(name);
    return s ? new Map((JSON.parse(s) as { f: [string][] }).f.map(f => [fold(f[0]), f[0]])) : undefined;
  };
  for (const name of schemas.keys()) visit(name, fieldsOf(name));
  return [...out].map(([n, rows]) => `${n}\t${rows}`);
}
