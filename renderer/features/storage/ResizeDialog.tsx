// A larger size for a claim; volumes never shrink.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { compareQuantity, quantityError } from '../../../core/api/meta/quantity.ts';
import type { PersistentVolumeClaim } from '../../../core/api/types/kubernetes.ts';
import { MERGE_PATCH, patchAll, patchCommand } from '../../app/deeds.ts';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';

export function ResizeDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const claim = c.objects[0] as PersistentVolumeClaim;
  const name = claim.metadata?.name ?? '', now = claim.spec?.resources?.requests?.storage ?? '0';
  const [size, setSize] = useState(now);
  const valid = size !== '' && quantityError(size) === undefined && compareQuantity(size, now) > 0;
  const body = { spec: { resources: { requests: { storage: size } } } };
  const command = patchCommand(c, body);
  return (
    <ConfirmDialog title={t('claim.resizeTitle', { name })} deed={t('claim.resizeDeed', { size: valid ? size : '…' })} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await patchAll(c, body, MERGE_PATCH);
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('claim.resized', { name, size }), kubectl: command });
      }}>
      <label className="field"><span>{t('claim.newSize', { now })}</span><input className="input mono" autoFocus spellCheck={false} autoComplete="off" value={size} onFocus={e => e.target.select()} onChange={e => setSize(e.target.value.trim())} /></label>
      {valid || size === now ? null : <p className="quiet" role="alert">{t('claim.sizeRule', { now })}</p>}
    </ConfirmDialog>
  );
}
