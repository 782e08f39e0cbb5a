// The kinds of each cluster: those built in, and those that its CustomResourceDefinitions add, as they come and go.
import { customResourceDefinition } from '../../core/api/kinds/apiextensions/custom-resource-definition.ts';
import { kindsFromCrd, storageVersion } from '../../core/api/kinds/from-crd.ts';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { apiVersionOf, type KubeObject } from '../../core/api/meta/object.ts';
import type { CustomResourceDefinition } from '../../core/api/types/kubernetes.ts';
import { Store, type Readable } from '../base/store.ts';
import type { Stores } from './stores.ts';

interface Entry { readonly kinds: Store<readonly KindSpec[]>; readonly readable: Readable<readonly KindSpec[]>; users: number; stop?: () => void }

/** Follows a cluster's definitions while somebody subscribes to its kinds; in between it answers with what it last knew. */
export class ClusterKinds {
  readonly #stores: Stores;
  readonly #built: readonly KindSpec[];
  readonly #clusters = new Map<string, Entry>();
  /** Made once per state of a definition, so that a page keeps its kind while nothing of it changes. */
  readonly #made = new Map<string, KindSpec>();

  constructor(stores: Stores, built: readonly KindSpec[]) { this.#stores = stores; this.#built = built; }

  /** Every kind of a cluster in the order of the tree, custom ones last by name; a custom kind in the version it is stored in, or else the first that is served. */
  of(cluster: string): Readable<readonly KindSpec[]> {
    return this.#entry(cluster).readable;
  }

  /** The kind of an object's apiVersion and kind; the version does not matter for custom ones. */
  find(cluster: string, apiVersion: string, kind: string): KindSpec | undefined {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
    const named = this.of(cluster).get().filter(k => k.kind === kind && k.group === group);
    return named.find(k => apiVersionOf(k) === apiVersion) ?? named.find(k => k.view.nav === 'Custom');
  }

  #entry(cluster: string): Entry {
    const known = this.#clusters.get(cluster);
    if (known) return known;
    const kinds = new Store<readonly KindSpec[]>(this.#built);
    const entry: Entry = {
      kinds, users: 0,
      readable: {
        get: kinds.get,
        subscribe: listener => {
          const off = kinds.subscribe(listener);
          if (entry.users++ === 0) entry.stop = this.#follow(cluster, kinds);
          return () => {
            off();
            if (--entry.users > 0) return;
            entry.stop?.();
            entry.stop = undefined;
          };
        },
      },
    };
    this.#clusters.set(cluster, entry);
    return entry;
  }

  #follow(cluster: string, kinds: Store<readonly KindSpec[]>): () => void {
    const held = this.#stores.acquire<CustomResourceDefinition & KubeObject>({ cluster, resource: customResourceDefinition });
    const renew = (): void => {
      if (!held.store.complete) return;
      const custom = [...held.store.values()].map(d => this.#kindOf(d)).filter(k => k !== undefined).sort((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.group < b.group ? -1 : 1));
      const next = [...this.#built, ...custom], was = kinds.get();
      if (next.length !== was.length || next.some((k, i) => k !== was[i])) kinds.set(next);
    };
    const off = held.store.subscribe(renew);
    renew();
    return () => { off(); held.release(); };
  }

  #kindOf(d: CustomResourceDefinition): KindSpec | undefined {
    const kinds = kindsFromCrd(d), kind = kinds.find(k => k.version === storageVersion(d)) ?? kinds[0];
    if (!kind) return undefined;
    const key = `${d.metadata?.uid}/${d.metadata?.generation}/${kind.verbs.length}`;
    const known = this.#made.get(key) ?? kind;
    this.#made.set(key, known);
    return known;
  }
}
