// What bounds others: disruption budgets, quotas, limit ranges, priorities.
import type { Feature } from '../../app/feature.ts';
import { lazyView } from '../../kit/lazy-view.ts';

export const budgets: Feature = {
  id: 'budgets',
  sections: {
    budget: lazyView(async () => (await import('./BudgetSection.tsx')).BudgetSection),
    quota: lazyView(async () => (await import('./QuotaSection.tsx')).QuotaSection),
    limits: lazyView(async () => (await import('./LimitSection.tsx')).LimitSection),
    priority: lazyView(async () => (await import('./PrioritySection.tsx')).PrioritySection),
  },
};
