// Which plug-ins there are, which of them are on, and in what order they run: Kubernetes' own (kubeapiserver/options/plugins.go).
import type { AdmissionPlugin } from './chain.ts';

/** All names of Kubernetes 1.36 in their order: mutation of namespaces first, webhooks, quota and denial last. */
export const ADMISSION_ORDER: readonly string[] = [
  'AlwaysAdmit', 'NamespaceAutoProvision', 'NamespaceLifecycle', 'NamespaceExists', 'LimitPodHardAntiAffinityTopology', 'LimitRanger', 'ServiceAccount', 'NodeRestriction',
  'TaintNodesByCondition', 'AlwaysPullImages', 'ImagePolicyWebhook', 'PodSecurity', 'PodNodeSelector', 'Priority', 'DefaultTolerationSeconds', 'PodTolerationRestriction',
  'EventRateLimit', 'ExtendedResourceToleration', 'DefaultStorageClass', 'StorageObjectInUseProtection', 'OwnerReferencesPermissionEnforcement', 'PersistentVolumeClaimResize',
  'RuntimeClass', 'CertificateApproval', 'CertificateSigning', 'ClusterTrustBundleAttest', 'CertificateSubjectRestriction', 'DefaultIngressClass', 'DenyServiceExternalIPs',
  'PodTopologyLabels', 'NodeDeclaredFeatureValidator', 'MutatingAdmissionPolicy', 'MutatingAdmissionWebhook', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionWebhook',
  'ResourceQuota', 'AlwaysDeny',
];

/** Those that run only when `--enable-admission-plugins` names them. (NodeRestriction is on, as every installer of Kubernetes has it.) */
export const OFF_BY_DEFAULT: ReadonlySet<string> = new Set([
  'AlwaysAdmit', 'AlwaysDeny', 'AlwaysPullImages', 'DenyServiceExternalIPs', 'EventRateLimit', 'ExtendedResourceToleration', 'ImagePolicyWebhook', 'LimitPodHardAntiAffinityTopology',
  'NamespaceAutoProvision', 'NamespaceExists', 'OwnerReferencesPermissionEnforcement', 'PodNodeSelector', 'PodTolerationRestriction',
]);

/** The plug-ins that run, in Kubernetes' order; naming one in `enabled` or `disabled` decides about it. */
export function pluginsInOrder(plugins: readonly AdmissionPlugin[], enabled: readonly string[], disabled: readonly string[]): AdmissionPlugin[] {
  const rank = new Map(ADMISSION_ORDER.map((name, i) => [name, i]));
  return plugins
    .filter(p => !disabled.includes(p.name) && (enabled.includes(p.name) || !OFF_BY_DEFAULT.has(p.name)))
    .sort((a, b) => (rank.get(a.name) ?? 0) - (rank.get(b.name) ?? 0));
}
