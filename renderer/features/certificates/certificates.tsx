// Certificate signing requests are decided here: whoever approves one hands out what it asks for.
import { t } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import { resourcePath, type KubeObject } from '../../../core/api/meta/object.ts';
import { ageText } from '../../../core/api/meta/time.ts';
import type { CertificateSigningRequest } from '../../../core/api/types/kubernetes.ts';
import type { ActionContext, ActionSpec, Feature } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { requested } from './requested.ts';
import './certificates.css';

type Verdict = 'Approved' | 'Denied';
/** No one has decided it yet. */
const isOpen = (o: KubeObject): boolean => !(o as unknown as CertificateSigningRequest).status?.conditions?.some(c => c.type === 'Approved' || c.type === 'Denied');
const isRequest = (kind: KindSpec): boolean => kind.group === 'certificates.k8s.io' && kind.kind === 'CertificateSigningRequest';
const names = (c: ActionContext): string[] => c.objects.map(o => o.metadata?.name ?? '');
const commandOf = (c: ActionContext, verdict: Verdict): string =>
  kubectl(c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster), undefined, 'certificate', verdict === 'Approved' ? 'approve' : 'deny', ...names(c));

/** Writes the verdict on the newest state of each; one that was decided meanwhile is left as it was decided. */
async function decide(c: ActionContext, verdict: Verdict): Promise<void> {
  await Promise.all(c.objects.map(async o => {
    const path = resourcePath(c.kind, undefined, o.metadata?.name);
    const now = await c.app.connection.request<CertificateSigningRequest & KubeObject>({ cluster: c.cluster, method: 'GET', path });
    if (!isOpen(now)) return;
    const condition = { type: verdict, status: 'True', reason: `Pilothouse${verdict === 'Approved' ? 'Approve' : 'Deny'}`, message: t(verdict === 'Approved' ? 'certificates.approveMessage' : 'certificates.denyMessage') };
    const body = { ...now, status: { ...now.status, conditions: [...now.status?.conditions ?? [], condition] } };
    await c.app.connection.request({ cluster: c.cluster, method: 'PUT', path: `${path}/approval`, query: { fieldManager: 'pilothouse' }, body });
  }));
}

function DecideDialog({ c, verdict, close }: { c: ActionContext; verdict: Verdict; close(): void }) {
  const { t } = useTranslation();
  const command = commandOf(c, verdict), word = verdict === 'Approved' ? 'approve' : 'deny';
  return (
    <ConfirmDialog title={t(`certificates.${word}Title`, { count: c.objects.length, name: names(c)[0] })} deed={t(`actions.${word}`)} kubectl={command} onClose={close}
      onConfirm={async () => {
        await decide(c, verdict);
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t(`certificates.${word}Done`, { names: names(c).join(', ') }), kubectl: command });
      }}>
      <p>{t(`certificates.${word}Text`)}</p>
      <ul className="requests">{c.objects.slice(0, 8).map(o => {
        const { spec } = o as unknown as CertificateSigningRequest;
        const wanted = requested(spec?.request);
        const facts: [string, string][] = [
          [t('certificates.subject'), wanted ? wanted.subject.join(', ') : t('certificates.unread')],
          ...(wanted && wanted.names.length > 0 ? [[t('certificates.names'), wanted.names.join(', ')] as [string, string]] : []),
          [t('certificates.usages'), `${spec?.usages?.join(', ') ?? ''}${spec?.expirationSeconds ? ` · ${t('certificates.lasts', { time: ageText(spec.expirationSeconds * 1000) })}` : ''}`],
        ];
        return (
          <li key={o.metadata?.uid}><b className="mono">{o.metadata?.name}</b> <span className="quiet">{t('certificates.asks', { user: spec?.username, signer: spec?.signerName })}</span>
            <dl>{facts.map(([name, value]) => <div key={name}><dt className="quiet">{name}</dt><dd className="mono">{value}</dd></div>)}</dl>
          </li>
        );
      })}</ul>
    </ConfirmDialog>
  );
}

const action = (id: 'approve' | 'deny', icon: ActionSpec['icon'], verdict: Verdict): ActionSpec => ({
  id, icon, bulk: true, quick: true,
  applies: (kind, objects) => isRequest(kind) && objects.every(isOpen),
  kubectl: c => commandOf(c, verdict),
  run: c => c.app.openDialog(close => <DecideDialog c={c} verdict={verdict} close={close} />),
});

export const certificates: Feature = {
  id: 'certificates',
  actions: [action('approve', 'check', 'Approved'), action('deny', 'close', 'Denied')],
  commands: app => [{ id: 'certificates', title: t('certificates.list'), icon: 'key', run: () => app.workspace.show('kind:certificates.k8s.io/v1/certificatesigningrequests') }],
};
