// Sets in the drawer: stateful ones by ordinal with their partition, daemon sets by node.
import type { StatefulSet } from '../../../core/api/types/kubernetes.ts';
import { patchCommand } from '../../app/deeds.ts';
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';
import { PartitionDialog } from './PartitionDialog.tsx';

export const members: Feature = {
  id: 'members',
  sections: {
    ordinals: smallView(async () => (await import('./OrdinalSection.tsx')).OrdinalSection),
    daemonNodes: smallView(async () => (await import('./NodeSection.tsx')).NodeSection),
  },
  actions: [
    {
      id: 'setPartition', icon: 'split', bulk: false,
      applies: (kind, objects) => kind.group === 'apps' && kind.kind === 'StatefulSet' && objects.every(o => ((o as StatefulSet).spec?.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'),
      kubectl: c => patchCommand(c, { spec: { updateStrategy: { rollingUpdate: { partition: (c.objects[0] as StatefulSet).spec?.updateStrategy?.rollingUpdate?.partition ?? 0 } } } }),
      run: c => c.app.openDialog(close => <PartitionDialog c={c} close={close} />),
    },
  ],
};
