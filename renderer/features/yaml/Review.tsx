// What applying will do, object by object, as the server's dry run has it; conflicts with both sides; then the deed.
import Button from '@mui/material/Button';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { Level } from '../../kit/StatusPill.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { Age } from '../../kit/Age.tsx';
import { KubectlCommand } from '../../kit/KubectlCommand.tsx';
import { labelOf, type Contested, type Planned } from './apply.ts';
import { Diff, Shown } from './Editor.tsx';
import { orderLike, toText } from './documents.ts';
import { ownerText } from './problems.ts';

/** Fields shown of a conflict before the rest is only counted. */
const MOST = 20;
const LEVEL: Record<Planned['verb'], Level> = { create: 'good', change: 'busy', nothing: 'none', failed: 'bad' };

interface Props {
  planned: readonly Planned[];
  busy: boolean;
  command: string;
  /** An object is edited, not a manifest applied. */
  edit: boolean;
  onApply(): void;
  /** Asks the server once more, after some of it has been tried. */
  onAgain(): void;
  onBack(): void;
  onTheirs(p: Planned): void;
  onMine(p: Planned): void;
  onGoTo(p: Planned): void;
  /** Writes these documents anew in versions that are served. */
  onUpgrade(list: readonly Planned[]): void;
}

/** The word for a document: how it went, or how it will go. */
const wordOf = (p: Planned): string => (p.done ? `yaml.results.${p.done}` : p.conflicts ? 'yaml.verbs.conflict' : `yaml.verbs.${p.verb}`);
const levelOf = (p: Planned): Level => (p.done === 'created' || p.done === 'changed' ? 'good' : p.done === 'same' ? 'none' : p.conflicts ? 'warning' : LEVEL[p.verb]);

export function Review({ planned, busy, command, edit, onApply, onAgain, onBack, onTheirs, onMine, onGoTo, onUpgrade }: Props) {
  const { t } = useTranslation();
  const [at, setAt] = useState(() => Math.max(0, planned.findIndex(p => p.verb === 'failed')));
  const p = planned[at] ?? planned[0];
  const count = planned.filter(x => x.verb === 'create' || x.verb === 'change').length;
  const leftOut = planned.filter(x => x.verb === 'failed').length;
  const tried = planned.some(x => x.done);
  if (!p) return null;
  const left = p.live ? toText(p.live) : '';
  const after = p.result ?? p.doc.object;
  const right = toText(p.live ? orderLike(after, p.live) as KubeObject : after);
  return (
    <div className="yaml-review" data-testid="yaml-review" onKeyDown={e => { if (e.key === 'Escape') { e.preventDefault(); e.stopPropagation(); onBack(); } }}>
      <div className="yaml-review-main">
        {planned.length > 1 ? (
          <ul className="yaml-plan" aria-label={t(tried ? 'yaml.outcome' : 'yaml.plan')}>
            {planned.map((x, i) => <li key={`${labelOf(x)}${x.namespace}${x.doc.line}`}><button type="button" className={i === at ? 'at' : undefined} aria-current={i === at} onClick={() => setAt(i)}><StatusShape level={levelOf(x)} /><span className="mono ellipsis" title={labelOf(x)}>{labelOf(x)}</span><span className="quiet">{t(wordOf(x))}</span></button></li>)}
          </ul>
        ) : null}
        <div className="yaml-review-one">
          <p className="yaml-review-head"><StatusShape level={levelOf(p)} /><b className="mono ellipsis">{labelOf(p)}</b><span className="quiet">{p.namespace} · {t(wordOf(p))}{p.unchecked ? ` · ${t('yaml.unchecked')}` : ''}</span></p>
          {p.error ? <p className="inline-error" role="alert">{p.error.message} <button type="button" className="link-button" onClick={() => onGoTo(p)}>{t('yaml.goTo')}</button></p> : null}
          {p.removed ? <Removed one={p} all={planned.filter(x => x.upgrade)} onUpgrade={onUpgrade} /> : null}
          {p.conflicts ? (
            <div className="yaml-conflict" role="alert">
              <p>{t(edit ? 'yaml.conflict' : 'yaml.conflictApply', { count: p.conflicts.length })}</p>
              <Contests list={p.conflicts} />
              <Button variant="outlined" onClick={() => onGoTo(p)}>{t('yaml.goTo')}</Button>
              {edit || p.doc.span ? <Button variant="outlined" onClick={() => onTheirs(p)}>{t(edit ? 'yaml.theirs' : 'yaml.leave')}</Button> : null}
              <Button variant="outlined" onClick={() => onMine(p)}>{t(edit ? 'yaml.mine' : 'yaml.takeOver')}</Button>
            </div>
          ) : null}
          {p.taken ? <div className="yaml-conflict" role="status"><p>{t(edit ? 'yaml.taken' : 'yaml.takenApply', { count: p.taken.length })}</p><Contests list={p.taken} /></div> : null}
          {p.verb === 'nothing' ? <p className="quiet yaml-same">{t('yaml.nothing')}</p> : p.upgrade ? <><div className="yaml-sides quiet"><span>{t('yaml.asWritten')}</span><span>{t('yaml.upgraded')}</span></div><Diff left={toText(p.doc.object)} right={toText(orderLike(p.upgrade.object, p.doc.object) as KubeObject)} label={t('yaml.difference')} /></> : p.error ? null : p.live ? <><div className="yaml-sides quiet"><span>{t('yaml.now')}</span><span>{t(!p.conflicts ? 'yaml.after' : edit ? 'yaml.yours' : 'yaml.takenOver')}</span></div><Diff left={left} right={right} label={t('yaml.difference')} /></>
            : <><div className="yaml-sides quiet"><span>{t(p.unchecked ? 'yaml.asWritten' : 'yaml.after')}</span></div><Shown text={right} label={t('yaml.difference')} /></>}
        </div>
      </div>
      <footer className="yaml-foot">
        <KubectlCommand command={command} />
        <Button variant="text" onClick={onBack}>{t('yaml.back')}</Button>
        <Button variant="contained" autoFocus disabled={busy || (!tried && count === 0)} onClick={tried ? onAgain : onApply} data-testid="yaml-apply">{busy ? t('yaml.applying') : tried ? t('yaml.again') : count === 0 ? t('yaml.nothingToDo') : leftOut > 0 ? t('yaml.applySome', { count, of: planned.length }) : t('yaml.apply', { count })}</Button>
      </footer>
    </div>
  );
}

