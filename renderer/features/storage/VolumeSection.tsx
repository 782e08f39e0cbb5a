// A persistent volume: whose it is, how full, where it lies and what becomes of it.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { PersistentVolume, Pod } from '../../../core/api/types/kubernetes.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { UsageBar } from './UsageBar.tsx';
import './storage.css';

const POD = kindFor('', 'v1', 'pods')!;

export function VolumeSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { spec, status } = object as PersistentVolume;
  const claim = spec?.claimRef;
  const bound = status?.phase === 'Bound' && claim?.namespace !== undefined && claim.name !== undefined;
  const { items } = useObjects<Pod>(bound ? { cluster, resource: POD, namespace: claim.namespace } : undefined);
  const nodes = (spec?.nodeAffinity?.required?.nodeSelectorTerms ?? []).flatMap(x => x.matchExpressions ?? []).filter(e => e.key === 'kubernetes.io/hostname').flatMap(e => e.values ?? []);
  return (
    <Section title={t('volume.title')}>
      {bound && spec?.volumeMode !== 'Block' ? <UsageBar cluster={cluster} namespace={claim.namespace!} claim={claim.name!} pods={items} size={spec?.capacity?.storage} /> : null}
      {status?.phase === 'Released' ? <p className="storage-note">{t('volume.released')}</p> : null}
      <dl className="facts">
        <Fact name={t('claim.size')}>{spec?.capacity?.storage}</Fact>
        <Fact name={t('volume.place')}>{spec?.hostPath?.path || spec?.local?.path ? <code>{spec.local?.path ?? spec.hostPath?.path}</code> : spec?.nfs ? <code>{spec.nfs.server}:{spec.nfs.path}</code> : spec?.csi?.driver}</Fact>
        <Fact name={t('facts.node')}>{nodes.join(', ')}</Fact>
        <Fact name={t('claim.modes')}>{(spec?.accessModes ?? []).map(m => t(`claim.access.${m}`)).join(', ')}</Fact>
        <Fact name={t('claim.after')}>{t(`claim.reclaim.${spec?.persistentVolumeReclaimPolicy ?? 'Retain'}`)}</Fact>
      </dl>
    </Section>
  );
}
