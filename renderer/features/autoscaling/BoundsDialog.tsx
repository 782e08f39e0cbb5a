// Fewest and most replicas of an autoscaler.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';
import { MERGE_PATCH, patchAll, patchCommand } from '../../app/deeds.ts';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';

export function BoundsDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const h = c.objects[0] as unknown as V2HorizontalPodAutoscaler;
  const [low, setLow] = useState(String(h.spec.minReplicas ?? 1));
  const [high, setHigh] = useState(String(h.spec.maxReplicas));
  const min = Number(low), max = Number(high);
  const whole = /^[1-9]\d{0,5}$/;
  const valid = whole.test(low) && whole.test(high) && min <= max;
  const body = { spec: { minReplicas: min, maxReplicas: max } };
  const command = valid ? patchCommand(c, body) : patchCommand(c, { spec: { minReplicas: low, maxReplicas: high } });
  const name = h.metadata?.name ?? '';
  return (
    <ConfirmDialog title={t('autoscale.boundsTitle', { name })} deed={t('autoscale.boundsDeed', { min: low || '…', max: high || '…' })} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await patchAll(c, body, MERGE_PATCH);
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('autoscale.boundsDone', { name, min, max }), kubectl: command });
      }}>
      <label className="field"><span>{t('autoscale.fewest')}</span><input className="input" inputMode="numeric" autoFocus value={low} onFocus={e => e.target.select()} onChange={e => setLow(e.target.value.trim())} /></label>
      <label className="field"><span>{t('autoscale.most')}</span><input className="input" inputMode="numeric" value={high} onFocus={e => e.target.select()} onChange={e => setHigh(e.target.value.trim())} /></label>
      {valid ? null : <p className="quiet" role="alert">{t('autoscale.boundsRule')}</p>}
    </ConfirmDialog>
  );
}