/** A version that is gone: since when, what took its place, what to look at, and the way there. */
function Removed({ one, all, onUpgrade }: { one: Planned; all: readonly Planned[]; onUpgrade(list: readonly Planned[]): void }) {
  const { t } = useTranslation();
  const { apiVersion, kind } = one.doc.object;
  return (
    <div className="yaml-conflict" role="status">
      <p>{t(one.removed?.to ? 'yaml.removed' : 'yaml.removedForGood', { kind, from: apiVersion, to: one.removed?.to, since: `1.${one.removed?.since}` })}</p>
      {one.upgrade && one.upgrade.notes.length > 0 ? <ul>{one.upgrade.notes.map(n => <li key={n}>{t(`yaml.upgradeNote.${n}`)}</li>)}</ul> : null}
      {one.upgrade && one.doc.span ? <Button variant="outlined" onClick={() => onUpgrade([one])} data-testid="yaml-upgrade">{t('yaml.upgrade', { to: one.removed?.to })}</Button> : null}
      {all.length > 1 ? <Button variant="outlined" onClick={() => onUpgrade(all)}>{t('yaml.upgradeAll', { count: all.length })}</Button> : null}
    </div>
  );
}

/** Each field with its owners, and what they and we have in it. */
function Contests({ list }: { list: readonly Contested[] }) {
  const { t } = useTranslation();
  const show = (v: unknown): string => (v === undefined ? t('yaml.absent') : typeof v === 'string' ? v : JSON.stringify(v));
  return (
    <table className="yaml-clashes"><thead><tr><th scope="col">{t('yaml.field')}</th><th scope="col">{t('yaml.owner')}</th><th scope="col">{t('yaml.theirValue')}</th><th scope="col">{t('yaml.yourValue')}</th></tr></thead>
      <tbody>{list.slice(0, MOST).map(c => <tr key={c.path}><th scope="row" className="mono">{c.path}</th><td>{c.owners.length === 0 ? t('yaml.nobody') : c.owners.map((o, i) => <span key={`${o.manager} ${o.operation} ${o.subresource}`}>{i > 0 ? ', ' : ''}<span className="mono">{ownerText(o)}</span>{o.time ? <span className="quiet"> · <Age at={o.time} /></span> : null}</span>)}</td><td className="mono">{show(c.theirs)}</td><td className="mono">{show(c.mine)}</td></tr>)}</tbody>
      {list.length > MOST ? <tfoot><tr><td colSpan={4} className="quiet">{t('yaml.moreFields', { count: list.length - MOST })}</td></tr></tfoot> : null}
    </table>
  );
}
