// Takes away tokens in secrets that nobody uses: made by the cluster (the account lists them), in no pod, neither made nor used for a year.
// They are marked first, which ends the token, and deleted when nobody missed them for another year.
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { serviceAccount as accountKind } from '../../api/kinds/core/service-account.ts';
import { beginOfDay, dayOf, TOKEN_INVALID_SINCE, TOKEN_LAST_USED, TOKEN_TRACKING } from '../../api/meta/legacy-token.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { ConfigMap, Pod, Secret, ServiceAccount } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const TYPE = 'kubernetes.io/service-account-token', ACCOUNT = 'kubernetes.io/service-account.name', ACCOUNT_UID = 'kubernetes.io/service-account.uid';
const SWEEP = 'sweep', BY_SECRET = 'by-mounted-secret', TOKENS = 'account-tokens';
const DAY = 86_400_000;

/** Names of all secrets a pod reads: volumes, variables, and for pulling its images. */
function secretsOf(pod: Pod): string[] {
  const { spec } = pod, found: (string | undefined)[] = [];
  for (const s of spec?.imagePullSecrets ?? []) found.push(s.name);
  for (const c of [...spec?.containers ?? [], ...spec?.initContainers ?? [], ...spec?.ephemeralContainers ?? []]) {
    for (const e of c.envFrom ?? []) found.push(e.secretRef?.name);
    for (const e of c.env ?? []) found.push(e.valueFrom?.secretKeyRef?.name);
  }
  for (const v of spec?.volumes ?? []) {
    found.push(v.secret?.secretName, v.csi?.nodePublishSecretRef?.name, v.azureFile?.secretName, v.cephfs?.secretRef?.name, v.flexVolume?.secretRef?.name, v.iscsi?.secretRef?.name, v.rbd?.secretRef?.name, v.scaleIO?.secretRef?.name, v.storageos?.secretRef?.name, v.cinder?.secretRef?.name);
    for (const s of v.projected?.sources ?? []) found.push(s.secret?.name);
  }
  return found.filter((n): n is string => Boolean(n));
}

export const legacyTokenCleanerController: Controller = {
  name: 'legacy-serviceaccount-token-cleaner-controller', alias: 'legacy-service-account-token-cleaner', account: 'legacy-service-account-token-cleaner', workers: 1,
  start(ctx, keys) {
    const secrets = ctx.informers.for<Secret>(secretKind), accounts = ctx.informers.for<ServiceAccount>(accountKind), pods = ctx.informers.for<Pod>(podKind);
    secrets.addIndex(TOKENS, s => (s.type === TYPE ? ['all'] : []));
    pods.addIndex(BY_SECRET, p => secretsOf(p).map(name => `${p.metadata?.namespace ?? ''}/${name}`));
    keys.add(SWEEP);
    return async () => {
      const { clock, config, client, log } = ctx, now = clock.now();
      if (secrets.lister.byIndex(TOKENS, 'all').length === 0) return { requeueAfter: DAY };
      const tracked = await client.get<ConfigMap>(configMapKind, TOKEN_TRACKING.namespace, TOKEN_TRACKING.name).catch((e: unknown) => { if (isNotFound(e)) return undefined; throw e; });
      // The day after it began is the first that was seen whole. Without that nothing is known of any token's use.
      if (!(now >= beginOfDay(tracked?.data?.['since']) + DAY + config.legacyTokenCleanUpPeriod)) return { requeueAfter: DAY };
      const since = now - config.legacyTokenCleanUpPeriod, sinceDay = dayOf(since);
      for (const s of secrets.lister.byIndex(TOKENS, 'all')) {
        const m = s.metadata, namespace = m?.namespace ?? '', name = m?.name ?? '', used = m?.labels?.[TOKEN_LAST_USED], marked = m?.labels?.[TOKEN_INVALID_SINCE];
        if (m?.deletionTimestamp !== undefined || !(parseTime(m?.creationTimestamp) < since)) continue;
        if (used !== undefined && (Number.isNaN(beginOfDay(used)) || used >= sinceDay)) continue;
        const account = accounts.lister.get(namespace, m?.annotations?.[ACCOUNT] ?? ''), uid = m?.annotations?.[ACCOUNT_UID];
        // Listed by its account it was made by the cluster; one that a person made is that person's.
        if (!account || (uid && uid !== account.metadata?.uid) || !account.secrets?.some(x => x.name === name)) continue;
        if (pods.lister.byIndex(BY_SECRET, `${namespace}/${name}`).length > 0) continue;
        try {
          if (marked === undefined || Number.isNaN(beginOfDay(marked))) {
            log.info('marking the service account token as invalid', { secret: `${namespace}/${name}` });
            await client.patch(secretKind, namespace, name, 'application/merge-patch+json', { metadata: { uid: m?.uid, labels: { [TOKEN_INVALID_SINCE]: dayOf(now) } } });
          } else if (marked < sinceDay) {
            log.info('deleting the service account token', { secret: `${namespace}/${name}`, created: m?.creationTimestamp, used, marked });
            await client.delete(secretKind, namespace, name, { preconditions: { resourceVersion: m?.resourceVersion } });
          }
        } catch (error) { if (!isNotFound(error) && !isConflict(error)) throw error; }
      }
      return { requeueAfter: DAY };
    };
  },
};
