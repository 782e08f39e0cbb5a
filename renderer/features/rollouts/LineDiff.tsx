// Two texts as one: what goes, what comes, and enough around it to know where.
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { hunks, lineDiff } from './line-diff.ts';
import './rollouts.css';

export function LineDiff({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation();
  const shown = useMemo(() => hunks(lineDiff(before, after)), [before, after]);
  if (before === after) return <p className="quiet line-diff-same">{t('rollouts.same')}</p>;
  return (
    <pre className="line-diff" aria-label={t('yaml.difference')} data-testid="line-diff">
      {/* oxlint-disable-next-line react/no-array-index-key -- lines of one unchanging text */}
      {shown.map((l, i) => (l === null ? <span key={i} className="line-gap">···{'\n'}</span> : <span key={i} className={l.sign === '+' ? 'line-in' : l.sign === '-' ? 'line-out' : undefined}>{l.sign} {l.text}{'\n'}</span>))}
    </pre>
  );
}
