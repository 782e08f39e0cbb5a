// Draining: a node is cordoned and its pods are asked to leave, as disruption budgets allow.
import { infoOf } from '../../app/deeds.ts';
import type { Feature } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { drainWords } from './evictions.ts';
import { DrainDialog } from './DrainDialog.tsx';

export const drain: Feature = {
  id: 'drain',
  actions: [
    {
      id: 'drain', icon: 'drain', bulk: true, danger: true,
      kubectl: c => kubectl(infoOf(c), undefined, ...drainWords(c.objects.map(o => o.metadata?.name ?? ''), { force: false, emptyDir: false })),
      run: c => c.app.openDialog(close => <DrainDialog c={c} close={close} />),
    },
  ],
};
