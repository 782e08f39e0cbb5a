// A storage class in words: what it promises, whether it is the default, and who asked for how much of it.
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { isDefaultClass } from '../../../core/api/kinds/storage/storage-class.ts';
import { addQuantity } from '../../../core/api/meta/quantity.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../../core/api/types/kubernetes.ts';
import { actionsFor } from '../../app/actions.ts';
import { useApp } from '../../app/context.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { readable } from '../../kinds/sections/allocation.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';

const CLAIM = kindFor('', 'v1', 'persistentvolumeclaims')!;

export function ClassSection({ object, cluster, kind }: SectionProps) {
  const { t } = useTranslation();
  const app = useApp();
  const cls = object as StorageClass;
  const { items, complete } = useObjects<PersistentVolumeClaim>({ cluster, resource: CLAIM });
  const mine = items.filter(c => c.spec?.storageClassName === object.metadata?.name);
  const sum = mine.reduce<string>((n, c) => addQuantity(n, c.spec?.resources?.requests?.storage), '0');
  const deed = actionsFor(app, kind, [object]).find(a => a.id === 'makeDefault');
  const context = { app, cluster, kind, objects: [object] };
  return (
    <Section title={t('storageClass.title')} aside={isDefaultClass(cls) ? <span className="tag">{t('storageClass.default')}</span> : null}>
      <dl className="facts">
        <Fact name={t('storageClass.isDefault')}>{isDefaultClass(cls) ? t('storageClass.yes') : deed ? <Button variant="outlined" size="small" title={deed.kubectl?.(context)} onClick={() => deed.run(context)}>{t('actions.makeDefault')}</Button> : undefined}</Fact>
        <Fact name={t('storageClass.binding')}>{t(`storageClass.modes.${cls.volumeBindingMode ?? 'Immediate'}`)}</Fact>
        <Fact name={t('claim.after')}>{t(`claim.reclaim.${cls.reclaimPolicy ?? 'Delete'}`)}</Fact>
        <Fact name={t('storageClass.growth')}>{t(cls.allowVolumeExpansion ? 'storageClass.grows' : 'storageClass.staysSmall')}</Fact>
        <Fact name={t('storageClass.claims')}>{complete ? t('storageClass.claimed', { count: mine.length, sum: readable('storage', sum) }) : undefined}</Fact>
      </dl>
    </Section>
  );
}
