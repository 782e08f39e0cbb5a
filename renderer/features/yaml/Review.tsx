// What applying will do, object by object, as the server's dry run has it; conflicts with both sides; then the deed.
import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Level } from '../../kit/StatusPill.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { KubectlCommand } from '../../kit/KubectlCommand.tsx';
import { labelOf, type Planned } from './apply.ts';
import { Diff, Shown } from './Editor.tsx';
import { toText } from './documents.ts';

const LEVEL: Record<Planned['verb'], Level> = { create: 'good', change: 'busy', nothing: 'none', failed: 'bad' };

interface Props { planned: readonly Planned[]; busy: boolean; command: string; onApply(): void; onBack(): void; onTheirs(p: Planned): void; onMine(p: Planned): void; onGoTo(p: Planned): void }

export function Review({ planned, busy, command, onApply, onBack, onTheirs, onMine, onGoTo }: Props) {
  const { t } = useTranslation();
  const [at, setAt] = useState(() => Math.max(0, planned.findIndex(p => p.verb === 'failed')));
  const p = planned[at] ?? planned[0];
  const count = planned.filter(x => x.verb === 'create' || x.verb === 'change').length;
  const failed = planned.some(x => x.verb === 'failed');
  if (!p) return null;
  const left = p.live ? toText(p.live) : '';
  const right = p.result ? toText(p.result) : toText(p.doc.object);
  return (
    <div className="yaml-review" data-testid="yaml-review">
      <div className="yaml-review-main">
        {planned.length > 1 ? (
          <ul className="yaml-plan" aria-label={t('yaml.plan')}>
            {planned.map((x, i) => <li key={`${labelOf(x)}${x.namespace}${x.doc.line}`}><button type="button" className={i === at ? 'at' : undefined} onClick={() => setAt(i)}><StatusShape level={LEVEL[x.verb]} /><span className="mono ellipsis" title={labelOf(x)}>{labelOf(x)}</span><span className="quiet">{t(`yaml.verbs.${x.verb}`)}</span></button></li>)}
          </ul>
        ) : null}
        <div className="yaml-review-one">
          <p className="yaml-review-head"><StatusShape level={LEVEL[p.verb]} /><b className="mono ellipsis">{labelOf(p)}</b><span className="quiet">{p.namespace} · {p.conflicts ? t('yaml.verbs.conflict') : t(`yaml.verbs.${p.verb}`)}{p.unchecked ? ` · ${t('yaml.unchecked')}` : ''}</span></p>
          {p.error ? <p className="inline-error" role="alert">{p.error.message} <button type="button" className="link-button" onClick={() => onGoTo(p)}>{t('yaml.goTo')}</button></p> : null}
          {p.conflicts ? (
            <div className="yaml-conflict" role="alert">
              <p>{t('yaml.conflict', { fields: p.conflicts.join(', '), count: p.conflicts.length })}</p>
              <Button variant="outlined" onClick={() => onTheirs(p)}>{t('yaml.theirs')}</Button><Button variant="outlined" onClick={() => onMine(p)}>{t('yaml.mine')}</Button>
            </div>
          ) : null}
          {p.verb === 'nothing' ? <p className="quiet yaml-same">{t('yaml.nothing')}</p> : p.error ? null : p.live ? <><div className="yaml-sides quiet"><span>{t('yaml.now')}</span><span>{t(p.conflicts ? 'yaml.yours' : 'yaml.after')}</span></div><Diff left={left} right={right} label={t('yaml.difference')} /></>
            : <><div className="yaml-sides quiet"><span>{t(p.unchecked ? 'yaml.asWritten' : 'yaml.after')}</span></div><Shown text={right} label={t('yaml.difference')} /></>}
        </div>
      </div>
      <footer className="yaml-foot">
        <KubectlCommand command={command} />
        <Button variant="text" onClick={onBack}>{t('yaml.back')}</Button>
        <Button variant="contained" autoFocus disabled={busy || count === 0 || failed} onClick={onApply} data-testid="yaml-apply">{busy ? t('yaml.applying') : count === 0 ? t('yaml.nothingToDo') : t('yaml.apply', { count })}</Button>
      </footer>
    </div>
  );
}
