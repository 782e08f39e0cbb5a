// A chosen namespace that is deleted leaves the choice, and a note says so: an empty list would look as if everything were gone.
// One that never was seen stays chosen; who names it may mean one that is still to come.
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../core/api/kinds/index.ts';
import { Store, usePart, useStore } from '../base/store.ts';
import { useApp } from '../app/context.ts';
import type { App } from '../app/feature.ts';
import { useList } from '../gateway/hooks.ts';
import { IconButton } from '../kit/IconButton.tsx';

const NAMESPACE = kindFor('', 'v1', 'namespaces')!;
const NONE: readonly string[] = [];

/** Of one cluster, for as long as the window lives: pages come and go. */
class Memory {
  readonly lost = new Store<{ names: readonly string[]; /** What is chosen since. */ left: readonly string[] } | undefined>(undefined);
  #seen = new Set<string>();
  #begun = false;

  /** Chosen names that were there once and are not now; each is told once. */
  gone(there: { keys(): Iterable<string>; get(name: string): unknown }, chosen: readonly string[]): readonly string[] {
    for (const name of there.keys()) this.#seen.add(name);
    // What was chosen when the window opened had been there once.
    if (!this.#begun) for (const name of chosen) this.#seen.add(name);
    this.#begun = true;
    return chosen.filter(name => there.get(name) === undefined && this.#seen.delete(name));
  }
}
const memories = new WeakMap<App, Map<string, Memory>>();
function memoryOf(app: App, cluster: string): Memory {
  let of = memories.get(app);
  if (!of) memories.set(app, of = new Map());
  let memory = of.get(cluster);
  if (!memory) of.set(cluster, memory = new Memory());
  return memory;
}

export function LostNamespaces({ cluster }: { cluster: string }) {
  const app = useApp();
  const { t } = useTranslation();
  const { store } = useList({ cluster, resource: NAMESPACE });
  const chosen = usePart(app.workspace, w => w.namespaces[cluster] ?? NONE);
  const memory = memoryOf(app, cluster);
  const lost = useStore(memory.lost);
  useEffect(() => {
    const look = (): void => {
      if (!store.complete) return;
      const gone = memory.gone(store, chosen);
      if (gone.length === 0) return;
      const left = chosen.filter(name => !gone.includes(name));
      app.workspace.setNamespaces(cluster, left);
      memory.lost.set({ names: gone, left });
    };
    look();
    return store.subscribe(look);
  }, [app, cluster, store, chosen, memory]);
  // It speaks of what is shown: with the next choice it has nothing to say.
  useEffect(() => {
    const before = memory.lost.get();
    if (before && before.left.join() !== chosen.join()) memory.lost.set(undefined);
  }, [chosen, memory]);
  if (!lost) return null;
  return (
    <p className="list-note" role="status">
      <span>{t(lost.left.length === 0 ? 'list.lostNamespace' : 'list.lostSome', { count: lost.names.length, names: lost.names.join(', ') })}</span>
      <IconButton icon="close" size={12} plain label={t('list.closeNote')} onClick={() => memory.lost.set(undefined)} />
    </p>
  );
}
