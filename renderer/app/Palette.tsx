// Ctrl/Cmd-K: kinds, objects, verbs on objects, commands, namespaces and clusters from one box.
import Dialog from '@mui/material/Dialog';
import { useDeferredValue, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { useStore } from '../base/store.ts';
import { useKinds } from '../gateway/hooks.ts';
import { Icon } from '../kit/Icon.tsx';
import { pluralTitle, shownKinds } from '../kinds/navigation.ts';
import { actionsFor } from './actions.ts';
import { useApp } from './context.ts';
import type { App } from './feature.ts';
import { rank, splitReference, splitVerb, type Candidate, type Ranked } from './palette-model.ts';
import { pageOf, targetOf } from './workspace.ts';
import { chooseTheme } from '../theme/theme.ts';

type Entry = Candidate & { run(app: App, apart: boolean): void };
/** Searched by name whatever list is open. */
const SEARCHED = new Set(['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Service', 'Ingress', 'ConfigMap', 'Secret', 'Node', 'Namespace', 'PersistentVolumeClaim', 'ReplicaSet',
  'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'ResourceQuota', 'LimitRange', 'PersistentVolume', 'StorageClass', 'PriorityClass']);

/** Custom kinds too, up to a number: a foreign cluster may have hundreds of them, and each is a list to follow. */
const CUSTOM_SEARCHED = 20;
const searched = (kinds: readonly KindSpec[]): KindSpec[] => [...kinds.filter(k => SEARCHED.has(k.kind) && k.view.nav !== 'Custom' && !k.storedAs), ...kinds.filter(k => k.view.nav === 'Custom').slice(0, CUSTOM_SEARCHED)];

export function Palette({ onClose, start = '' }: { onClose(): void; start?: string }) {
  const app = useApp();
  const { t } = useTranslation();
  const [text, setText] = useState(start);
  const asked = useDeferredValue(text);
  const [at, setAt] = useState(0);
  const cluster = useStore(app.workspace).tabs.find(x => x.id === app.workspace.get().active)?.cluster ?? '';
  const kinds = useKinds(cluster);
  const objects = useSearched(app, cluster, kinds);
  const fixed = useMemo(() => fixedEntries(app, cluster, kinds, t), [app, cluster, kinds, t]);
  const verbs = useMemo(() => app.actions.map(a => ({ id: a.id, word: t(`actions.${a.id}`) })), [app, t]);
  const search = (wanted: string): Ranked<Entry>[] => {
    const verb = splitVerb(wanted, verbs.flatMap(v => [v.id, v.word]));
    if (verb) {
      const id = verbs.find(v => v.id === verb.verb || v.word === verb.verb)!.id;
      return rank(splitReference(verb.rest).name, actionEntries(app, cluster, id, verb.rest, objects.found, t(`actions.${id}`)));
    }
    if (wanted.trim() === '') return rank('', fixed.filter(f => f.group !== 'namespace'));
    const reference = splitReference(wanted.trim());
    return rank(reference.kind ? reference.name : wanted, [...(reference.kind ? [] : fixed), ...objectEntries(cluster, objects.found, reference.kind)]);
  };
  // oxlint-disable-next-line react-hooks/exhaustive-deps -- the lists are mutable; their version says when they changed
  const results = useMemo(() => search(asked), [asked, fixed, objects.version, verbs]);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => { list.current?.querySelector('.at')?.scrollIntoView({ block: 'nearest' }); }, [at]);

  const choose = (r: Ranked<Entry> | undefined, apart: boolean): void => { if (r) { onClose(); r.candidate.run(app, apart); } };
  const onKey = (e: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[e.key];
    if (step !== undefined) setAt(a => Math.max(0, Math.min(results.length - 1, a + step)));
    // The list may still be that of the text before: whoever types fast means what is typed.
    else if (e.key === 'Enter') choose((text === asked ? results : search(text))[at], e.ctrlKey || e.metaKey);
    else if (e.key === 'Tab' && results[at]) setText(results[at].candidate.title);
    else return;
    e.preventDefault();
  };
  return (
    <Dialog open onClose={onClose} transitionDuration={0} slotProps={{ paper: { className: 'palette' } }} aria-label={t('palette.title')}>
      <div className="palette-box"><Icon name="search" />
        <input autoFocus value={text} spellCheck={false} placeholder={t('palette.placeholder')} aria-label={t('palette.title')} role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={results[at] ? `palette-${at}` : undefined} onChange={e => { setText(e.target.value); setAt(0); }} onKeyDown={onKey} />
      </div>
      <ul id="palette-list" ref={list} role="listbox" className="palette-list">
        {results.map((r, i) => {
          const head = asked.trim() === '' && r.candidate.group !== results[i - 1]?.candidate.group ? r.candidate.group : undefined;
          return (
            <li key={r.candidate.id} id={`palette-${i}`} role="option" aria-selected={i === at} className={`palette-row${i === at ? ' at' : ''}`} onMouseMove={() => setAt(i)} onClick={e => choose(r, e.ctrlKey || e.metaKey)}>
              {head ? <span className="palette-head">{t(`palette.groups.${head}`)}</span> : null}
              <span className="palette-line"><Icon name={r.candidate.icon} /><span className={r.candidate.group === 'object' || r.candidate.group === 'action' ? 'mono ellipsis' : 'ellipsis'}><Marked text={r.candidate.title} hits={r.hits} /></span>
                <span className="palette-detail ellipsis">{r.candidate.detail}</span>{r.candidate.keys ? <kbd>{r.candidate.keys}</kbd> : null}</span>
            </li>
          );
        })}
        {results.length === 0 ? <li className="palette-none quiet">{objects.loading ? t('palette.loading') : t('palette.none', { text: asked })}</li> : null}
      </ul>
      <p className="palette-foot quiet"><kbd>↑↓</kbd> {t('palette.move')} <kbd>Enter</kbd> {t('palette.open')} <kbd>Ctrl Enter</kbd> {t('palette.apart')} <span className="spacer" /> {t('palette.examples')}</p>
    </Dialog>
  );
}

function Marked({ text, hits }: { text: string; hits: readonly number[] }) {
  if (hits.length === 0) return <>{text}</>;
  const on = new Set(hits);
  // A letter has no identity but its place.
  // oxlint-disable-next-line react/no-array-index-key
  return <>{[...text].map((c, i) => (on.has(i) ? <mark key={i}>{c}</mark> : c))}</>;
}

interface Found { kind: KindSpec; object: KubeObject }
/** Live lists of the searched kinds while the palette is open; they linger, so that opening it again is instant. */
function useSearched(app: App, cluster: string, kinds: readonly KindSpec[]): { found: Iterable<Found>; version: number; loading: boolean } {
  const [version, setVersion] = useState(0);
  const held = useMemo(() => searched(kinds).map(kind => ({ kind, ...app.stores.acquire<KubeObject>({ cluster, resource: kind }) })), [app, cluster, kinds]);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stops = held.map(h => h.store.subscribe(() => { timer ??= setTimeout(() => { timer = undefined; setVersion(v => v + 1); }, 200); }));
    return () => { clearTimeout(timer); for (const s of stops) s(); for (const h of held) h.release(); };
  }, [held]);
  const found = { *[Symbol.iterator](): Iterator<Found> { for (const { kind, store } of held) for (const object of store.values()) yield { kind, object }; } };
  return { found, version, loading: held.some(h => h.store.freshness.get().state === 'loading') };
}

