// Removes bootstrap tokens when their time is over, or cannot be read.
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Secret } from '../../api/types/kubernetes.ts';
import { endOf, isBootstrapToken } from '../bootstrap-signer/token.ts';
import type { Controller } from '../controller.ts';

const DAY = 86_400_000;

export const tokenCleanerController: Controller = {
  name: 'token-cleaner-controller', alias: 'tokencleaner', queue: 'token_cleaner', account: 'token-cleaner', workers: 1,
  start(ctx, keys) {
    const secrets = ctx.informers.for<Secret>(secretKind);
    const wake = (s: Secret): void => { if (isBootstrapToken(s)) keys.add(s.metadata?.name ?? ''); };
    secrets.on({ add: wake, update: wake });
    return async name => {
      const s = secrets.lister.get('kube-system', name);
      if (!s || !isBootstrapToken(s)) return undefined;
      const left = endOf(s) - ctx.clock.now();
      if (left === Number.POSITIVE_INFINITY) return undefined;
      if (left > 0) return { requeueAfter: Math.min(left, DAY) };
      try { await ctx.client.delete(secretKind, 'kube-system', name, { preconditions: { uid: s.metadata?.uid ?? '' } }); } catch (error) { if (!isNotFound(error)) throw error; }
      return undefined;
    };
  },
};
