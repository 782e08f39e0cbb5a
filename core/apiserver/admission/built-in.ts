// Kubernetes' built-in plug-ins, as far as they are neither webhooks nor policies nor a matter of identity.
import type { RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin } from './chain.ts';
import { defaultIngressClass, podTopologyLabels, taintNodesByCondition } from './cluster-defaults.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { alwaysAdmit, alwaysDeny, clusterTrustBundleAttest, denyServiceExternalIps, namespaceAutoProvision, namespaceExists, ownerReferencesPermissionEnforcement } from './optional.ts';
import { alwaysPullImages, extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector, podTolerationRestriction } from './optional-pods.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { defaultTolerationSeconds } from './pod-tolerations.ts';
import { priority } from './priority.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';

/** All of them; `pluginsInOrder` chooses. `makeNamespace` goes through the whole chain. */
export function builtInPlugins(env: () => RegistryEnv, makeNamespace: (name: string) => Promise<unknown>): AdmissionPlugin[] {
  return [
    namespaceLifecycle(env), limitRanger(env), serviceAccount(env), taintNodesByCondition, podSecurity(env), priority(env), defaultTolerationSeconds, defaultStorageClass(env),
    storageObjectInUseProtection, persistentVolumeClaimResize(env), runtimeClass(env), clusterTrustBundleAttest(env), defaultIngressClass(env), podTopologyLabels(env),
    alwaysAdmit, alwaysDeny, namespaceAutoProvision(env, makeNamespace), namespaceExists(env), limitPodHardAntiAffinityTopology, alwaysPullImages, podNodeSelector(env),
    podTolerationRestriction(env), extendedResourceToleration, denyServiceExternalIps, ownerReferencesPermissionEnforcement(env),
  ];
}
