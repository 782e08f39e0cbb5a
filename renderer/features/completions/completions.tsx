// Jobs in the drawer: what became of each completion.
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';

export const completions: Feature = {
  id: 'completions',
  sections: { completions: smallView(async () => (await import('./CompletionSection.tsx')).CompletionSection) },
};
