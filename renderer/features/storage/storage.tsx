// Claims, volumes and classes in the drawer; larger claims; the default class.
import { t } from 'i18next';
import { isDefaultClass } from '../../../core/api/kinds/storage/storage-class.ts';
import type { PersistentVolumeClaim, StorageClass } from '../../../core/api/types/kubernetes.ts';
import { commandsOf, MERGE_PATCH, namesOf, patchAll, patchCommand, tell } from '../../app/deeds.ts';
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';
import { ResizeDialog } from './ResizeDialog.tsx';

const DEFAULT = 'storageclass.kubernetes.io/is-default-class';

export const storage: Feature = {
  id: 'storage',
  sections: {
    claim: smallView(async () => (await import('./ClaimSection.tsx')).ClaimSection),
    volume: smallView(async () => (await import('./VolumeSection.tsx')).VolumeSection),
    class: smallView(async () => (await import('./ClassSection.tsx')).ClassSection),
  },
  actions: [
    {
      id: 'resize', icon: 'scale', key: 'E', bulk: false,
      applies: (kind, objects) => kind.group === '' && kind.kind === 'PersistentVolumeClaim' && objects.every(o => (o as PersistentVolumeClaim).status?.phase === 'Bound'),
      kubectl: c => patchCommand(c, { spec: { resources: { requests: { storage: (c.objects[0] as PersistentVolumeClaim).spec?.resources?.requests?.storage } } } }),
      run: c => c.app.openDialog(close => <ResizeDialog c={c} close={close} />),
    },
    {
      id: 'makeDefault', icon: 'check', bulk: false,
      applies: (kind, objects) => kind.group === 'storage.k8s.io' && kind.kind === 'StorageClass' && !objects.some(o => isDefaultClass(o as StorageClass)),
      kubectl: c => commandsOf(c, names => ['annotate', 'storageclass', ...names, `${DEFAULT}=true`, '--overwrite']),
      run(c) { tell(c, patchAll(c, { metadata: { annotations: { [DEFAULT]: 'true' } } }, MERGE_PATCH), t('storageClass.madeDefault', { name: namesOf(c) }), this.kubectl!(c)); },
    },
  ],
};