function* objectEntries(cluster: string, found: Iterable<Found>, kindWord: string | undefined): Iterable<Entry> {
  for (const { kind, object } of found) {
    if (kindWord && !answersTo(kind, kindWord)) continue;
    const { name = '', namespace } = object.metadata ?? {};
    yield { id: `o:${kind.kind}/${namespace ?? ''}/${name}`, group: 'object', title: name, also: namespace ? [namespace] : [], detail: `${kind.kind}${namespace ? ` · ${namespace}` : ''}`, icon: kind.view.icon, bonus: kind.kind === 'ReplicaSet' ? -60 : 0,
      run: app => app.workspace.openObject(targetOf(cluster, kind, namespace, name)) };
  }
}

function* actionEntries(app: App, cluster: string, id: string, rest: string, found: Iterable<Found>, word: string): Iterable<Entry> {
  const { kind: kindWord } = splitReference(rest);
  for (const { kind, object } of found) {
    if (kindWord && !answersTo(kind, kindWord)) continue;
    const action = actionsFor(app, kind, [object]).find(a => a.id === id);
    if (!action) continue;
    const { name = '', namespace } = object.metadata ?? {};
    yield { id: `a:${kind.kind}/${namespace ?? ''}/${name}`, group: 'action', title: name, also: namespace ? [namespace] : [], detail: `${word} · ${kind.kind}${namespace ? ` · ${namespace}` : ''}`, icon: action.icon, keys: action.key,
      run: () => action.run({ app, cluster, kind, objects: [object] }) };
  }
}
const answersTo = (k: KindSpec, word: string): boolean => k.singular === word || k.plural === word || k.shortNames.includes(word) || k.singular.startsWith(word);

