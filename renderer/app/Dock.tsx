// The dock below: logs, terminals, editors, rollouts, each a tab a feature has opened. Hidden tabs stay alive.
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useStore } from '../base/store.ts';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { Loading, StateMessage } from '../kit/states.tsx';
import { useApp } from './context.ts';
import { Fence } from './Fence.tsx';

export function Dock() {
  const { workspace, features } = useApp();
  const { t } = useTranslation();
  const { dock, dockActive } = useStore(workspace);
  const views = Object.assign({}, ...features.map(f => f.dockViews ?? {})) as NonNullable<(typeof features)[number]['dockViews']>;
  return (
    <section className="dock" aria-label={t('dock.title')}>
      <div className="dock-tabs" role="tablist" aria-label={t('dock.title')}>
        {dock.map(d => (
          <div key={d.id} className={`dock-tab${d.id === dockActive ? ' active' : ''}`} onAuxClick={e => { if (e.button === 1) workspace.closeDock(d.id); }}>
            <button type="button" role="tab" id={`tab-${d.id}`} aria-selected={d.id === dockActive} aria-controls={`panel-${d.id}`} onClick={() => workspace.update(w => ({ ...w, dockActive: d.id }))}><Icon name={d.icon} size={14} /><span className="ellipsis">{d.title}</span></button>
            <button type="button" className="tab-close" aria-label={t('dock.close', { title: d.title })} onClick={() => workspace.closeDock(d.id)}><Icon name="close" size={12} /></button>
          </div>
        ))}
        <span className="spacer" />
        <IconButton icon="down" label={t('dock.hide')} keys="Ctrl `" onClick={() => workspace.layout({ dockOpen: false })} />
      </div>
      {dock.map(d => {
        const View = views[d.view];
        return (
          <div key={d.id} className="dock-panel" role="tabpanel" id={`panel-${d.id}`} aria-labelledby={`tab-${d.id}`} hidden={d.id !== dockActive}>
            <Fence><Suspense fallback={<Loading rows={6} />}>{View ? <View id={d.id} props={d.props} active={d.id === dockActive} /> : <StateMessage title={t('dock.unknown')} />}</Suspense></Fence>
          </div>
        );
      })}
      {dock.length === 0 ? <StateMessage icon="dock" title={t('dock.empty')} text={t('dock.emptyText')} /> : null}
    </section>
  );
}
