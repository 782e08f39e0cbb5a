// Deeds every cluster needs and no page of their own: delete, scale, restart, cordon.
import { t } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { useApp } from '../../app/context.ts';
import { commandsOf, infoOf, MERGE_PATCH, namesOf, patchAll, refs, STRATEGIC_PATCH, tell } from '../../app/deeds.ts';
import type { ActionContext, Feature } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { DeleteDialog } from './DeleteDialog.tsx';

function ScaleDialog({ c, close, done }: { c: ActionContext; close(): void; done: (n: number) => string }) {
  const { t } = useTranslation();
  const { lastCommand, notify } = useApp();
  const object = c.objects[0] as KubeObject & { spec?: { replicas?: number } };
  const [text, setText] = useState(String(object.spec?.replicas ?? 1));
  const replicas = Number(text);
  const valid = /^\d{1,6}$/.test(text);
  const command = commandsOf(c, them => ['scale', ...refs(c.kind, them), `--replicas=${valid ? replicas : '…'}`]);
  return (
    <ConfirmDialog title={t('scale.title', { kind: c.kind.kind, name: object.metadata?.name, count: c.objects.length })} deed={t('scale.deed', { replicas: valid ? replicas : '…' })} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await patchAll(c, { spec: { replicas } }, MERGE_PATCH, 'scale');
        lastCommand.set(command);
        notify({ level: 'good', text: done(replicas), kubectl: command });
      }}>
      <label className="field"><span>{t('scale.replicas')}</span>
        <input className="input" inputMode="numeric" autoFocus value={text} onFocus={e => e.target.select()} onChange={e => setText(e.target.value.trim())}
          onKeyDown={e => { const by = { ArrowUp: 1, ArrowDown: -1 }[e.key]; if (by !== undefined && valid) { e.preventDefault(); setText(String(Math.max(0, replicas + by))); } }} />
      </label>
    </ConfirmDialog>
  );
}

export const basics: Feature = {
  id: 'basics',
  actions: [
    {
      id: 'scale', icon: 'scale', key: 'S', bulk: true,
      kubectl: c => commandsOf(c, them => ['scale', ...refs(c.kind, them), '--replicas=N']),
      run: c => c.app.openDialog(close => <ScaleDialog c={c} close={close} done={replicas => t('scale.done', { names: namesOf(c), replicas })} />),
    },
    {
      id: 'restart', icon: 'restart', key: 'R', bulk: true,
      kubectl: c => commandsOf(c, them => ['rollout', 'restart', ...refs(c.kind, them)]),
      run(c) {
        const command = this.kubectl!(c);
        const at = new Date().toISOString().replace(/\.\d+/, '');
        const work = patchAll(c, { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } }, STRATEGIC_PATCH);
        tell(c, work, t('restart.done', { names: namesOf(c) }), command);
      },
    },
    {
      id: 'cordon', icon: 'cordon', bulk: true,
      kubectl: c => kubectl(infoOf(c), undefined, isCordoned(c.objects[0]) ? 'uncordon' : 'cordon', ...c.objects.map(o => o.metadata?.name ?? '')),
      run(c) {
        const on = !isCordoned(c.objects[0]);
        tell(c, patchAll(c, { spec: { unschedulable: on ? true : null } }, MERGE_PATCH), t(on ? 'cordon.on' : 'cordon.off', { names: namesOf(c) }), this.kubectl!(c));
      },
    },
    {
      id: 'delete', icon: 'trash', key: 'd', bulk: true, danger: true,
      kubectl: c => commandsOf(c, them => ['delete', ...refs(c.kind, them)]),
      run(c) { const command = this.kubectl!(c); c.app.openDialog(close => <DeleteDialog c={c} command={command} close={close} />); },
    },
  ],
};
const isCordoned = (o: KubeObject | undefined): boolean => (o as { spec?: { unschedulable?: boolean } } | undefined)?.spec?.unschedulable === true;
