// Used of what there is, asked of the node again and again while somebody looks.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { wholeOf } from '../../../core/api/meta/quantity.ts';
import type { Pod } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { onTick } from '../../base/ticker.ts';
import { readable } from '../../kinds/sections/allocation.ts';
import { nodeOf, usageOf, type Usage } from './usage.ts';

/** Seconds between questions: a node walks the volume's files to answer. */
const EVERY = 15;
/** Asked again after this where there was no answer yet: nodes measure beside the first question. */
const SOON = 2;

type Answer = { state: 'asking' | 'unmeasured' } | { state: 'known'; usage: Usage } | { state: 'failed'; why: string };

/** `size` is what the claim was given: a volume that is a directory of a larger disk is measured by it. */
export function UsageBar({ cluster, namespace, claim, pods, size }: { cluster: string; namespace: string; claim: string; pods: readonly Pod[]; size: string | undefined }) {
  const { t } = useTranslation();
  const { connection } = useApp();
  const node = nodeOf(pods, claim);
  const [answer, setAnswer] = useState<Answer>({ state: 'asking' });
  useEffect(() => {
    if (node === undefined) return undefined;
    const stop = new AbortController();
    let asking = false, seconds = 0;
    const ask = (): void => {
      if (asking) return;
      asking = true;
      connection.request({ cluster, method: 'GET', path: `/api/v1/nodes/${node}/proxy/stats/summary` }, stop.signal)
        .then(summary => { const usage = usageOf(summary, namespace, claim); if (usage) seconds = 0; else seconds = Math.max(seconds, EVERY - SOON); setAnswer(usage ? { state: 'known', usage } : { state: 'unmeasured' }); return undefined; })
        .catch((e: unknown) => { if (!stop.signal.aborted) setAnswer({ state: 'failed', why: e instanceof Error ? e.message : String(e) }); })
        .finally(() => { asking = false; });
    };
    ask();
    const off = onTick(() => { if (++seconds % EVERY === 0) ask(); });
    return () => { off(); stop.abort(); };
  }, [connection, cluster, node, namespace, claim]);
  if (node === undefined) return <p className="quiet" data-usage="idle">{t('claim.usage.idle')}</p>;
  if (answer.state !== 'known') return <p className="quiet" data-usage={answer.state}>{answer.state === 'failed' ? t('claim.usageFailed', { why: answer.why }) : t(`claim.usage.${answer.state}`)}</p>;
  const { usage: u } = answer;
  const given = size === undefined ? u.capacityBytes : wholeOf(size), shares = given > 0 && u.capacityBytes > 2 * given;
  const whole = shares ? given : u.capacityBytes;
  const part = u.usedBytes / whole, inodes = !shares && u.inodes && u.inodesUsed !== undefined ? u.inodesUsed / u.inodes : undefined;
  return (
    <div className="usage" data-usage="known">
      <span className={`usage-bar${part > 0.95 ? ' over' : part > 0.8 ? ' full' : ''}`}><span style={{ width: `${Math.min(1, part) * 100}%` }} /></span>
      <span><b>{readable('storage', String(u.usedBytes))}</b> <span className="quiet">{t('claim.used', { capacity: readable('storage', String(whole)), percent: Math.round(part * 100) })}{shares ? ` ${t('claim.shares', { disk: readable('storage', String(u.capacityBytes)) })}` : ''}</span></span>
      {inodes && inodes > 0.8 ? <span className="quiet">{t('claim.inodes', { percent: Math.round(inodes * 100) })}</span> : null}
    </div>
  );
}
