// The frame: rail, tree, tabs with the page, drawer, dock, status bar.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePart, useStore } from '../base/store.ts';
import { useKinds } from '../gateway/hooks.ts';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { KubectlCommand } from '../kit/KubectlCommand.tsx';
import { StateMessage } from '../kit/states.tsx';
import { StatusShape } from '../kit/StatusPill.tsx';
import { Detail } from '../kinds/Detail.tsx';
import { ListPage } from '../kinds/ListPage.tsx';
import { pluralTitle } from '../kinds/navigation.ts';
import { useApp } from './context.ts';
import { Dock } from './Dock.tsx';
import type { App } from './feature.ts';
import { Fence } from './Fence.tsx';
import { KeySheet } from './KeySheet.tsx';
import { installKeys } from './keys.ts';
import { Overview } from './Overview.tsx';
import { Palette } from './Palette.tsx';
import { Rail } from './Rail.tsx';
import { Splitter } from './Splitter.tsx';
import { StatusBar } from './StatusBar.tsx';
import { Tree } from './Tree.tsx';
import { pageKind, type Tab } from './workspace.ts';
import './app.css';

export function AppFrame() {
  const app = useApp();
  const { t } = useTranslation();
  const { workspace } = app;
  const w = useStore(workspace);
  const host = useStore(app.connection.host);
  const dialog = useStore(app.dialog);
  const [palette, setPalette] = useState<string>();
  const [sheet, setSheet] = useState(false);
  const [leader, setLeader] = useState(false);
  useEffect(() => installKeys(app, { palette: (start = '') => setPalette(start), sheet: () => setSheet(true), leader: setLeader }), [app]);
  useEffect(() => takeDrops(app), [app]);
  useEffect(() => { document.documentElement.dataset.density = w.density; }, [w.density]);
  const tab = w.tabs.find(x => x.id === w.active) ?? w.tabs[0]!;
  const { layout } = w;
  const drawerKinds = useKinds(w.drawer?.cluster ?? tab.cluster);
  const drawerKind = w.drawer && drawerKinds.find(k => k.group === w.drawer!.group && k.version === w.drawer!.version && k.plural === w.drawer!.plural);
  const cluster = host?.clusters.find(c => c.id === tab.cluster);
  return (
    <div className={`frame${cluster?.protected ? ' frame-protected' : ''}`}>
      <div className="frame-top">
        <Rail onPalette={() => setPalette('')} onKeys={() => setSheet(true)} />
        {layout.treeOpen ? <><div className="tree-hold" style={{ width: layout.tree }}><Tree /></div><Splitter axis="x" value={layout.tree} min={160} max={420} label={t('frame.resizeTree')} onChange={tree => workspace.layout({ tree })} /></> : null}
        <div className="middle">
          <div className="middle-top">
            <main className="main">
              <Tabs tabs={w.tabs} active={tab.id} />
              <Fence resetKey={`${tab.id}${tab.page}${tab.cluster}`}><Page key={`${tab.id}${tab.cluster}${tab.page}`} tab={tab} /></Fence>
            </main>
            {w.drawer ? <><Splitter axis="x" after value={layout.drawer} min={320} max={900} label={t('frame.resizeDrawer')} onChange={drawer => workspace.layout({ drawer })} />
              <div className="drawer-hold" style={{ width: layout.drawer }}><Fence resetKey={JSON.stringify(w.drawer)}>{drawerKind ? <Detail key={JSON.stringify(w.drawer)} target={w.drawer} kind={drawerKind} /> : <StateMessage title={t('drawer.unknownKind')} />}</Fence></div></> : null}
          </div>
          {layout.dockOpen ? <Splitter axis="y" after value={layout.dock} min={120} max={900} label={t('frame.resizeDock')} onChange={dock => workspace.layout({ dock })} /> : null}
          <div className="dock-hold" style={{ height: layout.dock }} hidden={!layout.dockOpen}>{layout.dockOpen || w.dock.length > 0 ? <Dock /> : null}</div>
        </div>
      </div>
      <StatusBar />
      <Notices />
      {leader ? <div className="leader" role="status"><kbd>g</kbd> {t('keys.leader')}</div> : null}
      {palette !== undefined ? <Palette start={palette} onClose={() => setPalette(undefined)} /> : null}
      {sheet ? <KeySheet onClose={() => setSheet(false)} /> : null}
      {dialog}
    </div>
  );
}

