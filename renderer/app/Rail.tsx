// The left edge: clusters, help, theme.
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import Tooltip from '@mui/material/Tooltip';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { usePart, useStore } from '../base/store.ts';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { chooseTheme, themeChoice } from '../theme/theme.ts';
import { AddCluster } from './AddCluster.tsx';
import { useApp } from './context.ts';

export function Rail({ onPalette, onKeys }: { onPalette(): void; onKeys(): void }) {
  const app = useApp();
  const { t } = useTranslation();
  const host = useStore(app.connection.host);
  const cluster = usePart(app.workspace, w => w.tabs.find(x => x.id === w.active)?.cluster);
  const theme = useStore(themeChoice);
  const [menu, setMenu] = useState<Element | null>(null);
  return (
    <aside className="rail" aria-label={t('rail.clusters')}>
      {host?.clusters.map(c => (
        <Tooltip key={c.id} placement="right" title={<><b>{c.name}</b><br />{c.server}</>}>
          <button type="button" className={`rail-cluster${c.id === cluster ? ' active' : ''}${c.protected ? ' is-protected' : ''}`} aria-current={c.id === cluster} aria-label={c.name} onClick={e => app.workspace.show(app.workspace.tab.page, { cluster: c.id, apart: e.ctrlKey || e.metaKey })}>
            {c.origin === 'embedded' ? <Icon name="wheel" size={20} /> : initials(c.name)}
          </button>
        </Tooltip>
      ))}
      {host?.calls.has('kubeconfig.add') ? <IconButton icon="plus" label={t('rail.add')} onClick={() => app.openDialog(close => <AddCluster close={close} />)} /> : null}
      <span className="spacer" />
      <IconButton icon="search" label={t('palette.title')} keys="Ctrl K" onClick={onPalette} />
      <IconButton icon="help" label={t('keys.title')} keys="?" onClick={onKeys} />
      <IconButton icon="sun" label={t('rail.theme')} onClick={e => setMenu(e.currentTarget)} />
      <Menu anchorEl={menu} open={menu !== null} onClose={() => setMenu(null)}>
        {(['system', 'light', 'dark', 'contrast'] as const).map(x => <MenuItem key={x} selected={x === theme} onClick={() => { chooseTheme(x); setMenu(null); }}>{t(`commands.theme.${x}`)}</MenuItem>)}
      </Menu>
    </aside>
  );
}
const initials = (name: string): string => name.split(/[^A-Za-z0-9]+/).filter(p => p !== '').slice(0, 2).map(p => p[0]!.toUpperCase()).join('') || '?';
