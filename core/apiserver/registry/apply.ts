// Server-side apply: PATCH with application/apply-patch+yaml (contract 7.7 to 7.9).
import type { KubeObject, Unstructured } from '../../api/meta/object.ts';
import { clone, isObject } from '../../api/meta/clone.ts';
import { claimedSet, compare, wholeSet } from '../../api/meta/managed-fields/compare.ts';
import { difference, EMPTY, isEmpty, type FieldSet } from '../../api/meta/managed-fields/field-set.ts';
import { applied, applyConflict, BEFORE_FIRST_APPLY, claimedByAll, conflictsOf, lastApplied, updated, type Entry, type Manager } from '../../api/meta/managed-fields/managers.ts';
import { mergeInto, prune } from '../../api/meta/managed-fields/merge.ts';
import { badRequest, conflict, failure } from '../../api/meta/status.ts';
import { validateAgainstSchema } from '../codec/body.ts';
import { JsonSyntaxError, parseJsonWithDuplicates } from '../codec/json.ts';
import { readYaml, YamlError } from '../codec/yaml.ts';
import type { RequestContext, Result } from '../context.ts';
import { settleName, settleNamespace } from './body.ts';
import { createObject, demandCreate } from './create.ts';
import { timestamp, type FieldValidation, type RegistryEnv } from './env.ts';
import { resourceFields } from './field-schema.ts';
import type { WriteOptions } from './options.ts';
import { converted, managerOf, ownersOf, sibling, Versions, writes, type Owners } from './ownership.ts';
import type { Resource } from './resource.ts';
import { change } from './update.ts';

