// Autoscalers: measured against wanted over time in the drawer, and their bounds.
import type { V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';
import { patchCommand } from '../../app/deeds.ts';
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';
import { BoundsDialog } from './BoundsDialog.tsx';

export const autoscaling: Feature = {
  id: 'autoscaling',
  sections: { autoscale: smallView(async () => (await import('./AutoscaleSection.tsx')).AutoscaleSection) },
  actions: [
    {
      id: 'setBounds', icon: 'autoscale', key: 'm', bulk: false, quick: true,
      applies: kind => kind.group === 'autoscaling' && kind.kind === 'HorizontalPodAutoscaler',
      kubectl: c => { const { spec } = c.objects[0] as unknown as V2HorizontalPodAutoscaler; return patchCommand(c, { spec: { minReplicas: spec.minReplicas ?? 1, maxReplicas: spec.maxReplicas } }); },
      run: c => c.app.openDialog(close => <BoundsDialog c={c} close={close} />),
    },
  ],
};
