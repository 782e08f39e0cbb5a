// The operations of a kind. kubectl reads from the PATCH operation of a kind whether the server validates fields itself
// (parameter fieldValidation) and knows dry-run, so every operation says which kind it serves and what it does.
import type { KindSpec, Subresource } from '../../api/kinds/kind.ts';
import { customOf } from '../crd/custom-kind.ts';
import { schemaOf } from '../codec/schemas.ts';
import { responseKind } from '../discovery/groups.ts';
import { customDefinitions } from './custom.ts';
import { PATCH, type Definitions, type SchemaObject } from './definitions.ts';

type Paths = Record<string, Record<string, unknown>>;
interface Parameter { name: string; in: 'query' | 'path'; type: 'string' | 'integer' | 'boolean'; description: string; required?: true }

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description });
const PRETTY = query('pretty', 'string', "If 'true', the answer is indented.");
const DRY_RUN = query('dryRun', 'string', 'When present, nothing is stored. The only value is All: every stage of the request runs.');
const FIELD_MANAGER = query('fieldManager', 'string', 'A name for the writer of these fields: at most 128 printable characters. Required for apply patches.');
const FIELD_VALIDATION = query('fieldValidation', 'string', 'What to do about unknown and duplicate fields: Ignore drops them in silence, Warn (the default) drops them and sends a warning for each, Strict refuses the request.');
const FORCE = query('force', 'boolean', 'Takes over conflicting fields of other writers. Only for apply patches.');
const LIST: readonly Parameter[] = [
  query('allowWatchBookmarks', 'boolean', 'Asks for BOOKMARK events, which only carry a resourceVersion.'),
  query('continue', 'string', 'The token of the previous page.'),
  query('fieldSelector', 'string', 'Limits the answer to objects with these field values.'),
  query('labelSelector', 'string', 'Limits the answer to objects with these labels.'),
  query('limit', 'integer', 'The largest number of objects in one answer.'),
  query('resourceVersion', 'string', 'The resourceVersion to answer from.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is taken: Exact or NotOlderThan.'),
  query('sendInitialEvents', 'boolean', 'Starts a watch with the present state, followed by a bookmark.'),
  query('timeoutSeconds', 'integer', 'How long the call may last.'),
  query('watch', 'boolean', 'Watches for changes instead of listing.'),
];
const DELETE: readonly Parameter[] = [
  DRY_RUN,
  query('gracePeriodSeconds', 'integer', 'Seconds before the object is deleted; zero means at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Deletes an object that cannot be read.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What happens to dependents: Orphan, Background or Foreground.'),
];
const WRITE: readonly Parameter[] = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION];
const NAMESPACE: Parameter = { name: 'namespace', in: 'path', type: 'string', description: 'The namespace of the object.', required: true };
const NAME: Parameter = { name: 'name', in: 'path', type: 'string', description: 'The name of the object.', required: true };
const SUBPATH: Parameter = { name: 'path', in: 'path', type: 'string', description: 'The path below the proxied object.', required: true };

const BODIES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
const ANSWERS = ['application/json', 'application/yaml'];
const STREAMS = ['application/json;stream=watch'];
const PATCHES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];
const CUSTOM_PATCHES = PATCHES.filter(p => !p.includes('strategic'));
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
/** Subresources that are connections rather than objects. */
const CONNECT = new Set(['attach', 'exec', 'log', 'portforward', 'proxy']);

const camel = (s: string): string => s.split(/[.\-_/]/).filter(Boolean).map(p => p[0]!.toUpperCase() + p.slice(1)).join('');

