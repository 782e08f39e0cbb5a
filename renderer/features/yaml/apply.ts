// What applying a manifest will do, found out by the server's own dry run, and then doing it. Nothing is written without a plan.
import { encodeBase64 } from '../../../core/api/meta/base64.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { apiVersionOf, resourcePath, type KubeObject, type ResourceType } from '../../../core/api/meta/object.ts';
import { removedVersion, upgrade, type RemovedVersion, type Upgrade } from '../../../core/api/meta/removed-versions.ts';
import type { ClusterInfo } from '../../../electron/contract/frames.ts';
import { HostError, type ApiRequest } from '../../gateway/connection.ts';
import { editable, LAST_APPLIED, type ManifestDoc } from './documents.ts';
import { deepEqual } from './equal.ts';
import { isMap, shownPath, stepsOf, valueAt, type Step } from './field-path.ts';
import { merge3, type Clash } from './merge3.ts';
import { APPLIER, EDITOR, handover, ownersOf, withoutAbandoned, type Owner } from './owners.ts';

export interface ApplyContext {
  cluster: string;
  info: ClusterInfo | undefined;
  /** For objects that name none. */
  namespace: string;
  kinds: readonly KindSpec[];
  request<T>(r: ApiRequest): Promise<T>;
}
export interface Planned {
  doc: ManifestDoc;
  resource: ResourceType;
  namespace: string | undefined;
  name: string;
  verb: 'create' | 'change' | 'nothing' | 'failed';
  /** As it is now. */
  live?: KubeObject;
  /** As it will be, by the server's word; what was asked for when that could not be had (`unchecked`). */
  result?: KubeObject;
  error?: HostError;
  /** Its version is served no more; what took its place, if anything did. */
  removed?: RemovedVersion;
  /** The manifest as it is written today. */
  upgrade?: Upgrade;
  /** Its namespace or its definition comes with the same manifest: the server could not be asked yet. */
  unchecked?: boolean;
  /** Of an edit: both sides have changed these since the editor was opened. Of a manifest: others own these, and it says otherwise. */
  conflicts?: Contested[];
  /** These change, and others own them who will want them back. */
  taken?: Contested[];
  /** What has been done, once it has been tried. */
  done?: 'created' | 'changed' | 'same' | 'failed' | 'skipped';
  /** What is sent; `first` before it, when the object is handed over from client-side apply. */
  send?: Write;
  first?: Write;
}
export type Write = Pick<ApiRequest, 'path' | 'body' | 'contentType' | 'query'> & { method: 'POST' | 'PUT' | 'PATCH' };
/** A field two sides want, with the managers that own it on the server, the last writer first. */
export interface Contested extends Clash { owners: readonly Owner[] }
/** The state an edit began from; an update never writes over anything newer. */
export interface Base { object: KubeObject }

export const labelOf = (p: Planned): string => `${p.resource.kind.toLowerCase()}${p.resource.group ? `.${p.resource.group}` : ''}/${p.name}`;
const asHostError = (e: unknown): HostError => (e instanceof HostError ? e : new HostError({ code: 0, reason: 'Error', message: e instanceof Error ? e.message : String(e) }));

/** The resource of an object: a kind we know, or one the server tells of. Throws HostError when there is none. */
async function resourceFor(c: ApplyContext, o: KubeObject, defined: readonly ResourceType[]): Promise<ResourceType> {
  const known = c.kinds.find(k => k.kind === o.kind && apiVersionOf(k) === o.apiVersion);
  if (known) return known;
  const [group, version] = o.apiVersion!.includes('/') ? o.apiVersion!.split('/') as [string, string] : ['', o.apiVersion!];
  const none = (): HostError => new HostError({ code: 404, reason: 'NotFound', message: `no matches for kind "${o.kind}" in version "${o.apiVersion}"` });
  let list: { resources?: { name: string; kind: string; namespaced: boolean }[] } = {};
  try { list = await c.request({ cluster: c.cluster, method: 'GET', path: group ? `/apis/${group}/${version}` : `/api/${version}` }); } catch (e) { if (asHostError(e).code !== 404) throw e; }
  const r = list.resources?.find(x => x.kind === o.kind && !x.name.includes('/'));
  const coming = r ? undefined : definedAs(defined, o);
  if (coming) return coming;
  if (!r) throw none();
  return { group, version, kind: r.kind, plural: r.name, namespaced: r.namespaced };
}