function fixedEntries(app: App, cluster: string, kinds: readonly KindSpec[], t: TFunction): Entry[] {
  const { workspace } = app;
  const focus = app.focus.get();
  const out: Entry[] = [];
  if (focus && focus.objects.length > 0) for (const a of actionsFor(app, focus.kind, focus.objects)) {
    const what = focus.objects.length === 1 ? `${focus.kind.singular}/${focus.objects[0]?.metadata?.name}` : t('delete.many', { count: focus.objects.length, kind: focus.kind.plural });
    out.push({ id: `f:${a.id}`, group: 'action', title: t(`actions.${a.id}`), detail: what, icon: a.icon, keys: a.key, bonus: 20, run: () => a.run({ app, ...focus }) });
  }
  for (const k of kinds.filter(x => x.verbs.includes('list') && !(x.storedAs && x.storedAs.group !== x.group))) out.push({
    id: `k:${pageOf(k)}`, group: 'kind', title: pluralTitle(k), also: [...k.shortNames, k.singular, k.plural], detail: k.group || undefined, icon: k.view.icon, bonus: shownKinds([k]).length > 0 ? 10 : 0,
    run: (_, apart) => workspace.show(pageOf(k), { cluster, apart }),
  });
  const command = (id: string, icon: string, run: () => void, keys?: string): void => { out.push({ id: `c:${id}`, group: 'command', title: t(`commands.${id}`), icon, keys, run }); };
  command('overview', 'overview', () => workspace.show('overview'), 'g o');
  command('tree', 'tree', () => workspace.layout({ treeOpen: !workspace.get().layout.treeOpen }));
  command('dock', 'dock', () => workspace.layout({ dockOpen: !workspace.get().layout.dockOpen }), 'Ctrl `');
  command('density', 'columns', () => workspace.update(w => ({ ...w, density: w.density === 'dense' ? 'comfortable' : 'dense' })));
  for (const theme of ['system', 'light', 'dark', 'contrast'] as const) command(`theme.${theme}`, 'sun', () => chooseTheme(theme));
  for (const f of app.features) for (const c of f.commands?.(app) ?? []) out.push({ id: `c:${c.id}`, group: 'command', title: c.title, detail: c.hint, icon: c.icon, keys: c.keys, run: () => c.run(app) });
  for (const c of app.connection.host.get()?.clusters ?? []) out.push({ id: `x:${c.id}`, group: 'cluster', title: c.name, detail: c.server, icon: 'wheel', run: (_, apart) => workspace.show(workspace.tab.page, { cluster: c.id, apart }) });
  return out;
}
