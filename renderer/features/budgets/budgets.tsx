// What bounds others: disruption budgets, quotas, limit ranges, priorities.
import type { Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';

export const budgets: Feature = {
  id: 'budgets',
  sections: {
    budget: smallView(async () => (await import('./BudgetSection.tsx')).BudgetSection),
    quota: smallView(async () => (await import('./QuotaSection.tsx')).QuotaSection),
    limits: smallView(async () => (await import('./LimitSection.tsx')).LimitSection),
    priority: smallView(async () => (await import('./PrioritySection.tsx')).PrioritySection),
  },
};
