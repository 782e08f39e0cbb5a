// The history: every revision with its images, the cause it was made for and its pods; two can be chosen to compare, any to go back to.
import { useTranslation } from 'react-i18next';
import { Age } from '../../kit/Age.tsx';
import type { Revision } from './revisions.ts';

interface Props { revisions: readonly Revision[]; chosen: readonly number[]; flip(n: number): void; undo?(r: Revision): void }

export function RevisionTable({ revisions, chosen, flip, undo }: Props) {
  const { t } = useTranslation();
  if (revisions.length === 0) return <p className="quiet">{t('rollouts.none')}</p>;
  return (
    <table className="rollout-table">
      <thead><tr><th aria-label={t('rollouts.compare')} /><th>{t('rollouts.revision')}</th><th>{t('rollouts.images')}</th><th>{t('rollout.cause')}</th><th className="num">{t('rollouts.podsHead')}</th><th className="num">{t('rollouts.age')}</th><th aria-label={t('rollouts.goBack')} /></tr></thead>
      <tbody>{revisions.map(r => (
        <tr key={r.number} className={chosen.includes(r.number) ? 'at' : undefined} data-revision={r.number}>
          <td><input type="checkbox" checked={chosen.includes(r.number)} onChange={() => flip(r.number)} aria-label={t('rollouts.compareOne', { revision: r.number })} /></td>
          <td><b>{r.number}</b>{r.current ? <span className="tag">{t('rollouts.current')}</span> : null}</td>
          <td className="mono" title={r.images.join('\n')}>{r.images.join(', ')}</td>
          <td className={r.cause ? 'cause' : 'cause quiet'} title={r.cause}>{r.cause ?? '–'}</td>
          <td className="num">{r.replicas > 0 ? `${r.ready}/${r.replicas}` : '0'}</td>
          <td className="num"><Age at={r.keeper.metadata?.creationTimestamp} /></td>
          <td className="deed">{r.current || !undo ? null : <button type="button" className="link-button" aria-label={t('rollouts.goBackTo', { revision: r.number })} onClick={() => undo(r)}>{t('rollouts.goBack')}</button>}</td>
        </tr>
      ))}</tbody>
    </table>
  );
}

/** Older and newer of what is compared: the two chosen, the one chosen and the current, or the last two. */
export function pairOf(revisions: readonly Revision[], chosen: readonly number[]): [Revision, Revision] | undefined {
  const picked = revisions.filter(r => chosen.includes(r.number));
  const current = revisions.find(r => r.current);
  const two = picked.length === 2 ? picked : picked.length === 1 ? [picked[0]!, picked[0] === current ? revisions[revisions.indexOf(picked[0]!) + 1] : current] : revisions.slice(0, 2);
  const [a, b] = two;
  return a && b ? (a.number < b.number ? [a, b] : [b, a]) : undefined;
}