export class PathBuilder {
  readonly paths: Paths = {};
  readonly #d: Definitions;
  constructor(definitions: Definitions) { this.#d = definitions; }

  add(k: KindSpec): void {
    const root = k.group === '' ? `/api/${k.version}` : `/apis/${k.group}/${k.version}`;
    const tag = camel(k.group === '' ? 'core' : k.group.replace(/\.k8s\.io$/, ''));
    const of = (verb: string, subject: string): string => `${verb}${tag}${camel(k.version)}${k.namespaced ? 'Namespaced' : ''}${subject}`;
    const tags = [`${tag[0]!.toLowerCase()}${tag.slice(1)}_${k.version}`];
    const common = k.namespaced ? [NAMESPACE, PRETTY] : [PRETTY];
    const base = k.namespaced ? `${root}/namespaces/{namespace}/${k.plural}` : `${root}/${k.plural}`;
    const gvk = { group: k.group, kind: k.kind, version: k.version };
    const has = (v: KindSpec['verbs'][number]): boolean => k.verbs.includes(v);
    const custom = customDefinitions(this.#d, k);
    const list = custom?.list ?? this.#schema(schemaOf(k.group, k.version, k.listKind));
    const self = custom?.self ?? this.#schema(schemaOf(k.group, k.version, k.kind));
    const op = (action: string, id: string, description: string, rest: Partial<OperationParts>): object =>
      this.#operation({ action, id, description, gvk, tags, parameters: [], codes: [200], produces: ANSWERS, ...rest });

    this.#path(base, common, {
      ...(has('list') ? { get: op('list', of('list', k.kind), `list or watch objects of kind ${k.kind}`, { parameters: LIST, answer: list, produces: [...ANSWERS, ...STREAMS] }) } : {}),
      ...(has('create') ? { post: op('post', of('create', k.kind), `create a ${k.kind}`, { parameters: WRITE, body: self, answer: self, codes: [200, 201, 202] }) } : {}),
      ...(has('deletecollection') ? { delete: op('deletecollection', `delete${tag}${camel(k.version)}Collection${k.namespaced ? 'Namespaced' : ''}${k.kind}`, `delete collection of ${k.kind}`, { parameters: [...LIST, ...DELETE], body: this.#d.ref(`${META}.DeleteOptions`), optionalBody: true, answer: this.#d.ref(`${META}.Status`) }) } : {}),
    });
    if (k.namespaced && has('list')) {
      this.#path(`${root}/${k.plural}`, [PRETTY], { get: op('list', `list${tag}${camel(k.version)}${k.kind}ForAllNamespaces`, `list or watch objects of kind ${k.kind}`, { parameters: LIST, answer: list, produces: [...ANSWERS, ...STREAMS] }) });
    }
    this.#path(`${base}/{name}`, [NAME, ...common], {
      ...(has('get') ? { get: op('get', of('read', k.kind), `read the specified ${k.kind}`, { answer: self }) } : {}),
      ...(has('update') ? { put: op('put', of('replace', k.kind), `replace the specified ${k.kind}`, { parameters: WRITE, body: self, answer: self, codes: [200, 201] }) } : {}),
      ...(has('delete') ? { delete: op('delete', of('delete', k.kind), `delete a ${k.kind}`, { parameters: DELETE, body: this.#d.ref(`${META}.DeleteOptions`), optionalBody: true, answer: this.#d.ref(`${META}.Status`), codes: [200, 202] }) } : {}),
      ...(has('patch') ? { patch: this.#patch(k, gvk, tags, of('patch', k.kind), `partially update the specified ${k.kind}`, self) } : {}),
    });
    for (const s of k.subresources) this.#subresource(k, s, `${base}/{name}/${s.name}`, [NAME, ...common], tags, of, custom?.self);
  }

  #subresource(k: KindSpec, s: Subresource, path: string, common: Parameter[], tags: string[], of: (verb: string, subject: string) => string, self: SchemaObject | undefined): void {
    const r = responseKind(k, s), subject = `${k.kind}${camel(s.name)}`;
    const gvk = { group: r.group, kind: r.kind, version: r.version };
    if (CONNECT.has(s.name)) {
      const connect = (method: string): object => this.#operation({
        action: 'connect', id: of(`connect${camel(method)}`, subject), description: `connect ${method.toUpperCase()} requests to ${s.name} of ${k.kind}`, gvk, tags,
        parameters: [], codes: [200], produces: s.name === 'log' ? ['text/plain', ...ANSWERS] : ['*/*'],
      });
      const methods = s.name === 'proxy' ? ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] : s.name === 'log' ? ['get'] : ['get', 'post'];
      const all = Object.fromEntries(methods.map(m => [m, connect(m)]));
      this.#path(path, common, all);
      if (s.name === 'proxy') this.#path(`${path}/{path}`, [...common, SUBPATH], all);
      return;
    }
    const schema = self && !s.responseKind ? self : this.#schema(schemaOf(r.group, r.version, r.kind) ?? (s.responseKind ? undefined : k.schema));
    const op = (action: string, verb: string, description: string, rest: Partial<OperationParts>): object =>
      this.#operation({ action, id: of(verb, subject), description: `${description} ${s.name} of the specified ${k.kind}`, gvk, tags, parameters: [], codes: [200], produces: ANSWERS, answer: schema, ...rest });
    this.#path(path, common, {
      ...(s.verbs.includes('get') ? { get: op('get', 'read', 'read', {}) } : {}),
      ...(s.verbs.includes('create') ? { post: op('post', 'create', 'create', { parameters: WRITE, body: schema, codes: [200, 201, 202] }) } : {}),
      ...(s.verbs.includes('update') ? { put: op('put', 'replace', 'replace', { parameters: WRITE, body: schema, codes: [200, 201] }) } : {}),
      ...(s.verbs.includes('patch') ? { patch: this.#patch(k, gvk, tags, of('patch', subject), `partially update ${s.name} of the specified ${k.kind}`, schema) } : {}),
    });
  }

  #patch(k: KindSpec, gvk: Gvk, tags: string[], id: string, description: string, answer: SchemaObject): object {
    const custom = customOf(k) !== undefined;
    return this.#operation({
      action: 'patch', id, description, gvk, tags, parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE],
      body: this.#d.ref(PATCH), consumes: custom ? CUSTOM_PATCHES : PATCHES, answer, codes: [200, 201], produces: ANSWERS,
    });
  }

