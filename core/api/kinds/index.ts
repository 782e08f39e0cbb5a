// The one array of kinds, in discovery order; routes, tables, navigation and tests are derived from it.
import { pod } from './core/pod.ts';
import { service } from './core/service.ts';
import { endpoints } from './core/endpoints.ts';
import { configMap } from './core/config-map.ts';
import { secret } from './core/secret.ts';
import { serviceAccount } from './core/service-account.ts';
import { event } from './core/event.ts';
import { namespace } from './core/namespace.ts';
import { node } from './core/node.ts';
import { replicationController } from './core/replication-controller.ts';
import { persistentVolume } from './core/persistent-volume.ts';
import { persistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { podTemplate } from './core/pod-template.ts';
import { limitRange } from './core/limit-range.ts';
import { resourceQuota } from './core/resource-quota.ts';
import { deployment } from './apps/deployment.ts';
import { replicaSet } from './apps/replica-set.ts';
import { statefulSet } from './apps/stateful-set.ts';
import { daemonSet } from './apps/daemon-set.ts';
import { controllerRevision } from './apps/controller-revision.ts';
import { job } from './batch/job.ts';
import { cronJob } from './batch/cron-job.ts';
import { endpointSlice } from './discovery/endpoint-slice.ts';
import { eventV1 } from './events/event.ts';
import { lease } from './coordination/lease.ts';
import { storageClass } from './storage/storage-class.ts';
import { role } from './rbac/role.ts';
import { roleBinding } from './rbac/role-binding.ts';
import { clusterRole } from './rbac/cluster-role.ts';
import { clusterRoleBinding } from './rbac/cluster-role-binding.ts';
import { priorityClass } from './scheduling/priority-class.ts';
import { ingress } from './networking/ingress.ts';
import { ingressClass } from './networking/ingress-class.ts';
import { horizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { podDisruptionBudget } from './policy/pod-disruption-budget.ts';
import { apiService } from './apiregistration/api-service.ts';
import { flowSchema } from './flowcontrol/flow-schema.ts';
import { priorityLevelConfiguration } from './flowcontrol/priority-level-configuration.ts';
import { customResourceDefinition } from './apiextensions/custom-resource-definition.ts';
import { networkPolicy } from './networking/network-policy.ts';
import { ipAddress } from './networking/ip-address.ts';
import { serviceCidr } from './networking/service-cidr.ts';
import { runtimeClass } from './node/runtime-class.ts';
import { csiDriver } from './storage/csi-driver.ts';
import { csiNode } from './storage/csi-node.ts';
import { csiStorageCapacity } from './storage/csi-storage-capacity.ts';
import { volumeAttachment } from './storage/volume-attachment.ts';
import { volumeAttributesClass } from './storage/volume-attributes-class.ts';
import { deviceClass } from './resource/device-class.ts';
import { resourceClaim } from './resource/resource-claim.ts';
import { resourceClaimTemplate } from './resource/resource-claim-template.ts';
import { resourceSlice } from './resource/resource-slice.ts';
import { clusterTrustBundle } from './certificates/cluster-trust-bundle.ts';
import { podCertificateRequest } from './certificates/pod-certificate-request.ts';
import { leaseCandidate } from './coordination/lease-candidate.ts';
import { storageVersionMigration } from './storagemigration/storage-version-migration.ts';
import { mutatingWebhookConfiguration } from './admissionregistration/mutating-webhook-configuration.ts';
import { validatingWebhookConfiguration } from './admissionregistration/validating-webhook-configuration.ts';
import { validatingAdmissionPolicy } from './admissionregistration/validating-admission-policy.ts';
import { validatingAdmissionPolicyBinding } from './admissionregistration/validating-admission-policy-binding.ts';
import { mutatingAdmissionPolicy } from './admissionregistration/mutating-admission-policy.ts';
import { mutatingAdmissionPolicyBinding } from './admissionregistration/mutating-admission-policy-binding.ts';
import { certificateSigningRequest } from './certificates/certificate-signing-request.ts';
import type { KindSpec } from './kind.ts';

/** Every built-in kind. The groups stand in upstream's order: it decides ambiguous short look-ups (`events`, `ingresses`). */
export const kinds: readonly KindSpec[] = [
  pod, service, endpoints, configMap, secret, serviceAccount, event, namespace, node, replicationController, persistentVolume, persistentVolumeClaim, podTemplate, limitRange, resourceQuota,
  apiService,
  deployment, replicaSet, statefulSet, daemonSet, controllerRevision,
  eventV1,
  horizontalPodAutoscaler,
  job, cronJob,
  certificateSigningRequest,
  ingress, ingressClass, networkPolicy, ipAddress, serviceCidr,
  podDisruptionBudget,
  role, roleBinding, clusterRole, clusterRoleBinding,
  storageClass, csiDriver, csiNode, csiStorageCapacity, volumeAttachment, volumeAttributesClass,
  mutatingWebhookConfiguration, validatingWebhookConfiguration, validatingAdmissionPolicy, validatingAdmissionPolicyBinding, mutatingAdmissionPolicy, mutatingAdmissionPolicyBinding,
  customResourceDefinition,
  priorityClass,
  lease,
  runtimeClass,
  endpointSlice,
  flowSchema, priorityLevelConfiguration,
  clusterTrustBundle, podCertificateRequest, leaseCandidate, storageVersionMigration,
  deviceClass, resourceClaim, resourceClaimTemplate, resourceSlice,
];

const byPlural = new Map(kinds.map(k => [`${k.group}/${k.version}/${k.plural}`, k]));
const byKind = new Map(kinds.map(k => [`${k.group}/${k.version}/${k.kind}`, k]));

/** The kind under a URL's group, version and plural; undefined when none is built in. */
export const kindFor = (group: string, version: string, plural: string): KindSpec | undefined => byPlural.get(`${group}/${version}/${plural}`);

/** The kind of an object's apiVersion parts and kind; undefined when none is built in. */
export const kindByGvk = (group: string, version: string, kind: string): KindSpec | undefined => byKind.get(`${group}/${version}/${kind}`);

/** `apps/v1` + `Deployment`, as objects carry them. */
export function kindOf(apiVersion: string, kind: string): KindSpec | undefined {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? kindByGvk('', apiVersion, kind) : kindByGvk(apiVersion.slice(0, slash), apiVersion.slice(slash + 1), kind);
}
