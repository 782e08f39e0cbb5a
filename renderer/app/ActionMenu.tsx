// What can be done to some objects, each with its key; the kubectl command of the chosen line at the foot.
import Divider from '@mui/material/Divider';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { Icon } from '../kit/Icon.tsx';
import { actionsFor } from './actions.ts';
import { useApp } from './context.ts';

interface Props { cluster: string; kind: KindSpec; objects: readonly KubeObject[]; at: { x: number; y: number }; onOpen?(): void; onClose(): void }

export function ActionMenu({ cluster, kind, objects, at, onOpen, onClose }: Props) {
  const app = useApp();
  const { t } = useTranslation();
  const [command, setCommand] = useState<string>();
  const context = { app, cluster, kind, objects };
  const actions = actionsFor(app, kind, objects);
  const name = objects.length === 1 ? objects[0]?.metadata?.name ?? '' : '';
  const copy = (text: string): void => {
    navigator.clipboard.writeText(text).then(() => app.lastCommand.set(text), (e: unknown) => app.notify({ level: 'bad', text: String(e) }));
    onClose();
  };
  return (
    <Menu open onClose={onClose} anchorReference="anchorPosition" anchorPosition={{ left: at.x, top: at.y }}>
      {onOpen && objects.length === 1 ? <MenuItem onClick={() => { onClose(); onOpen(); }}><Icon name="drawer" /><span className="menu-label">{t('actions.open')}</span><kbd>Enter</kbd></MenuItem> : null}
      {actions.filter(a => !a.danger).map(a => (
        <MenuItem key={a.id} onMouseEnter={() => setCommand(a.kubectl?.(context))} onFocus={() => setCommand(a.kubectl?.(context))} onClick={() => { onClose(); a.run(context); }}>
          <Icon name={a.icon} /><span className="menu-label">{t(`actions.${a.id}`)}</span>{a.key ? <kbd>{a.key}</kbd> : null}
        </MenuItem>
      ))}
      <MenuItem onClick={() => copy(name || objects.map(o => o.metadata?.name).join(' '))}><Icon name="copy" /><span className="menu-label">{t('actions.copyName', { count: objects.length })}</span></MenuItem>
      {command ? <MenuItem onClick={() => copy(command)}><Icon name="shell" /><span className="menu-label mono ellipsis menu-command">{command}</span></MenuItem> : null}
      {actions.some(a => a.danger) ? <Divider /> : null}
      {actions.filter(a => a.danger).map(a => <MenuItem key={a.id} className="danger-item" onMouseEnter={() => setCommand(a.kubectl?.(context))} onClick={() => { onClose(); a.run(context); }}><Icon name={a.icon} /><span className="menu-label">{t(`actions.${a.id}`)}</span>{a.key ? <kbd>{a.key}</kbd> : null}</MenuItem>)}
    </Menu>
  );
}
