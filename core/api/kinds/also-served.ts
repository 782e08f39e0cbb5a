// What a server answers besides the kinds people look at: older versions of one of them, and questions that are never stored.
import { mutatingAdmissionPolicyBinding } from './admissionregistration/mutating-admission-policy-binding.ts';
import { mutatingAdmissionPolicy } from './admissionregistration/mutating-admission-policy.ts';
import { selfSubjectReview } from './authentication/self-subject-review.ts';
import { tokenReview } from './authentication/token-review.ts';
import { localSubjectAccessReview } from './authorization/local-subject-access-review.ts';
import { selfSubjectAccessReview } from './authorization/self-subject-access-review.ts';
import { selfSubjectRulesReview } from './authorization/self-subject-rules-review.ts';
import { subjectAccessReview } from './authorization/subject-access-review.ts';
import { horizontalPodAutoscalerV1 } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { clusterTrustBundle } from './certificates/cluster-trust-bundle.ts';
import { leaseCandidate } from './coordination/lease-candidate.ts';
import { binding } from './core/binding.ts';
import { componentStatus } from './core/component-status.ts';
import { nodeMetrics } from './metrics/node-metrics.ts';
import { podMetrics } from './metrics/pod-metrics.ts';
import { ipAddress } from './networking/ip-address.ts';
import { serviceCidr } from './networking/service-cidr.ts';
import { defineTwin } from './parts/twin.ts';
import { claimV1beta1, sliceV1beta1, templateV1beta1 } from './resource/convert.ts';
import { deviceClass } from './resource/device-class.ts';
import { resourceClaim } from './resource/resource-claim.ts';
import { resourceClaimTemplate } from './resource/resource-claim-template.ts';
import { resourceSlice } from './resource/resource-slice.ts';
import { volumeAttributesClass } from './storage/volume-attributes-class.ts';
import type { KindSpec } from './kind.ts';

/** Kubernetes' words for a version that goes: `since` and `until` are minor versions. */
const going = (group: string, version: string, kind: string, since: number, until: number): string =>
  `${group}/${version} ${kind} is deprecated in v1.${since}+, unavailable in v1.${until}+; use ${group}/v1 ${kind}`;
const dra = (version: string, kind: string): string => going('resource.k8s.io', version, kind, version === 'v1beta1' ? 35 : 36, version === 'v1beta1' ? 38 : 39);

/** Older versions of kinds that are stored as their stable ones. */
const older: readonly KindSpec[] = [
  defineTwin(ipAddress, { version: 'v1beta1', deprecated: going('networking.k8s.io', 'v1beta1', 'IPAddress', 34, 37) }),
  defineTwin(serviceCidr, { version: 'v1beta1', deprecated: going('networking.k8s.io', 'v1beta1', 'ServiceCIDR', 34, 37) }),
  defineTwin(volumeAttributesClass, { version: 'v1beta1', deprecated: going('storage.k8s.io', 'v1beta1', 'VolumeAttributesClass', 34, 37) }),
  ...['v1beta2', 'v1beta1'].flatMap(version => [
    defineTwin(deviceClass, { version, deprecated: dra(version, 'DeviceClass') }),
    defineTwin(resourceClaim, { version, deprecated: dra(version, 'ResourceClaim'), ...(version === 'v1beta1' ? claimV1beta1 : {}) }),
    defineTwin(resourceClaimTemplate, { version, deprecated: dra(version, 'ResourceClaimTemplate'), ...(version === 'v1beta1' ? templateV1beta1 : {}) }),
    defineTwin(resourceSlice, { version, deprecated: dra(version, 'ResourceSlice'), ...(version === 'v1beta1' ? sliceV1beta1 : {}) }),
  ]),
  ...['v1beta1', 'v1alpha1'].flatMap(version => [defineTwin(mutatingAdmissionPolicy, { version }), defineTwin(mutatingAdmissionPolicyBinding, { version })]),
  defineTwin(clusterTrustBundle, { version: 'v1alpha1' }),
  defineTwin(leaseCandidate, { version: 'v1alpha2' }),
];

/** Served after the kinds of index.ts; no list, page or controller knows them. */
export const alsoServed: readonly KindSpec[] = [
  tokenReview, selfSubjectReview, localSubjectAccessReview, selfSubjectAccessReview, selfSubjectRulesReview, subjectAccessReview, horizontalPodAutoscalerV1,
  binding, componentStatus, nodeMetrics, podMetrics, ...older,
];
