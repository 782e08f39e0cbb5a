// The dock below: logs, terminals, editors, rollouts, each a tab a feature has opened; two of them side by side when split. Hidden
// tabs stay alive. On a tab: arrows choose, with Ctrl they move it, Delete closes it.
import { Suspense, useRef, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../base/store.ts';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { Loading, StateMessage } from '../kit/states.tsx';
import { useApp } from './context.ts';
import { Fence } from './Fence.tsx';
import { Splitter } from './Splitter.tsx';

export function Dock() {
  const { workspace, features } = useApp();
  const { t } = useTranslation();
  const { dock, dockActive, dockAside, layout } = useStore(workspace);
  const dragged = useRef<string>(undefined);
  const views = Object.assign({}, ...features.map(f => f.dockViews ?? {})) as NonNullable<(typeof features)[number]['dockViews']>;
  const split = dockAside !== undefined && dock.length > 1;
  const seen = (id: string): boolean => id === dockActive || (split && id === dockAside);
  const focusTab = (id: string | undefined): void => { if (id !== undefined) setTimeout(() => document.getElementById(`tab-${id}`)?.focus(), 0); };
  const onKey = (e: KeyboardEvent, id: string): void => {
    const at = dock.findIndex(d => d.id === id);
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -dock.length, End: dock.length }[e.key];
    if (step !== undefined && (e.ctrlKey || e.metaKey)) { workspace.moveDock(id, step); focusTab(id); }
    else if (step !== undefined) {
      const next = dock[Math.max(0, Math.min(dock.length - 1, at + step))];
      if (next) { workspace.showDock(next.id); focusTab(next.id); }
    } else if (e.key === 'Delete' || e.key === 'Backspace') { workspace.closeDock(id); focusTab(workspace.get().dockActive); if (dock.length === 1) document.querySelector<HTMLElement>('.table')?.focus(); }
    else if (e.key === 'Enter' || e.key === ' ' || e.key === 'ArrowDown') { workspace.showDock(id); intoPanel(id); }
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return (
    <section className="dock" aria-label={t('dock.title')}>
      <div className="dock-tabs" role="tablist" aria-label={t('dock.title')}>
        {dock.map((d, i) => (
          <div key={d.id} className={`dock-tab${seen(d.id) ? ' active' : ''}`} role="presentation" draggable onDragStart={() => { dragged.current = d.id; }} onDragEnd={() => { dragged.current = undefined; }}
            onDragOver={e => { if (dragged.current !== undefined) e.preventDefault(); }} onDrop={e => { if (dragged.current === undefined) return; e.preventDefault(); workspace.moveDock(dragged.current, i - dock.findIndex(x => x.id === dragged.current)); }}
            onAuxClick={e => { if (e.button === 1) workspace.closeDock(d.id); }}>
            <button type="button" role="tab" id={`tab-${d.id}`} tabIndex={d.id === dockActive ? 0 : -1} aria-selected={seen(d.id)} aria-controls={`panel-${d.id}`} onKeyDown={e => onKey(e, d.id)} onClick={() => workspace.showDock(d.id)}><Icon name={d.icon} size={14} /><span className="ellipsis">{d.title}</span></button>
            <button type="button" className="tab-close" tabIndex={-1} aria-label={t('dock.close', { title: d.title })} onClick={() => workspace.closeDock(d.id)}><Icon name="close" size={12} /></button>
          </div>
        ))}
        <span className="spacer" />
        <IconButton icon="split" label={t(split ? 'dock.join' : 'dock.split')} keys="Ctrl \\" pressed={split} disabled={dock.length < 2} onClick={() => workspace.splitDock()} />
        <IconButton icon="down" label={t('dock.hide')} keys="Ctrl `" onClick={() => workspace.layout({ dockOpen: false })} />
      </div>
      <div className="dock-panels" hidden={dock.length === 0}>
        {dock.map(d => {
          const View = views[d.view];
          const aside = split && d.id === dockAside;
          return (
            <div key={d.id} className="dock-panel" role="tabpanel" id={`panel-${d.id}`} aria-labelledby={`tab-${d.id}`} hidden={!seen(d.id)} style={aside ? { order: 3, flex: `0 1 ${layout.aside}px` } : undefined}>
              <Fence><Suspense fallback={<Loading rows={6} />}>{View ? <View id={d.id} props={d.props} active={seen(d.id)} /> : <StateMessage title={t('dock.unknown')} />}</Suspense></Fence>
            </div>
          );
        })}
        {split ? <div className="dock-between"><Splitter axis="x" after value={layout.aside} min={200} max={2000} label={t('dock.resize')} onChange={aside => workspace.layout({ aside })} /></div> : null}
      </div>
      {dock.length === 0 ? <StateMessage icon="dock" title={t('dock.empty')} text={t('dock.emptyText')} /> : null}
    </section>
  );
}

/** Moves the focus from a tab into its view: an editor or a terminal first, else the first thing that takes it. */
function intoPanel(id: string): void {
  const panel = document.getElementById(`panel-${id}`);
  (panel?.querySelector<HTMLElement>('.xterm textarea, .monaco-editor .native-edit-context, .monaco-editor textarea') ?? panel?.querySelector<HTMLElement>('button:not([disabled]), a[href], input, [tabindex="0"]'))?.focus();
}
