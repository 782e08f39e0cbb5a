// Who writes into a merged log: one line per container with its colour and what it is doing; each can be left out.
import Popover from '@mui/material/Popover';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../kit/Icon.tsx';
import { StatusShape, type Level } from '../../kit/StatusPill.tsx';
import type { Source } from './log-session.ts';

const LEVEL: Record<Source['state'], Level> = { open: 'good', waiting: 'busy', ended: 'none', gone: 'none', failed: 'warning', queued: 'busy' };

export function Sources({ sources, hidden, onHidden }: { sources: readonly Source[]; hidden: ReadonlySet<number>; onHidden(h: ReadonlySet<number>): void }) {
  const { t } = useTranslation();
  const [at, setAt] = useState<HTMLElement | null>(null);
  const open = sources.filter(s => s.state === 'open').length;
  const flip = (i: number): void => {
    const next = new Set(hidden);
    if (!next.delete(i)) next.add(i);
    onHidden(next);
  };
  return (
    <>
      <button type="button" className="logs-toggle logs-sources" data-testid="log-sources" aria-haspopup="true" aria-expanded={at !== null} onClick={e => setAt(e.currentTarget)}>
        <StatusShape level={open > 0 ? 'good' : sources.length > 0 ? 'none' : 'busy'} />{t('logs.sources', { open, count: sources.length })}{hidden.size > 0 ? ` · ${t('logs.left', { count: hidden.size })}` : ''}<Icon name="down" size={12} />
      </button>
      <Popover open={at !== null} anchorEl={at} onClose={() => setAt(null)} anchorOrigin={{ vertical: 'top', horizontal: 'right' }} transformOrigin={{ vertical: 'bottom', horizontal: 'right' }} transitionDuration={80} slotProps={{ paper: { className: 'float-paper' } }}>
        <ul className="logs-source-list">
          {sources.map(s => (
            <li key={s.index}><label>
              <input type="checkbox" checked={!hidden.has(s.index)} onChange={() => flip(s.index)} />
              <span className="logs-swatch" style={{ background: `var(--log${(s.index % 8) + 1})` }} />
              <span className="mono ellipsis" title={s.pod}>{s.pod}</span><span className="mono quiet">{s.container}</span>
              <span className="spacer" /><StatusShape level={LEVEL[s.state]} /><span className="quiet" title={s.why}>{t(`logs.states.${s.state}`)}</span>
            </label></li>
          ))}
        </ul>
        {hidden.size > 0 ? <button type="button" className="link-button logs-all-again" onClick={() => onHidden(new Set())}>{t('logs.showAll')}</button> : null}
      </Popover>
    </>
  );
}