/** Files may be dropped anywhere; a browser would otherwise leave the page for them. Returns the way to stop. */
function takeDrops(app: App): () => void {
  const over = (e: DragEvent): void => { if (e.dataTransfer?.types.includes('Files')) e.preventDefault(); };
  const drop = (e: DragEvent): void => {
    if (e.defaultPrevented || !e.dataTransfer?.types.includes('Files')) return;
    e.preventDefault();
    app.features.find(f => f.drop)?.drop?.(app, e.dataTransfer);
  };
  window.addEventListener('dragover', over);
  window.addEventListener('drop', drop);
  return () => { window.removeEventListener('dragover', over); window.removeEventListener('drop', drop); };
}

function Page({ tab }: { tab: Tab }) {
  const app = useApp();
  const { t } = useTranslation();
  const kinds = useKinds(tab.cluster);
  if (tab.page === 'overview') return <Overview cluster={tab.cluster} />;
  const kind = pageKind(tab.page, kinds);
  if (kind) return <ListPage cluster={tab.cluster} kind={kind} />;
  if (tab.page.startsWith('kind:')) return <StateMessage icon="box" title={t('frame.goneKind')} detail={tab.page.slice(5)} text={t('frame.goneKindText')} />;
  const id = tab.page.replace(/^feature:/, '');
  const View = app.features.map(f => f.pages?.[id]).find(p => p !== undefined);
  // oxlint-disable-next-line react/static-components -- looked up in the features, not made here
  return View ? <View cluster={tab.cluster} /> : <StateMessage title={t('frame.unknownPage')} text={tab.page} />;
}

function Tabs({ tabs, active }: { tabs: readonly Tab[]; active: string }) {
  const app = useApp();
  const { t } = useTranslation();
  const clusters = usePart(app.connection.host, h => h?.clusters);
  useKinds(tabs.find(x => x.id === active)?.cluster ?? '');
  if (tabs.length < 2) return null;
  const several = new Set(tabs.map(x => x.cluster)).size > 1;
  return (
    <div className="tabs" role="tablist" aria-label={t('frame.tabs')}>
      {tabs.map(x => {
        const kind = pageKind(x.page, app.clusterKinds.of(x.cluster).get());
        const title = kind ? pluralTitle(kind) : x.page === 'overview' ? t('tree.overview') : t(`pages.${x.page.replace(/^feature:/, '')}`);
        return (
          <div key={x.id} className={`tab${x.id === active ? ' active' : ''}`} onAuxClick={e => { if (e.button === 1) app.workspace.closeTab(x.id); }}>
            <button type="button" role="tab" aria-selected={x.id === active} onClick={() => app.workspace.activate(x.id)}><Icon name={kind?.view.icon ?? 'overview'} size={14} /><span className="ellipsis">{title}{several ? <span className="quiet"> · {clusters?.find(c => c.id === x.cluster)?.name}</span> : null}</span></button>
            <button type="button" className="tab-close" aria-label={t('frame.closeTab', { title })} onClick={() => app.workspace.closeTab(x.id)}><Icon name="close" size={12} /></button>
          </div>
        );
      })}
    </div>
  );
}

function Notices() {
  const app = useApp();
  const { t } = useTranslation();
  const notices = useStore(app.notices);
  return (
    <div className="notices" aria-live="polite">
      {notices.map(n => (
        <div key={n.id} className={`notice notice-${n.level}`} role={n.level === 'bad' ? 'alert' : 'status'}>
          <StatusShape level={n.level} /><div className="notice-in"><p>{n.text}</p>{n.kubectl ? <KubectlCommand command={n.kubectl} /> : null}</div>
          <IconButton icon="close" size={14} label={t('frame.closeNotice')} onClick={() => app.notices.update(list => list.filter(x => x.id !== n.id))} />
        </div>
      ))}
    </div>
  );
}
