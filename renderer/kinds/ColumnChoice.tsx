// Which columns a table shows and in which order: click or Enter shows and hides, Shift with the arrows moves.
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';

interface Props {
  columns: readonly { id: string; label: string }[];
  shown: ReadonlySet<string>;
  onShown(id: string, on: boolean): void;
  onMove(id: string, to: number, among: readonly { id: string }[]): void;
  /** Absent when nothing was changed. */
  onReset: (() => void) | undefined;
}

export function ColumnChoice({ columns, shown, onShown, onMove, onReset }: Props) {
  const { t } = useTranslation();
  const [anchor, setAnchor] = useState<Element | null>(null);
  const onKeyDown = (e: KeyboardEvent, id: string, at: number): void => {
    const by = e.shiftKey ? { ArrowUp: -1, ArrowDown: 1 }[e.key] : undefined;
    if (by === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    const to = at + by;
    if (to >= 0 && to < columns.length) onMove(id, to, columns);
  };
  return (
    <>
      <IconButton icon="columns" label={t('list.columns')} onClick={e => setAnchor(e.currentTarget)} />
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {columns.map((c, i) => (
          <MenuItem key={c.id} role="menuitemcheckbox" aria-checked={shown.has(c.id)} aria-disabled={c.id === 'Name' || undefined} onKeyDown={e => onKeyDown(e, c.id, i)} onClick={() => { if (c.id !== 'Name') onShown(c.id, !shown.has(c.id)); }}>
            <span className="menu-check">{shown.has(c.id) ? <Icon name="check" size={14} /> : null}</span>{c.label}
          </MenuItem>
        ))}
        {onReset ? <MenuItem key="reset" className="menu-apart" onClick={() => { onReset(); setAnchor(null); }}><span className="menu-check" />{t('list.columnsReset')}</MenuItem> : null}
        <li className="menu-hint" role="presentation" aria-hidden="true"><kbd>Shift</kbd><kbd>↑</kbd><kbd>↓</kbd> {t('list.columnsMove')}</li>
      </Menu>
    </>
  );
}