/** What the definitions of custom resources among the documents will have served. */
function definitionsIn(docs: readonly ManifestDoc[]): ResourceType[] {
  return docs.filter(d => d.object.kind === 'CustomResourceDefinition').flatMap(d => {
    const { spec } = d.object as { spec?: { group?: string; scope?: string; names?: { kind?: string; plural?: string }; versions?: { name?: string; served?: boolean }[] } };
    const { kind, plural } = spec?.names ?? {};
    if (!spec?.group || !kind || !plural || !Array.isArray(spec.versions)) return [];
    return spec.versions.filter(v => v.served && v.name).map(v => ({ group: spec.group!, version: v.name!, kind, plural, namespaced: spec.scope === 'Namespaced' }));
  });
}
const definedAs = (defined: readonly ResourceType[], o: KubeObject): ResourceType | undefined => defined.find(r => r.kind === o.kind && apiVersionOf(r) === o.apiVersion);

/** Manifests that take over what others own: keys of `keyOf`. */
export type Decided = ReadonlySet<string>;
export const keyOf = (p: Pick<Planned, 'doc' | 'namespace' | 'name'>): string => `${p.doc.object.apiVersion}/${p.doc.object.kind}/${p.namespace ?? ''}/${p.name}`;

/** One plan per document, in their order; what is wrong with one says nothing about the others. Never rejects. */
export async function plan(c: ApplyContext, docs: readonly ManifestDoc[], base?: Base, decided: Decided = new Set()): Promise<Planned[]> {
  const spaces = new Set(docs.filter(d => d.object.kind === 'Namespace' && d.object.apiVersion === 'v1').map(d => d.object.metadata?.name));
  const defined = definitionsIn(docs);
  return Promise.all(docs.map(async doc => {
    const name = doc.object.metadata?.name ?? doc.object.metadata?.generateName ?? '';
    let p: Planned = { doc, resource: { group: '', version: '', kind: doc.object.kind ?? '', plural: '', namespaced: true }, namespace: doc.object.metadata?.namespace, name, verb: 'failed' };
    try {
      const resource = await resourceFor(c, doc.object, defined);
      const namespace = resource.namespaced ? doc.object.metadata?.namespace ?? c.namespace : undefined;
      const object = namespace ? { ...doc.object, metadata: { ...doc.object.metadata, namespace } } : doc.object;
      p = { ...p, resource, namespace };
      const from = p;
      p = await latest(() => (isSame(base, object) ? planEdit(c, from, object, base!) : planApply(c, from, object, decided)), x => x.error?.code === 409 && x.live !== undefined);
    } catch (e) { p = { ...p, verb: 'failed', error: asHostError(e) }; }
    const first = p.error?.code === 404 && ((p.namespace !== undefined && spaces.has(p.namespace)) || definedAs(defined, doc.object) !== undefined);
    const removed = p.error?.code === 404 && !first ? removedVersion(doc.object.apiVersion ?? '', doc.object.kind ?? '') : undefined;
    if (removed) p = { ...p, removed, upgrade: upgrade(doc.object) };
    if (first) p = { ...p, verb: 'create', error: undefined, unchecked: true, result: doc.object };
    return p;
  }));
}

/** Attempts at an object that its controllers write to all the time. */
const ATTEMPTS = 40;
/** Milliseconds between attempts at what is not served yet. */
const SOON = 150;
/** Kinds that others in the same manifest stand on. */
const GROUND: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition']);
/** Does it again on the newest state while `outdated`: a status that was written in between is no conflict. */
async function latest<T>(attempt: () => Promise<T>, outdated: (result: T) => boolean): Promise<T> {
  let result = await attempt();
  for (let n = 1; n < ATTEMPTS && outdated(result); n++) result = await attempt();
  return result;
}

const isSame = (base: Base | undefined, o: KubeObject): boolean =>
  base !== undefined && base.object.kind === o.kind && base.object.apiVersion === o.apiVersion && base.object.metadata?.name === o.metadata?.name && base.object.metadata?.namespace === o.metadata?.namespace;

/** An edited object: my changes on the newest state; conflicts when somebody else has changed the same. */
async function planEdit(c: ApplyContext, p: Planned, object: KubeObject, base: Base): Promise<Planned> {
  const path = resourcePath(p.resource, p.namespace, p.name);
  const live = await c.request<KubeObject>({ cluster: c.cluster, method: 'GET', path });
  const { value, conflicts } = merge3(editable(base.object), object, editable(live));
  if (conflicts.length > 0) return { ...p, verb: 'failed', live, result: object, conflicts: conflicts.map(x => ({ ...x, owners: ownersOf(live, stepsOf(x.path, live)) })) };
  const merged = value as KubeObject;
  if (deepEqual(merged, editable(live))) return { ...p, verb: 'nothing', live, result: live };
  const planned = await dryRun(c, { ...p, live, send: { method: 'PUT', path, body: over(live, merged, live.metadata?.annotations?.[LAST_APPLIED]), query: { fieldManager: EDITOR } } });
  // Who only wrote a field once has no claim to it; who applies manifests comes back.
  return withTaken(planned, o => o.operation === 'Apply');
}

