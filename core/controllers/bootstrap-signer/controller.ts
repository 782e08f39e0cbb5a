// Signs the public cluster-info with every bootstrap token that is for signing, so that who knows a token can trust what it reads.
import { createHmac } from 'node:crypto';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ConfigMap, Secret } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { isBootstrapToken, signingToken } from './token.ts';

const PREFIX = 'jws-kubeconfig-', INFO = 'cluster-info', NAMESPACE = 'kube-public';
const part = (text: string): string => Buffer.from(text).toString('base64url');

/** A detached JWS of the content: `HEADER..SIGNATURE`, HS256 by the token's secret. */
export function detachedSignature(content: string, id: string, secret: string): string {
  const header = part(JSON.stringify({ alg: 'HS256', kid: id }));
  return `${header}..${createHmac('sha256', secret).update(`${header}.${part(content)}`).digest('base64url')}`;
}

export const bootstrapSignerController: Controller = {
  name: 'bootstrap-signer-controller', alias: 'bootstrapsigner', queue: 'bootstrap_signer_queue', account: 'bootstrap-signer', workers: 1,
  start(ctx, keys) {
    const secrets = ctx.informers.for<Secret>(secretKind), maps = ctx.informers.for<ConfigMap>(configMapKind);
    secrets.addIndex('bootstrap-tokens', s => (isBootstrapToken(s) ? ['all'] : []));
    const token = (s: Secret): void => { if (isBootstrapToken(s)) keys.add(INFO); };
    const info = (m: ConfigMap): void => { if (m.metadata?.name === INFO && m.metadata.namespace === NAMESPACE) keys.add(INFO); };
    secrets.on({ add: token, update: token, delete: token });
    maps.on({ add: info, update: info });
    return async () => {
      const map = maps.lister.get(NAMESPACE, INFO), content = map?.data?.['kubeconfig'];
      if (!map || content === undefined) return;
      const data: Record<string, string> = Object.fromEntries(Object.entries(map.data ?? {}).filter(([k]) => !k.startsWith(PREFIX)));
      for (const s of secrets.lister.byIndex('bootstrap-tokens', 'all')) {
        const token = signingToken(s, ctx.clock.now());
        if (token) data[`${PREFIX}${token.id}`] = detachedSignature(content, token.id, token.secret);
      }
      if (semanticEqual(data, map.data)) return;
      try { await ctx.client.update<ConfigMap>(configMapKind, { ...map, data }); } catch (error) { if (!isNotFound(error)) throw error; }
    };
  },
};