export const APPLY = 'application/apply-patch+yaml';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The configuration a request brought. Duplicate keys end in 400 or a warning, as `validation` says. Throws 400 for what is no object. */
export function configurationOf(ctx: RequestContext, validation: FieldValidation): Unstructured {
  let value: unknown;
  if ('value' in ctx.body) value = clone(ctx.body.value);
  else {
    const text = ctx.body.bytes.toString();
    let duplicates: readonly string[];
    try { ({ value, duplicates } = /^\s*\{/.test(text) ? parseJsonOrYaml(text) : readYaml(text)); } catch (e) {
      if (e instanceof YamlError) throw badRequest(`error decoding YAML: error converting YAML to JSON: ${e.message}`);
      throw e;
    }
    if (duplicates.length > 0 && validation !== 'Ignore') {
      // Whatever it is written in, it is read as YAML, line by line.
      const what = `error converting YAML to JSON: ${readYaml(text).duplicates.join('\n')}`;
      if (validation === 'Strict') throw badRequest(`error strict decoding YAML: ${what}`);
      ctx.warnings.push(what);
    }
  }
  if (!isObject(value)) throw badRequest('error decoding YAML: the body of an apply must be an object');
  return value as Unstructured;
}

/** JSON where it is; `{a: 1}` is YAML. */
function parseJsonOrYaml(text: string): { value: unknown; duplicates: readonly string[] } {
  try { return parseJsonWithDuplicates(text); } catch (e) {
    if (!(e instanceof JsonSyntaxError)) throw e;
    return readYaml(text);
  }
}

/** What of a configuration the request's door lets through. */
function reaching(config: Unstructured, only: ((field: string) => boolean) | undefined): Unstructured {
  if (!only) return config;
  const out: Unstructured = {};
  for (const k of Object.keys(config)) if (k === 'apiVersion' || k === 'kind' || k === 'metadata' || only(k)) out[k] = config[k];
  return out;
}

interface Outcome { readonly object: KubeObject; readonly owners: Owners }

/** One configuration of one manager on its way into objects. */
export class Application {
  readonly #env: RegistryEnv;
  readonly #resource: Resource;
  readonly #manager: Manager;
  readonly #config: Unstructured;
  readonly #claimed: FieldSet;
  readonly #only: ((field: string) => boolean) | undefined;
  readonly #force: boolean;

  /** Throws 400 for another kind or version, and the untyped error (500) clients know for what the schema refuses. */
  constructor(env: RegistryEnv, resource: Resource, config: Unstructured, o: { readonly manager: string; readonly subresource: string; readonly force: boolean; readonly namespace: string; readonly name: string }) {
    const { kind, apiVersion } = config;
    if (typeof kind !== 'string' || kind === '') throw badRequest('Object \'Kind\' is missing in the applied configuration');
    if (typeof apiVersion !== 'string' || apiVersion === '') throw badRequest('Object \'apiVersion\' is missing in the applied configuration');
    const gvk = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
    if (apiVersion !== resource.apiVersion) throw badRequest(`Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${resource.apiVersion}`);
    if (kind !== resource.spec.kind) throw badRequest(`invalid object type: ${gvk}`);
    const metadata = config.metadata ?? {};
    if (!isObject(metadata)) throw failed(`failed to create typed patch object (${o.namespace}/${o.name}; ${gvk}): .metadata: expected map, got &{${String(metadata)}}`);
    if (Array.isArray(metadata['managedFields']) ? metadata['managedFields'].length > 0 : metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) throw badRequest('metadata.managedFields must be nil');
    const errors: string[] = [], only = writes(resource, o.subresource);
    const { managedFields: _m, ...rest } = metadata;
    this.#config = reaching({ ...config, metadata: rest as KubeObject['metadata'] }, only);
    const all = claimedSet(resourceFields(resource), config, errors);
    if (errors.length > 0) throw failed(`failed to create typed patch object (${o.namespace}/${o.name}; ${gvk}): ${errors.length === 1 ? errors[0]! : ['errors:', ...errors.map(e => `  ${e}`)].join('\n')}`);
    this.#claimed = only ? Object.fromEntries(Object.entries(all).filter(([k]) => only(k.slice(2)))) : all;
    this.#env = env; this.#resource = resource; this.#only = only; this.#force = o.force;
    this.#manager = managerOf(resource, o.manager, 'Apply', o.subresource);
  }

  get uid(): string | undefined { return this.#config.metadata?.uid; }
  get resourceVersion(): string | undefined { return this.#config.metadata?.resourceVersion; }

  /** A new object; private. */
  created(): Outcome {
    const object = this.#decoded(clone(this.#config));
    return { object, owners: applied([], this.#manager, this.#claimed, () => EMPTY, () => EMPTY, this.#time(), true) };
  }

  /** The object with the configuration in it; `prev` stays as it is. Throws 409 with every conflict unless forced. */
  onto(prev: KubeObject): Outcome {
    const schema = resourceFields(this.#resource), m = this.#manager;
    const next = clone(prev) as Unstructured;
    delete next.metadata!.managedFields;
    const merged = mergeInto(schema, next, clone(this.#config));
    let entries = ownersOf(prev);
    if (entries.length === 0) entries = this.#firstOwners(prev);
    const last = lastApplied(entries, m);
    const gone = last ? this.#prune(next, last, entries) : EMPTY;
    const changed = difference(merged, gone);
    const same = entries.every(e => e.apiVersion === this.#resource.apiVersion);
    const versions = same ? undefined : new Versions(this.#env, this.#resource, prev, next, { changed, removed: gone }, this.#only);
    if (versions) entries = entries.filter(e => versions.in(e.apiVersion ?? '') !== undefined);
    const changedIn = (e: Entry): FieldSet => (versions ? versions.in(e.apiVersion ?? '')!.changed : changed);
    const removedIn = (e: Entry): FieldSet => (versions ? versions.in(e.apiVersion ?? '')!.removed : gone);
    if (!this.#force) {
      const conflicts = conflictsOf(entries, m, changedIn);
      if (conflicts.length > 0) {
        const allowed = m.manager === 'kubectl' && m.subresource === '' ? this.#lastClientSide(prev) : EMPTY;
        const left = conflicts.map(c => ({ entry: c.entry, set: difference(c.set, allowed) })).filter(c => !isEmpty(c.set));
        if (left.length > 0) throw applyConflict(left);
      }
    }
    const owners = applied(entries, m, this.#claimed, changedIn, removedIn, this.#time(), !isEmpty(changed) || !isEmpty(gone));
    const object = this.#decoded(next);
    if (m.manager === 'kubectl' && m.subresource === '' && prev.metadata?.annotations?.[LAST_APPLIED] !== undefined && object.metadata?.annotations) object.metadata.annotations[LAST_APPLIED] = this.#asLastApplied();
    return { object, owners };
  }

  #time(): string { return timestamp(this.#env.clock.now()); }

  /** Spelled as the kind's own decoder spells it. */
  #decoded(object: Unstructured): KubeObject { return validateAgainstSchema(object, this.#resource.spec, 'Ignore').object; }

  /** Of an object nobody counted the owners of: all that is there belongs to whoever came before. */
  #firstOwners(prev: KubeObject): Owners {
    const before = { manager: BEFORE_FIRST_APPLY, operation: 'Update', apiVersion: this.#resource.apiVersion, subresource: this.#manager.subresource } as const;
    return updated([], before, compare(resourceFields(this.#resource), {}, prev as Unstructured, this.#only).changed, EMPTY, this.#time(), true);
  }

  /** Takes out of `next` what this manager applied last, applies no more and nobody else owns. */
  #prune(next: Unstructured, last: { readonly set: FieldSet; readonly apiVersion: string }, entries: Owners): FieldSet {
    const schema = resourceFields(this.#resource), to = sibling(this.#env, this.#resource, last.apiVersion);
    if (to === undefined) return EMPTY;
    if (to === this.#resource) return prune(schema, next, last.set, claimedByAll(entries, this.#manager, this.#claimed));
    // It applied in another version last time: names are compared there, and the outcome brought back.
    const there = clone(converted(next, this.#resource, to)) as Unstructured, config = converted(clone(this.#config), this.#resource, to) as Unstructured;
    const kept = claimedByAll(entries.filter(e => e.apiVersion === last.apiVersion), this.#manager, wholeSet(resourceFields(to), config));
    if (isEmpty(prune(resourceFields(to), there, last.set, kept))) return EMPTY;
    const back = clone(converted(there, to, this.#resource)) as Unstructured, gone = compare(schema, next, back).removed;
    for (const k of Object.keys(next)) delete next[k];
    Object.assign(next, back);
    return gone;
  }

  /** Fields kubectl's client-side apply set to the values they still have: its server-side successor may take them over. */
  #lastClientSide(prev: KubeObject): FieldSet {
    const text = prev.metadata?.annotations?.[LAST_APPLIED];
    if (!text) return EMPTY;
    let config: unknown;
    try { config = JSON.parse(text); } catch (e) {
      // An annotation is anybody's to write.
      if (e instanceof SyntaxError) return EMPTY;
      throw e;
    }
    if (!isObject(config)) return EMPTY;
    const schema = resourceFields(this.#resource), claimed = claimedSet(schema, config, []);
    const differs = compare(schema, config, prev as Unstructured);
    return difference(difference(claimed, differs.changed), differs.removed);
  }

  /** What client-side apply would have left behind for this configuration. */
  #asLastApplied(): string {
    const config = clone(this.#config);
    const annotations = config.metadata?.annotations;
    if (annotations) delete annotations[LAST_APPLIED];
    return `${JSON.stringify(sortedKeys(config))}\n`;
  }
}

function sortedKeys(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(sortedKeys);
  if (!isObject(v)) return v;
  return Object.fromEntries(Object.keys(v).sort().map(k => [k, sortedKeys(v[k])]));
}

/** What Kubernetes answers where it has no words of its own for an error: 500 without a reason. */
const failed = (message: string): Error => {
  const e = failure(500, '', message);
  delete e.status.reason;
  return e;
};

/** Applies to an object or its /status; creates the object (201) where there is none. */
export async function apply(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string, subresource: string, options: WriteOptions): Promise<Result> {
  const config = configurationOf(ctx, options.fieldValidation);
  const application = new Application(env, resource, config, { manager: options.fieldManager, subresource, force: options.force, namespace, name });
  const settle = (object: KubeObject): KubeObject => {
    object.metadata ??= {};
    settleName(object, name);
    settleNamespace(object, resource.spec.namespaced ? namespace : '');
    return object;
  };
  if (subresource === '' && env.store.get(resource.key(namespace, name)) === undefined) {
    if (application.uid) throw conflict(resource.spec, name, `uid mismatch: the provided object specified uid ${application.uid}, and no existing object was found`);
    if (application.resourceVersion && application.resourceVersion !== '0') throw conflict(resource.spec, name);
    demandCreate(env, resource, ctx, namespace, name);
    const { object, owners } = application.created();
    return createObject(env, resource, ctx, namespace, settle(object), options, owners);
  }
  let owners: Owners = [];
  return change(env, ctx, {
    resource, namespace, name, subresource, options, conditional: Boolean(application.resourceVersion),
    produce: prev => {
      const outcome = application.onto(prev);
      ({ owners } = outcome);
      return settle(outcome.object);
    },
    owners: () => owners,
  });
}
