// ServiceAccount: every pod runs as an account that exists, and gets its token mounted (contract 12.2).
import type { Container, Pod, ServiceAccount } from '../../api/types/kubernetes.ts';
import { generatedName } from '../../api/meta/names.ts';
import { forbiddenError } from '../../api/meta/status.ts';
import { POD_SECONDS } from '../authn/service-account-tokens.ts';
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Sets the account of new pods and mounts its token; 403 when the account does not exist. */
export function serviceAccount(env: () => Pick<RegistryEnv, 'store' | 'find'>): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    mutate(a) {
      const { spec } = a.resource;
      if (a.operation !== 'CREATE' || spec.group !== '' || spec.plural !== 'pods' || a.subresource !== '') return;
      const pod = a.object as Pod, s = pod.spec;
      if (!s) return;
      const forbidden = (why: string): Error => forbiddenError(spec, a.name, why);
      if (pod.metadata!.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
        if (s.serviceAccountName) throw forbidden('a mirror pod may not reference service accounts');
        if (secretsOf(s).length > 0) throw forbidden('a mirror pod may not reference secrets');
        if (s.volumes?.some(v => v.persistentVolumeClaim)) throw forbidden('a mirror pod may not reference persistentvolumeclaims');
        if (s.volumes?.some(v => v.projected?.sources?.some(x => x.serviceAccountToken))) throw forbidden('a mirror pod may not use ServiceAccountToken volume projections');
        return;
      }
      s.serviceAccountName ||= s.serviceAccount || 'default';
      s.serviceAccount = s.serviceAccountName;
      const { store, find } = env();
      const accounts = find('', 'serviceaccounts')!;
      const entry = store.get(accounts.key(a.namespace, s.serviceAccountName));
      if (entry === undefined) throw forbidden(`error looking up service account ${a.namespace}/${s.serviceAccountName}: serviceaccount ${JSON.stringify(s.serviceAccountName)} not found`);
      const account = accounts.stateOf(entry) as ServiceAccount;
      if (!s.imagePullSecrets?.length && account.imagePullSecrets?.length) s.imagePullSecrets = account.imagePullSecrets.map(x => ({ ...x }));
      if ((s.automountServiceAccountToken ?? account.automountServiceAccountToken) === false) return;
      mountToken(s as NonNullable<Pod['spec']>);
    },
    validate(a) {
      const { spec } = a.resource;
      if (a.operation !== 'CREATE' || spec.group !== '' || spec.plural !== 'pods' || a.subresource !== '') return;
      const s = (a.object as Pod).spec, { store, find } = env(), accounts = find('', 'serviceaccounts');
      const entry = s?.serviceAccountName ? accounts && store.get(accounts.key(a.namespace, s.serviceAccountName)) : undefined;
      if (!s || entry === undefined) return;
      const account = accounts!.stateOf(entry) as ServiceAccount;
      if (account.metadata!.annotations?.['kubernetes.io/enforce-mountable-secrets'] !== 'true') return;
      const name = account.metadata!.name!, mountable = new Set((account.secrets ?? []).map(x => x.name)), pulls = new Set((account.imagePullSecrets ?? []).map(x => x.name));
      const bad = secretsOf(s).find(x => !mountable.has(x.secret));
      if (bad) throw forbiddenError(spec, a.name, `${bad.where}=${JSON.stringify(bad.secret)} is not allowed because service account ${name} does not reference that secret`);
      s.imagePullSecrets?.forEach((x, i) => {
        if (!pulls.has(x.name)) throw forbiddenError(spec, a.name, `imagePullSecrets[${i}].name=${JSON.stringify(x.name ?? '')} is not allowed because service account ${name} does not reference that imagePullSecret`);
      });
    },
  };
}

/** The secrets a pod takes as files or variables, and where, in the words of a refusal. */
function secretsOf(s: NonNullable<Pod['spec']>): { secret: string; where: string }[] {
  const out = (s.volumes ?? []).flatMap(v => (v.secret ? [{ secret: v.secret.secretName ?? '', where: 'volume with secret.secretName' }] : []));
  const groups: readonly (readonly [string, readonly Container[]])[] = [['init container', s.initContainers ?? []], ['container', s.containers ?? []], ['ephemeral container', (s.ephemeralContainers ?? []) as Container[]]];
  for (const [word, list] of groups) {
    for (const c of list) {
      for (const e of c.env ?? []) if (e.valueFrom?.secretKeyRef) out.push({ secret: e.valueFrom.secretKeyRef.name ?? '', where: `${word} ${c.name} with envVar ${e.name} referencing secret.secretName` });
      for (const e of c.envFrom ?? []) if (e.secretRef) out.push({ secret: e.secretRef.name ?? '', where: `${word} ${c.name} with envFrom referencing secret.secretName` });
    }
  }
  return out;
}

function mountToken(s: NonNullable<Pod['spec']>): void {
  const containers: Container[] = [...(s.initContainers ?? []), ...(s.containers ?? [])];
  const without = containers.filter(c => !c.volumeMounts?.some(m => m.mountPath === MOUNT));
  if (without.length === 0) return;
  // A volume of this name that came with the pod is one we made in an earlier life of it.
  let name = s.volumes?.find(v => v.name?.startsWith('kube-api-access-') && v.projected)?.name;
  if (name === undefined) {
    name = generatedName('kube-api-access-', Math.random);
    s.volumes = [...(s.volumes ?? []), {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: POD_SECONDS, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
        defaultMode: 420,
      },
    }];
  }
  for (const c of without) c.volumeMounts = [...(c.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT }];
}
