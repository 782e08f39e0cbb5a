// Which custom resources are served: follows the definitions in the store and keeps the routes and the list of kinds in step, in the
// same turn in which a definition shows its condition. A server without definitions has one idle watch for it.
import type { KindSpec } from '../../api/kinds/kind.ts';
import { crdCondition, storageVersion } from '../../api/kinds/from-crd.ts';
import { equal } from '../../api/meta/clone.ts';
import type { CustomResourceDefinition } from '../../api/types/kubernetes.ts';
import type { Entry, Watcher } from '../../store/store.ts';
import type { Resources } from '../dispatch.ts';
import { compareVersions } from '../../api/meta/versions.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { Resource } from '../registry/resource.ts';
import { customKind, type CustomKind, type Rules } from './custom-kind.ts';
import { CustomResource, type Convert, type Definition } from './custom-resource.ts';

export interface ServedOptions {
  readonly env: RegistryEnv;
  readonly resources: Resources;
  /** Where definitions are stored. */
  readonly definitions: Resource;
  /** The kinds that are always there. */
  readonly builtIn: readonly KindSpec[];
  /** Rules of a version, compiled once. */
  readonly rulesFor?: (kind: CustomKind['structural']) => Rules | undefined;
  /** How objects of a definition with a conversion webhook are converted. */
  readonly converter: (crd: CustomResourceDefinition) => Convert;
}

/** Whether a definition names what the server has of its own. */
export const isBuiltIn = (kinds: readonly KindSpec[], crd: CustomResourceDefinition): boolean => kinds.some(k => k.group === crd.spec.group && k.plural === crd.spec.names.plural);

interface Current { readonly crd: CustomResourceDefinition; readonly definition: Definition; readonly resources: readonly CustomResource[] }

export class ServedCustomResources {
  readonly #o: ServedOptions;
  readonly #current = new Map<string, Current>();
  #kinds: readonly KindSpec[];
  #watcher: Watcher | undefined;

  constructor(o: ServedOptions) { this.#o = o; this.#kinds = o.builtIn; }

  /** All kinds served now; the same array until one comes or goes. */
  get kinds(): readonly KindSpec[] { return this.#kinds; }

  start(): void {
    const { env, definitions } = this.#o;
    const all = env.store.range({ prefix: definitions.prefix });
    let changed = false;
    for (const e of all.entries) changed = this.#see(e) || changed;
    if (changed) this.#renew();
    this.#watcher = env.store.watch(definitions.prefix, all.revision, events => {
      let any = false;
      for (const e of events) any = (e.type === 'DELETE' ? this.#forget(e.entry.key) : this.#see(e.entry)) || any;
      if (any) this.#renew();
    });
  }

  stop(): void { this.#watcher?.close(); }

  /** True when what is served changed. */
  #see(entry: Entry): boolean {
    const crd = this.#o.definitions.objectOf(entry) as CustomResourceDefinition, known = this.#current.get(entry.key);
    // What is built in stays what it is, and its objects are not the definition's.
    if (isBuiltIn(this.#o.builtIn, crd)) return false;
    if (crdCondition(crd, 'Established') !== 'True') return known !== undefined && this.#forget(entry.key);
    if (known && known.crd.metadata!.uid === crd.metadata!.uid && equal(known.crd.spec, crd.spec) && equal(known.crd.status?.acceptedNames, crd.status?.acceptedNames)
      && crdCondition(known.crd, 'Terminating') === crdCondition(crd, 'Terminating')) return false;
    let made: Current;
    try {
      // A change of names or conditions leaves stored objects what they are.
      const since = known && equal(known.crd.spec, crd.spec) ? known.definition.since : entry.revision;
      made = this.#make(crd, since);
    } catch (error) {
      this.#o.env.log.error('a definition cannot be served', { definition: crd.metadata!.name, error });
      return known !== undefined && this.#forget(entry.key);
    }
    this.#current.set(entry.key, made);
    this.#o.resources.replace(known?.resources ?? [], made.resources);
    for (const r of known?.resources ?? []) r.retire();
    return true;
  }

  #make(crd: CustomResourceDefinition, since: number): Current {
    const kinds = new Map(crd.spec.versions.map(v => {
      let kind: CustomKind | undefined, rules: Rules | undefined, compiled = false;
      kind = customKind(crd, v, (object, old) => {
        if (!compiled) { rules = this.#o.rulesFor?.(kind!.structural); compiled = true; }
        return rules?.(object, old) ?? [];
      });
      return [v.name, kind] as const;
    }));
    const webhook = crd.spec.conversion?.strategy === 'Webhook';
    const definition: Definition = {
      name: crd.metadata!.name!, kinds, storage: kinds.get(storageVersion(crd))!, since,
      convert: webhook ? this.#o.converter(crd) : undefined, terminating: crdCondition(crd, 'Terminating') === 'True',
    };
    const served = crd.spec.versions.filter(v => v.served).map(v => v.name).sort(compareVersions);
    return { crd, definition, resources: served.map(v => new CustomResource(kinds.get(v)!, definition)) };
  }

  #forget(key: string): boolean {
    const known = this.#current.get(key);
    if (!known) return false;
    this.#current.delete(key);
    this.#o.resources.replace(known.resources, []);
    for (const r of known.resources) r.retire();
    return known.resources.length > 0;
  }

  #renew(): void {
    const custom = [...this.#current.values()].sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1)).flatMap(c => c.resources.map(r => r.spec));
    this.#kinds = custom.length > 0 ? [...this.#o.builtIn, ...custom] : this.#o.builtIn;
  }
}