/** `merged` as the newest state of `live`: a change in between is a conflict, not an overwrite. */
function over(live: KubeObject, merged: KubeObject, applied: string | undefined): KubeObject {
  const { status } = live as { status?: unknown };
  const annotations = applied === undefined ? merged.metadata?.annotations : { ...merged.metadata?.annotations, [LAST_APPLIED]: applied };
  return { ...merged, metadata: { ...merged.metadata, ...(annotations ? { annotations } : {}), resourceVersion: live.metadata?.resourceVersion, uid: live.metadata?.uid }, ...(status === undefined ? {} : { status }) };
}

/** An object of a manifest: made, or brought to what the manifest says, by server-side apply. */
async function planApply(c: ApplyContext, p: Planned, written: KubeObject, decided: Decided): Promise<Planned> {
  const object = plainSecret(editable(written));
  const create: Write = { method: 'POST', path: resourcePath(p.resource, p.namespace), body: object, query: { fieldManager: APPLIER } };
  if (!object.metadata?.name) return dryRun(c, { ...p, send: create });
  const path = resourcePath(p.resource, p.namespace, p.name);
  let live: KubeObject | undefined;
  try { live = await c.request<KubeObject>({ cluster: c.cluster, method: 'GET', path }); } catch (e) {
    // What only takes questions, as reviews do, is neither read nor applied.
    if (asHostError(e).code === 405) return dryRun(c, { ...p, send: create });
    if (asHostError(e).code !== 404) throw e;
  }
  const apply = (force: boolean, guard: object = {}): Write => ({ method: 'PATCH', path, contentType: 'application/apply-patch+yaml', body: { ...object, metadata: { ...object.metadata, ...guard } }, query: { fieldManager: APPLIER, force: String(force) } });
  if (!live) return dryRun(c, { ...p, send: apply(false) });
  // One that has been deleted and made again since is another object; what is taken over is what has been looked at.
  const { uid, resourceVersion } = live.metadata ?? {};
  const old = handover(live), forced = decided.has(keyOf(p));
  let planned = await dryRun(c, { ...p, live, send: apply(forced, forced || old ? { uid, resourceVersion } : { uid }) });
  const all = contested(planned, object);
  const conflicts = all.filter(x => !old || x.owners.some(o => o.operation !== 'Update' || !old.from.includes(o.manager)));
  if (all.length > 0) planned = await dryRun(c, { ...p, live, send: apply(true, { uid, resourceVersion }) });
  // What taking over would make of it is shown, not offered before it is decided.
  if (conflicts.length > 0) return { ...planned, verb: 'failed', send: undefined, conflicts };
  if (old && planned.result) {
    const rest = withoutAbandoned(planned.result, old);
    // The server cannot try two writes in a row: it is asked about their outcome.
    if (rest) planned = await dryRun(c, { ...p, live, send: { method: 'PUT', path, body: { ...rest, metadata: { ...rest.metadata, resourceVersion } } } });
    planned = { ...planned, first: { method: 'PATCH', path, contentType: 'application/json-patch+json', body: old.patch }, send: apply(forced, { uid }) };
  }
  return withTaken(planned, o => !old?.from.includes(o.manager));
}

/** What the server's refusal of an apply says: each field, its owners, what is there and what the manifest wants. */
function contested(p: Planned, object: KubeObject): Contested[] {
  if (p.error?.code !== 409 || !p.live) return [];
  const rows = new Map<string, Contested>();
  for (const { reason, field, message } of causesOf(p.error)) {
    if (reason !== 'FieldManagerConflict' || !field) continue;
    const named = /^conflict with "([^"]*)"(?: with subresource "([^"]*)")?/.exec(message ?? '');
    const steps = stepsOf(field, p.live), theirs = valueAt(p.live, steps);
    const owners = ownersOf(p.live, steps);
    const by = owners.filter(o => o.manager === named?.[1] && (o.subresource ?? '') === (named[2] ?? ''));
    const path = field.replace(/^\./, '');
    const row = rows.get(path) ?? { path, base: undefined, mine: valueAt(object, stepsOf(field, object)), theirs, owners: [] };
    rows.set(path, { ...row, owners: [...row.owners, ...(by.length > 0 ? by : [{ manager: named?.[1] ?? message ?? '', operation: '' }])] });
  }
  return [...rows.values()];
}

/** The parts of a refusal: which field, why. */
export const causesOf = (e: HostError): { reason?: string; field?: string; message?: string }[] =>
  (e.wire.details as { causes?: { reason?: string; field?: string; message?: string }[] } | undefined)?.causes ?? [];