  /** The named definition, or a free-form object for kinds without one. */
  #schema(known: string | undefined): SchemaObject { return known ? this.#d.ref(known) : { type: 'object' }; }

  #path(path: string, parameters: readonly Parameter[], operations: Record<string, object>): void {
    if (Object.keys(operations).length === 0) return;
    this.paths[path] = { ...this.paths[path], ...operations, parameters: parameters.map(p => this.#parameter(p)) };
  }

  #parameter(p: Parameter): object {
    const { type, ...rest } = p;
    return this.#d.dialect === 'v2' ? { ...rest, type, uniqueItems: true } : { ...rest, schema: { type, uniqueItems: true } };
  }

  #operation(o: OperationParts): object {
    const v2 = this.#d.dialect === 'v2', extensions = { 'x-kubernetes-action': o.action, 'x-kubernetes-group-version-kind': o.gvk };
    const answer = o.answer ?? { type: 'string' };
    const parameters = o.parameters.map(p => this.#parameter(p));
    const consumes = o.consumes ?? (v2 ? ['*/*'] : BODIES);
    const unauthorized = { description: 'Unauthorized' };
    if (v2) {
      const responses = Object.fromEntries([...o.codes.map(c => [String(c), { description: WORDS[c]!, schema: answer }]), ['401', unauthorized]]);
      return {
        description: o.description, tags: o.tags, operationId: o.id, consumes, produces: o.produces, schemes: ['https'],
        parameters: [...(o.body ? [{ name: 'body', in: 'body', ...(o.optionalBody ? {} : { required: true }), schema: o.body }] : []), ...parameters], responses, ...extensions,
      };
    }
    const content = (types: readonly string[], schema: SchemaObject): object => Object.fromEntries(types.map(t => [t, { schema }]));
    return {
      tags: o.tags, description: o.description, operationId: o.id, parameters,
      ...(o.body ? { requestBody: { content: content(o.consumes ? consumes : ['*/*'], o.body), ...(o.optionalBody ? {} : { required: true }) } } : {}),
      responses: Object.fromEntries([...o.codes.map(c => [String(c), { description: WORDS[c]!, content: content(o.produces, answer) }]), ['401', unauthorized]]),
      ...extensions,
    };
  }
}

const WORDS: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
interface Gvk { group: string; kind: string; version: string }
interface OperationParts {
  action: string; id: string; description: string; gvk: Gvk; tags: string[]; parameters: readonly Parameter[]; codes: readonly number[];
  produces: readonly string[]; consumes?: readonly string[]; body?: SchemaObject; optionalBody?: boolean; answer?: SchemaObject;
}
