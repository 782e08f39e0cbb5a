// Runs a cron job now: a job of its template under a name of one's own.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { resourcePath } from '../../../core/api/meta/object.ts';
import type { CronJob } from '../../../core/api/types/kubernetes.ts';
import { infoOf } from '../../app/deeds.ts';
import type { ActionContext } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { manualJob, manualName } from './next-runs.ts';

const JOB = kindFor('batch', 'v1', 'jobs')!;

export function RunDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const cron = c.objects[0] as CronJob;
  const own = cron.metadata?.name ?? '', namespace = cron.metadata?.namespace;
  const [name, setName] = useState(() => manualName(own, crypto.randomUUID().slice(0, 5)));
  const command = kubectl(infoOf(c), namespace, 'create', 'job', name || '…', `--from=cronjob/${own}`);
  return (
    <ConfirmDialog title={t('schedule.runTitle', { name: own })} deed={t('schedule.runDeed')} kubectl={command} field disabled={!/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(name)} onClose={close}
      onConfirm={async () => {
        await c.app.connection.request({ cluster: c.cluster, method: 'POST', path: resourcePath(JOB, namespace), query: { fieldManager: 'pilothouse' }, body: manualJob(cron, name) });
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('schedule.started', { name }), kubectl: command });
      }}>
      <p className="quiet">{t(cron.status?.active?.length ? 'schedule.runBeside' : 'schedule.runText', { count: cron.status?.active?.length ?? 0 })}</p>
      <label className="field"><span>{t('schedule.jobName')}</span><input className="input mono" autoFocus spellCheck={false} autoComplete="off" value={name} onFocus={e => e.target.select()} onChange={e => setName(e.target.value.trim())} /></label>
    </ConfirmDialog>
  );
}
