// `?`: what works here.
import Dialog from '@mui/material/Dialog';
import { useTranslation } from 'react-i18next';
import { actionsFor } from './actions.ts';
import { useApp } from './context.ts';
import { JUMPS } from './keys.ts';

export function KeySheet({ onClose }: { onClose(): void }) {
  const app = useApp();
  const { t } = useTranslation();
  const focus = app.focus.get();
  const deeds = focus && focus.objects.length > 0 ? actionsFor(app, focus.kind, focus.objects) : app.actions;
  const rows = (list: readonly (readonly [string, string])[]) => list.map(([keys, text]) => <div key={keys + text} className="key-row"><span>{keys.split(' ').map(k => <kbd key={k}>{k}</kbd>)}</span><span>{text}</span></div>);
  return (
    <Dialog open onClose={onClose} transitionDuration={80} slotProps={{ paper: { className: 'key-sheet' } }} aria-labelledby="keys-title">
      <h2 id="keys-title">{t('keys.title')}</h2>
      <div className="key-columns">
        <section><h3>{t('keys.everywhere')}</h3>{rows([['Ctrl K', t('keys.palette')], ['/', t('keys.filter')], ['n', t('keys.namespace')], ['Esc', t('keys.back')], ['Ctrl `', t('keys.dock')], ['Ctrl \\', t('keys.split')], ['Ctrl B', t('keys.tree')], ['F6', t('keys.panes')], ['?', t('keys.sheet')]])}
          <h3>{t('keys.tabs')}</h3>{rows([['← →', t('keys.tabChoose')], ['Ctrl ←', t('keys.tabMove')], ['Delete', t('keys.tabClose')], ['Enter', t('keys.tabInto')]])}</section>
        <section><h3>{focus && focus.objects.length > 0 ? t('keys.deedsOn', { kind: focus.kind.kind }) : t('keys.deeds')}</h3>{rows(deeds.filter(a => a.key).map(a => [a.key!, t(`actions.${a.id}`)] as const))}
          <h3>{t('keys.lists')}</h3>{rows([['↑ ↓', t('keys.move')], ['Home End', t('keys.ends')], ['Enter', t('keys.open')], ['Space', t('keys.choose')], ['Shift ↓', t('keys.range')], ['Ctrl A', t('keys.all')]])}</section>
        <section><h3>{t('keys.jump')}</h3>{rows([['g o', t('tree.overview')], ...Object.entries(JUMPS).map(([k, kind]) => [`g ${k}`, kind] as const)])}</section>
      </div>
    </Dialog>
  );
}
