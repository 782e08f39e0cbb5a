// From which ordinal on a stateful set takes the new revision.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { MERGE_PATCH, patchAll, patchCommand } from '../../app/deeds.ts';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';

export function PartitionDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const set = c.objects[0] as StatefulSet;
  const name = set.metadata?.name ?? '', start = set.spec?.ordinals?.start ?? 0, replicas = set.spec?.replicas ?? 1;
  const [text, setText] = useState(String(set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0));
  const valid = /^\d{1,6}$/.test(text), partition = Number(text);
  const body = { spec: { updateStrategy: { rollingUpdate: { partition: valid ? partition : text } } } };
  const command = patchCommand(c, body);
  const updated = Math.max(0, replicas - partition);
  return (
    <ConfirmDialog title={t('members.partitionTitle', { name })} deed={t('members.partitionDeed', { partition: text || '…' })} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await patchAll(c, body, MERGE_PATCH);
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('members.partitionDone', { name, partition }), kubectl: command });
      }}>
      <label className="field"><span>{t('members.partitionField')}</span><input className="input" inputMode="numeric" autoFocus value={text} onFocus={e => e.target.select()} onChange={e => setText(e.target.value.trim())} /></label>
      {valid ? <p className="quiet" role="status">{updated === 0 ? t('members.partitionNone') : partition === 0 ? t('members.partitionAll') : t('members.partitionText', { count: updated, first: `${name}-${start + partition}`, last: `${name}-${start + replicas - 1}` })}</p> : null}
    </ConfirmDialog>
  );
}
