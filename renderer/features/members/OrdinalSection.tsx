// A stateful set's members by ordinal: pod, revision, claims, and the line where an update in parts stops.
import Button from '@mui/material/Button';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { ControllerRevision, PersistentVolumeClaim, Pod, StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { StatusPill, StatusShape } from '../../kit/StatusPill.tsx';
import { membersOf, type Member, type MemberClaim } from './ordinals.ts';
import { PartitionDialog } from './PartitionDialog.tsx';
import './members.css';

const POD = kindFor('', 'v1', 'pods')!;
const CLAIM = kindFor('', 'v1', 'persistentvolumeclaims')!;
const REVISION = kindFor('apps', 'v1', 'controllerrevisions')!;
const SHOWN = 200;

export function OrdinalSection({ object, cluster, kind }: SectionProps) {
  const { t } = useTranslation();
  const app = useApp();
  const set = object as StatefulSet;
  const namespace = object.metadata?.namespace;
  const pods = useObjects<Pod>({ cluster, resource: POD, namespace, labelSelector: selectorText(set.spec?.selector ?? {}) });
  const claims = useObjects<PersistentVolumeClaim>(set.spec?.volumeClaimTemplates?.length ? { cluster, resource: CLAIM, namespace } : undefined);
  const revisions = useObjects<ControllerRevision>({ cluster, resource: REVISION, namespace });
  const { members, partition } = membersOf(set, pods.items, claims.items, revisions.items);
  const rolling = (set.spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const edit = (): void => app.openDialog(close => <PartitionDialog c={{ app, cluster, kind, objects: [object] }} close={close} />);
  const open = (of: typeof POD, name: string): void => app.workspace.openObject(targetOf(cluster, of, namespace, name));
  return (
    <Section title={t('members.title')} count={members.length} aside={rolling ? <Button variant="outlined" size="small" onClick={edit}>{t('actions.setPartition')}</Button> : <span className="quiet">{t('rollouts.byHand')}</span>}>
      {members.length === 0 ? <p className="quiet section-none">{t('pods.none')}</p> : null}
      <ul className="member-list" data-testid="ordinals" aria-busy={!pods.complete}>
        {members.slice(0, SHOWN).map(m => (
          <Fragment key={m.ordinal}>
            {m.ordinal === partition ? <PartitionLine partition={partition} /> : null}
            <MemberRow member={m} known={pods.complete} open={open} />
          </Fragment>
        ))}
        {partition !== undefined && members.every(m => m.ordinal < partition) ? <PartitionLine partition={partition} /> : null}
      </ul>
      {members.length > SHOWN ? <p className="quiet">{t('pods.more', { count: members.length - SHOWN })}</p> : null}
    </Section>
  );
}

const PartitionLine = ({ partition }: { partition: number }) => { const { t } = useTranslation(); return <li className="partition" data-partition={partition}><span>{t('members.partition', { partition })}</span></li>; };

function MemberRow({ member: m, known, open }: { member: Member; known: boolean; open(kind: typeof POD, name: string): void }) {
  const { t } = useTranslation();
  const h = m.pod ? POD.view.health?.(m.pod) : undefined;
  return (
    <li data-ordinal={m.ordinal}>
      <span className="member-ordinal">{m.ordinal}</span>
      {m.pod ? <button type="button" className="link-button mono ellipsis" onClick={() => open(POD, m.name)}>{m.name}</button> : <span className="mono quiet ellipsis">{m.name}</span>}
      {h ? <StatusPill level={h.level} word={h.word} reason={h.reason} /> : <StatusPill level="none" word={known ? t('members.absent') : t('states.loading')} />}
      <span className="spacer" />
      {m.wanted ? null : <span className="tag">{t('members.surplus')}</span>}
      {m.pod ? <span className={`tag${m.updated ? ' tag-new' : ''}`} title={t(m.updated ? 'members.newest' : 'members.older')}>{m.revision === undefined ? t(m.updated ? 'members.newest' : 'members.older') : t('members.revision', { revision: m.revision })}</span> : null}
      {m.claims.length > 0 ? <ul className="member-claims">{m.claims.map(c => <ClaimItem key={c.name} claim={c} open={open} />)}</ul> : null}
    </li>
  );
}

function ClaimItem({ claim: c, open }: { claim: MemberClaim; open(kind: typeof POD, name: string): void }) {
  const { t } = useTranslation();
  return <li><StatusShape level={c.phase === 'Bound' ? 'good' : c.phase === 'Lost' ? 'bad' : c.phase === undefined ? 'none' : 'busy'} />{c.phase === undefined ? <span className="mono quiet">{c.name}</span> : <button type="button" className="link-button mono ellipsis" onClick={() => open(CLAIM, c.name)}>{c.name}</button>}<span className="quiet">{c.phase ?? t('members.noClaim')}</span></li>;
}
