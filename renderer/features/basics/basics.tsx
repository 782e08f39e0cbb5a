// Deeds every cluster needs and no page of their own: delete, scale, restart, cordon.
import { t } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { resourcePath, type KubeObject } from '../../../core/api/meta/object.ts';
import type { ActionContext } from '../../app/feature.ts';
import { useApp } from '../../app/context.ts';
import type { Feature } from '../../app/feature.ts';
import { kubectl, perNamespace, resourceArg } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { DeleteDialog } from './DeleteDialog.tsx';

const infoOf = (c: ActionContext) => c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
const commands = (c: ActionContext, args: (names: string[]) => string[]): string =>
  [...perNamespace(c.objects)].map(([ns, names]) => kubectl(infoOf(c), ns, ...args(names))).join(' && ');
const names = (c: ActionContext): string => c.objects.map(o => o.metadata?.name).join(', ');
const refs = (kind: KindSpec, names: readonly string[]): string[] => names.map(n => resourceArg(kind, n));

/** Sends one patch to each object; the first failure is told and the rest still tried. */
async function patchAll(c: ActionContext, body: unknown, contentType: string, subresource?: string): Promise<void> {
  const results = await Promise.allSettled(c.objects.map(o => c.app.connection.request({
    cluster: c.cluster, method: 'PATCH', path: resourcePath(c.kind, o.metadata?.namespace, o.metadata?.name, subresource), query: { fieldManager: 'pilothouse' }, body, contentType,
  })));
  const failed = results.find(r => r.status === 'rejected');
  if (failed) throw failed.reason;
}
function tell(c: ActionContext, work: Promise<void>, done: string, command: string): void {
  work.then(() => { c.app.notify({ level: 'good', text: done, kubectl: command }); c.app.lastCommand.set(command); },
    (error: unknown) => c.app.notify({ level: 'bad', text: error instanceof Error ? error.message : String(error) }));
}

function ScaleDialog({ c, close, done }: { c: ActionContext; close(): void; done: (n: number) => string }) {
  const { t } = useTranslation();
  const { lastCommand, notify } = useApp();
  const object = c.objects[0] as KubeObject & { spec?: { replicas?: number } };
  const [text, setText] = useState(String(object.spec?.replicas ?? 1));
  const replicas = Number(text);
  const valid = /^\d{1,6}$/.test(text);
  const command = commands(c, them => ['scale', ...refs(c.kind, them), `--replicas=${valid ? replicas : '…'}`]);
  return (
    <ConfirmDialog title={t('scale.title', { kind: c.kind.kind, name: object.metadata?.name, count: c.objects.length })} deed={t('scale.deed', { replicas: valid ? replicas : '…' })} kubectl={command} field disabled={!valid} onClose={close}
      onConfirm={async () => {
        await patchAll(c, { spec: { replicas } }, 'application/merge-patch+json', 'scale');
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
      kubectl: c => commands(c, them => ['scale', ...refs(c.kind, them), '--replicas=N']),
      run: c => c.app.openDialog(close => <ScaleDialog c={c} close={close} done={replicas => t('scale.done', { names: names(c), replicas })} />),
    },
    {
      id: 'restart', icon: 'restart', key: 'R', bulk: true,
      kubectl: c => commands(c, them => ['rollout', 'restart', ...refs(c.kind, them)]),
      run(c) {
        const command = this.kubectl!(c);
        const at = new Date().toISOString().replace(/\.\d+/, '');
        const work = patchAll(c, { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': at } } } } }, 'application/strategic-merge-patch+json');
        tell(c, work, t('restart.done', { names: names(c) }), command);
      },
    },
    {
      id: 'cordon', icon: 'cordon', bulk: true,
      kubectl: c => kubectl(infoOf(c), undefined, isCordoned(c.objects[0]) ? 'uncordon' : 'cordon', ...c.objects.map(o => o.metadata?.name ?? '')),
      run(c) {
        const on = !isCordoned(c.objects[0]);
        tell(c, patchAll(c, { spec: { unschedulable: on ? true : null } }, 'application/merge-patch+json'), t(on ? 'cordon.on' : 'cordon.off', { names: names(c) }), this.kubectl!(c));
      },
    },
    {
      id: 'delete', icon: 'trash', key: 'd', bulk: true, danger: true,
      kubectl: c => commands(c, them => ['delete', ...refs(c.kind, them)]),
      run(c) { const command = this.kubectl!(c); c.app.openDialog(close => <DeleteDialog c={c} command={command} close={close} />); },
    },
  ],
};
const isCordoned = (o: KubeObject | undefined): boolean => (o as { spec?: { unschedulable?: boolean } } | undefined)?.spec?.unschedulable === true;
