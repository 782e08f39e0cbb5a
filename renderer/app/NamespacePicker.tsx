// Which namespaces the lists show: none chosen means all. Type to narrow, Space or click to add, Enter for just one.
import Popover from '@mui/material/Popover';
import { memo, useMemo, useState, type KeyboardEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../core/api/kinds/index.ts';
import { usePart } from '../base/store.ts';
import { useList, useObjects } from '../gateway/hooks.ts';
import { Icon } from '../kit/Icon.tsx';
import { useApp } from './context.ts';

const NAMESPACE = kindFor('', 'v1', 'namespaces')!;
const NONE: readonly string[] = [];

export const NamespacePicker = memo(function NamespacePicker({ cluster }: { cluster: string }) {
  const { workspace } = useApp();
  const { t } = useTranslation();
  // Kept while the button is there: who types at once must not be faster than the list.
  useList({ cluster, resource: NAMESPACE });
  const chosen = usePart(workspace, w => w.namespaces[cluster] ?? NONE);
  const [anchor, setAnchor] = useState<Element | null>(null);
  const label = chosen.length === 0 ? t('namespaces.all') : chosen.length === 1 ? chosen[0]! : t('namespaces.some', { first: chosen[0], count: chosen.length - 1 });
  return (
    <>
      <button type="button" id="namespace-picker" className="picker" aria-haspopup="dialog" aria-expanded={anchor !== null} title={t('namespaces.title')} onClick={e => setAnchor(e.currentTarget)}>
        <Icon name="namespace" size={14} /><span className="ellipsis">{label}</span><Icon name="down" size={12} />
      </button>
      <Popover open={anchor !== null} anchorEl={anchor} onClose={() => setAnchor(null)} anchorOrigin={{ vertical: 'bottom', horizontal: 'left' }} transitionDuration={0} slotProps={{ paper: { className: 'float-paper' } }}>
        <Choice cluster={cluster} chosen={chosen} onChoose={names => workspace.setNamespaces(cluster, names)} onClose={() => setAnchor(null)} />
      </Popover>
    </>
  );
});

function Choice({ cluster, chosen, onChoose, onClose }: { cluster: string; chosen: readonly string[]; onChoose(names: readonly string[]): void; onClose(): void }) {
  const { t } = useTranslation();
  const { items, complete } = useObjects({ cluster, resource: NAMESPACE });
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const names = useMemo(() => [...new Set([...items.map(i => i.metadata?.name ?? ''), ...chosen])].filter(n => n.includes(text.trim().toLowerCase())).sort(), [items, chosen, text]);
  const options = text === '' ? ['', ...names] : names;
  const toggle = (name: string): void => onChoose(name === '' ? [] : chosen.includes(name) ? chosen.filter(c => c !== name) : [...chosen, name]);
  const onKey = (e: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const name = options[Math.min(at, options.length - 1)];
    if (step !== undefined) setAt(a => Math.max(0, Math.min(options.length - 1, a + step)));
    else if (e.key === 'Enter' && (name !== undefined || (text !== '' && complete))) { onChoose(name === '' ? [] : [name ?? text.trim()]); onClose(); }
    else if (e.key === ' ' && name !== undefined && text === '') toggle(name);
    else return;
    e.preventDefault();
  };
  return (
    <div className="choice" role="dialog" aria-label={t('namespaces.title')} onKeyDown={onKey}>
      <input className="input" autoFocus spellCheck={false} value={text} placeholder={t('namespaces.find')} aria-label={t('namespaces.find')} onChange={e => { setText(e.target.value); setAt(0); }} />
      <ul role="listbox" aria-multiselectable="true">
        {options.slice(0, 400).map((n, i) => (
          <li key={n || '*'} role="option" aria-selected={n === '' ? chosen.length === 0 : chosen.includes(n)} className={`choice-row${i === at ? ' at' : ''}`} onMouseMove={() => setAt(i)}
            onClick={e => { if (e.ctrlKey || e.metaKey || (e.target as HTMLElement).closest('.choice-mark')) toggle(n); else { onChoose(n === '' ? [] : [n]); onClose(); } }}>
            <span className="choice-mark">{(n === '' ? chosen.length === 0 : chosen.includes(n)) ? <Icon name="check" size={14} /> : null}</span>
            <span className={n === '' ? undefined : 'mono ellipsis'}>{n === '' ? t('namespaces.all') : n}</span>
          </li>
        ))}
        {options.length === 0 ? <li className="choice-none quiet">{t('namespaces.none', { text })}</li> : null}
      </ul>
      <p className="choice-hint quiet"><kbd>Enter</kbd> {t('namespaces.hintOne')} <kbd>Space</kbd> {t('namespaces.hintAdd')}</p>
    </div>
  );
}
