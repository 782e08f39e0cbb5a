// Secrets of type kubernetes.io/service-account-token: filled with a token, the cluster's authority and the namespace; removed with their
// account.
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { serviceAccount as accountKind } from '../../api/kinds/core/service-account.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { Secret, ServiceAccount } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const TYPE = 'kubernetes.io/service-account-token', NAME = 'kubernetes.io/service-account.name', UID = 'kubernetes.io/service-account.uid';
const b64 = (text: string): string => Buffer.from(text).toString('base64');

export const serviceAccountTokenController: Controller = {
  name: 'serviceaccount-token-controller', alias: 'serviceaccount-token', queue: 'serviceaccount_tokens_secret', account: null, workers: 2,
  start(ctx, keys) {
    const secrets = ctx.informers.for<Secret>(secretKind), accounts = ctx.informers.for<ServiceAccount>(accountKind);
    secrets.addIndex('by-service-account', s => (s.type === TYPE ? [`${s.metadata?.namespace ?? ''}/${s.metadata?.annotations?.[NAME] ?? ''}`] : []));
    // The account's name is part of the key: of a secret that is gone nothing else says whose it was.
    const wake = (s: Secret): void => { if (s.type === TYPE) keys.add(`${s.metadata?.namespace ?? ''}/${s.metadata?.name ?? ''}/${s.metadata?.annotations?.[NAME] ?? ''}`); };
    const wakeOf = (a: ServiceAccount): void => { for (const s of secrets.lister.byIndex('by-service-account', `${a.metadata?.namespace ?? ''}/${a.metadata?.name ?? ''}`)) wake(s); };
    secrets.on({ add: wake, update: wake, delete: wake });
    accounts.on({ add: wakeOf, delete: wakeOf });
    /** No account lists a secret that is gone. */
    const unlist = async (namespace: string, account: string, name: string): Promise<void> => {
      if (!accounts.lister.get(namespace, account)?.secrets?.some(s => s.name === name)) return;
      const live = await ctx.client.get<ServiceAccount>(accountKind, namespace, account), left = live.secrets?.filter(s => s.name !== name);
      if (left?.length !== live.secrets?.length) await ctx.client.update<ServiceAccount>(accountKind, { ...live, secrets: left });
    };
    return async key => {
      const [namespace, name, wanted] = key.split('/') as [string, string, string], s = secrets.lister.get(namespace, name), sign = ctx.config.signSecretToken;
      try {
        if (!s) { await unlist(namespace, wanted, name); return; }
        if (!sign || s.metadata?.deletionTimestamp !== undefined || s.metadata?.annotations?.[NAME] !== wanted) return;
        const uid = s.metadata.annotations[UID];
        let account = accounts.lister.get(namespace, wanted);
        // The cache may not know an account yet that was made a moment ago.
        if (!account || (uid && account.metadata?.uid !== uid)) account = await ctx.client.get<ServiceAccount>(accountKind, namespace, wanted).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; });
        if (!account || (uid && account.metadata?.uid !== uid)) {
          await ctx.client.delete(secretKind, namespace, name, { preconditions: { uid: s.metadata.uid ?? '' } });
          return;
        }
        const { rootCa } = ctx.config, data = { ...s.data };
        if (rootCa !== undefined) data['ca.crt'] = b64(rootCa);
        // What somebody has put there himself stays.
        data['namespace'] ||= b64(namespace);
        data['token'] ||= b64(await sign(namespace, { name: wanted, uid: account.metadata?.uid ?? '' }, name));
        if (Object.entries(data).every(([k, v]) => s.data?.[k] === v)) return;
        await ctx.client.update<Secret>(secretKind, { ...s, metadata: { ...s.metadata, annotations: { ...s.metadata.annotations, [UID]: account.metadata?.uid ?? '' } }, data });
      } catch (error) { if (!isNotFound(error)) throw error; }
    };
  },
};
