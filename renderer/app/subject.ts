// What keys act on: the rows chosen in the list or what the drawer shows, whichever the user turned to last.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { Store } from '../base/store.ts';

/** Objects the keys act on now: the selection of the list, or what the drawer shows. */
export interface Focus { cluster: string; kind: KindSpec; objects: readonly KubeObject[] }

export class FocusStore extends Store<Focus | undefined> {
  #list: Focus | undefined;
  #drawer: Focus | undefined;
  #front: 'list' | 'drawer' = 'list';
  constructor() { super(undefined); }

  /** What is chosen in the list now; undefined when the list goes. A choice that was made or moved comes to the front. */
  list(now: Focus | undefined): void {
    this.#list = now;
    if (now && now.objects.length > 0) this.#front = 'list';
    this.#tell();
  }

  /** The newest state of what the drawer shows; undefined when it closes. `opened`: it shows another object than before, and comes to the front unless several rows are chosen. */
  drawer(now: Focus | undefined, opened = false): void {
    this.#drawer = now;
    if (opened && !(this.#list && this.#list.objects.length > 1)) this.#front = 'drawer';
    this.#tell();
  }

  #tell(): void {
    const list = this.#list && this.#list.objects.length > 0 ? this.#list : undefined;
    this.set(this.#front === 'drawer' ? this.#drawer ?? this.#list : list ?? this.#drawer ?? this.#list);
  }
}
