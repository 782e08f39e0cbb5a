// Asks before going back to an earlier revision, with what that changes in the pods.
import { useTranslation } from 'react-i18next';
import { stringify } from 'yaml';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { resourcePath } from '../../../core/api/meta/object.ts';
import type { Deployment } from '../../../core/api/types/kubernetes.ts';
import type { App } from '../../app/feature.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { LineDiff } from './LineDiff.tsx';
import { undoPatch, type Revision } from './revisions.ts';
import type { Workload } from './target.ts';

interface Props { app: App; cluster: string; kind: KindSpec; workload: Workload; revision: Revision; close(): void }

export function UndoDialog({ app, cluster, kind, workload, revision, close }: Props) {
  const { t } = useTranslation();
  const name = workload.metadata?.name ?? '', ns = workload.metadata?.namespace;
  const info = app.connection.host.get()?.clusters.find(i => i.id === cluster);
  const command = kubectl(info, ns, 'rollout', 'undo', resourceArg(kind, name), `--to-revision=${revision.number}`);
  const paused = (workload as Deployment).spec?.paused === true;
  return (
    <ConfirmDialog title={t('rollouts.undoTitle', { name, revision: revision.number })} deed={t('rollouts.undoDeed', { revision: revision.number })} kubectl={command} disabled={paused} onClose={close}
      onConfirm={async () => {
        await app.connection.request({ cluster, method: 'PATCH', path: resourcePath(kind, ns, name), query: { fieldManager: 'pilothouse' }, contentType: 'application/json-patch+json', body: undoPatch(workload, revision) });
        app.lastCommand.set(command);
        app.notify({ level: 'good', text: t('rollouts.undone', { name, revision: revision.number }), kubectl: command });
      }}>
      <p className="quiet">{paused ? t('rollouts.undoPaused') : revision.cause ? `${t('rollout.cause')}: ${revision.cause}` : t('rollouts.undoText')}</p>
      <LineDiff before={templateText(workload.spec?.template)} after={templateText(revision.template)} />
    </ConfirmDialog>
  );
}

export const templateText = (template: unknown): string => stringify(sorted(template), { lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false }).trimEnd();
const sorted = (v: unknown): unknown => (Array.isArray(v) ? v.map(sorted) : typeof v === 'object' && v !== null ? Object.fromEntries(Object.entries(v).filter(([k, x]) => k !== 'creationTimestamp' || x !== null).sort(([a], [b]) => (a === 'name' ? -1 : b === 'name' ? 1 : a.localeCompare(b))).map(([k, x]) => [k, sorted(x)])) : v);
