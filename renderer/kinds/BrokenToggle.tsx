// How many rows are in trouble, and the way to see only those. Counted by what changes, told at most twice a second.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { WatchStore } from '../gateway/watch-store.ts';
import type { verdictOf } from './columns.tsx';

const EVERY = 500;
export const isBroken = (level: string): boolean => level === 'bad' || level === 'warning';

interface Props { store: WatchStore; verdict: NonNullable<ReturnType<typeof verdictOf>>; namespaces: readonly string[]; on: boolean; onToggle(): void }

export function BrokenToggle({ store, verdict, namespaces, on, onToggle }: Props) {
  const { t } = useTranslation();
  const [count, setCount] = useState(0);
  useEffect(() => {
    const broken = new Set<string>();
    const judge = (key: string, o: KubeObject | undefined): void => {
      if (o && (namespaces.length < 2 || namespaces.includes(o.metadata?.namespace ?? '')) && isBroken(verdict(o).level)) broken.add(key); else broken.delete(key);
    };
    for (const key of store.keys()) judge(key, store.get(key));
    let timer: ReturnType<typeof setTimeout> | undefined;
    let told = 0;
    const tell = (): void => { timer = undefined; told = performance.now(); setCount(broken.size); };
    tell();
    const stop = store.subscribe(changed => {
      const before = broken.size;
      for (const key of changed) judge(key, store.get(key));
      if (broken.size !== before) timer ??= setTimeout(tell, Math.max(0, told + EVERY - performance.now()));
    });
    return () => { clearTimeout(timer); stop(); };
  }, [store, verdict, namespaces]);
  if (count === 0 && !on) return null;
  return <button type="button" className={`chip chip-bad${on ? ' on' : ''}`} aria-pressed={on} aria-label={`${count} ${t('list.broken', { count })}`} title={t('list.brokenHelp')} onClick={onToggle}><span className="shape shape-bad" /><span>{count.toLocaleString()}</span><span className="chip-word">{t('list.broken', { count })}</span></button>;
}
