// How far a view can be trusted, in one mark: live, catching up, stale since when and why.
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Freshness } from '../../electron/contract/frames.ts';
import { useTicking } from '../base/ticker.ts';
import { clockTime } from './Age.tsx';
import { StatusShape, type Level } from './StatusPill.tsx';
import './kit.css';

const LEVEL: Record<Freshness['state'], Level> = { loading: 'busy', live: 'good', 'catching-up': 'busy', stale: 'warning', forbidden: 'warning', failed: 'bad' };

export const FreshnessMark = memo(function FreshnessMark({ freshness, onRetry }: { freshness: Freshness; onRetry?(): void }) {
  const { t } = useTranslation();
  const wait = useTicking(now => (freshness.retryAt === undefined ? '' : String(Math.max(0, Math.ceil((freshness.retryAt - now) / 1000)))));
  const stale = freshness.state === 'stale' || freshness.state === 'failed';
  const word = t(`freshness.${freshness.state}`, { since: clockTime(freshness.since) });
  return (
    <span className={`freshness freshness-${freshness.state}`} role="status" data-freshness={freshness.state} title={[t(`freshness.explain.${freshness.state}`), freshness.reason].filter(Boolean).join('\n')}>
      <StatusShape level={LEVEL[freshness.state]} />
      <span>{word}</span>
      {stale && wait !== '' ? <span className="quiet">{t('freshness.retryIn', { seconds: wait })}</span> : null}
      {stale && onRetry ? <button type="button" className="link-button" onClick={onRetry}>{t('freshness.retryNow')}</button> : null}
    </span>
  );
});
