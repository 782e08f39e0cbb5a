// Scheduling as a person asks about it: why does this pod not start?
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';

export const placement: Feature = {
  id: 'placement',
  sections: { placement: smallView(async () => (await import('./PlacementSection.tsx')).PlacementSection) },
};
