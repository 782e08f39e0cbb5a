// A claim: how full it is, what it waits for, its class, and the way to a larger one.
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { isDefaultClass } from '../../../core/api/kinds/storage/storage-class.ts';
import type { PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { uses } from '../../kinds/sections/links.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { ResizeDialog } from './ResizeDialog.tsx';
import { UsageBar } from './UsageBar.tsx';
import { classOf, growthOf, waitOf } from './usage.ts';
import './storage.css';

const POD = kindFor('', 'v1', 'pods')!;
const VOLUME = kindFor('', 'v1', 'persistentvolumes')!;
const CLASS = kindFor('storage.k8s.io', 'v1', 'storageclasses')!;

export function ClaimSection({ object, cluster, kind }: SectionProps) {
  const { t } = useTranslation();
  const app = useApp();
  const claim = object as PersistentVolumeClaim;
  const namespace = object.metadata?.namespace ?? '', name = object.metadata?.name ?? '';
  const classes = useObjects<StorageClass>({ cluster, resource: CLASS });
  const { items } = useObjects<Pod>({ cluster, resource: POD, namespace });
  const volume = useObjects<PersistentVolume>(claim.spec?.volumeName ? { cluster, resource: VOLUME, fieldSelector: `metadata.name=${claim.spec.volumeName}` } : undefined).items[0];
  const pods = items.filter(p => uses(p.spec, { kind: 'PersistentVolumeClaim', name }));
  const cls = classOf(claim, classes.items), wait = classes.complete ? waitOf(claim, classes.items, pods) : undefined, growth = growthOf(claim);
  const bound = claim.status?.phase === 'Bound';
  const named = claim.spec?.storageClassName ?? cls?.metadata?.name;
  return (
    <Section title={t('claim.title')}>
      <div data-testid="claim" data-wait={wait?.wait ?? ''}>
        {wait ? <p className="storage-note"><StatusShape level={wait.wait === 'lost' || wait.wait === 'noClass' || wait.wait === 'classMissing' ? 'bad' : 'busy'} />{t(`claim.waits.${wait.wait}`, wait.values)}</p> : null}
        {bound && claim.spec?.volumeMode !== 'Block' ? <UsageBar cluster={cluster} namespace={namespace} claim={name} pods={items} size={claim.status?.capacity?.storage} /> : null}
        {growth ? <p className="storage-note"><StatusShape level="busy" />{t('claim.growing', { from: growth.from, to: growth.to })}{growth.state ? <span className="quiet"> {growth.state}</span> : null}</p> : null}
        <dl className="facts">
          <Fact name={t('claim.size')}>{claim.status?.capacity?.storage ?? claim.spec?.resources?.requests?.storage}{bound ? <> <Button variant="outlined" size="small" disabled={!cls?.allowVolumeExpansion} title={cls?.allowVolumeExpansion ? undefined : t('claim.cannotGrow', { name: named ?? '–' })} onClick={() => app.openDialog(close => <ResizeDialog c={{ app, cluster, kind, objects: [object] }} close={close} />)}>{t('claim.enlarge')}</Button></> : null}</Fact>
          <Fact name={t('claim.class')}>{named ? <><button type="button" className="link-button" disabled={!cls} onClick={() => cls && app.workspace.openObject(targetOf(cluster, CLASS, undefined, cls.metadata?.name ?? ''))}>{named}</button>{cls && isDefaultClass(cls) ? <span className="tag">{t('storageClass.default')}</span> : null}</> : undefined}</Fact>
          <Fact name={t('claim.modes')}>{(claim.status?.accessModes ?? claim.spec?.accessModes ?? []).map(m => t(`claim.access.${m}`)).join(', ')}</Fact>
          <Fact name={t('claim.after')}>{volume?.spec?.persistentVolumeReclaimPolicy ? t(`claim.reclaim.${volume.spec.persistentVolumeReclaimPolicy}`) : undefined}</Fact>
        </dl>
      </div>
    </Section>
  );
}