/** Tells which of the fields that change have other owners of whom `counts` holds. */
function withTaken(p: Planned, counts: (o: Owner) => boolean): Planned {
  const { live, result } = p;
  if (p.verb !== 'change' || !live || !result) return p;
  const taken = changes(editable(live), editable(result)).flatMap(({ at, from, to }): Contested[] => {
    const owners = from === undefined ? [] : ownersOf(live, at).filter(o => o.manager !== APPLIER && o.manager !== EDITOR && counts(o));
    return owners.length === 0 ? [] : [{ path: shownPath(at, live), base: undefined, mine: to, theirs: from, owners }];
  });
  return taken.length > 0 ? { ...p, taken } : p;
}

/** The write-only text form of a secret's data, folded in: else a key that was removed from it would stay. */
function plainSecret(o: KubeObject): KubeObject {
  const { stringData, data, ...rest } = o as KubeObject & { stringData?: Record<string, string>; data?: Record<string, string> };
  if (o.kind !== 'Secret' || !stringData) return o;
  const encoded = Object.entries(stringData).map(([k, v]) => [k, encodeBase64(String(v))] as const);
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } } as KubeObject;
}

async function dryRun(c: ApplyContext, p: Planned): Promise<Planned> {
  try {
    const result = await c.request<KubeObject>({ cluster: c.cluster, ...p.send!, query: { ...p.send!.query, dryRun: 'All', fieldValidation: 'Strict' } });
    return { ...p, result, verb: p.live === undefined ? 'create' : deepEqual(editable(p.live), editable(result)) ? 'nothing' : 'change' };
  } catch (e) { return { ...p, verb: 'failed', error: asHostError(e) }; }
}

/**
 * Writes what was planned, in order, and tells of each how it went. What fails is left out; the rest goes on. What others have
 * changed elsewhere in an object since it was planned is kept; when they have touched what is about to change, it fails with 409.
 */
export async function carryOut(c: ApplyContext, planned: readonly Planned[], base?: Base, decided: Decided = new Set()): Promise<Planned[]> {
  const out: Planned[] = [];
  const seen = new Set<string>();
  const again = async (p: Planned): Promise<Planned> => (await plan(c, [p.doc], base, decided))[0] ?? p;
  for (const asPlanned of planned) {
    // A second document of the same object was planned before the first had been written.
    const p = seen.has(keyOf(asPlanned)) ? await again(asPlanned) : asPlanned;
    seen.add(keyOf(asPlanned));
    if (!p.send || p.verb === 'nothing' || p.verb === 'failed') { out.push({ ...p, done: p.verb === 'nothing' ? 'same' : 'skipped' }); continue; }
    let now = p;
    const last = await latest(async (): Promise<Planned> => {
      try {
        if (now.first) await c.request({ cluster: c.cluster, ...now.first });
        const result = await c.request<KubeObject>({ cluster: c.cluster, ...now.send!, query: { ...now.send!.query, fieldValidation: 'Strict' } });
        return { ...p, result, unchecked: false, done: p.verb === 'create' ? 'created' : 'changed' };
      } catch (e) {
        const error = asHostError(e);
        // What it waits for has just been made, and is served in a moment.
        if (error.code === 404 && p.unchecked && !out.some(x => GROUND.has(x.resource.kind) && x.done !== 'created' && x.done !== 'changed' && x.done !== 'same')) {
          await new Promise(go => { setTimeout(go, SOON); });
          return { ...p, verb: 'failed', error };
        }
        const newer = error.code === 409 && p.live ? await again(p) : undefined;
        const same = newer?.live && newer.result && newer.verb === 'change' && deepEqual(changes(editable(newer.live), editable(newer.result)), changes(editable(p.live!), editable(p.result!)));
        if (same) now = newer;
        return { ...p, verb: 'failed', error, done: same ? undefined : 'failed' };
      }
    }, x => x.done === undefined);
    out.push({ ...last, done: last.done ?? 'failed' });
  }
  return out;
}

/** What becomes of each field that changes: its place, what was there, what will be. */
function changes(from: unknown, to: unknown, at: readonly Step[] = []): { at: readonly Step[]; from: unknown; to: unknown }[] {
  if (deepEqual(from, to)) return [];
  const lists = Array.isArray(from) && Array.isArray(to) && from.length === to.length;
  if (!lists && !(isMap(from) && isMap(to))) return [{ at, from, to }];
  const a = from as Record<Step, unknown>, b = to as Record<Step, unknown>;
  const steps: Step[] = lists ? from.map((_, i) => i) : [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return steps.flatMap(k => changes(a[k], b[k], [...at, k]));
}
