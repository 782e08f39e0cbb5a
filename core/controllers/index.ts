// The one array of controllers; start.ts runs those asked for.
import type { Controller } from './controller.ts';
import { deploymentController } from './deployment/controller.ts';
import { garbageCollectorController } from './garbage-collector/controller.ts';
import { cronJobController } from './cron-job/controller.ts';
import { disruptionController } from './disruption/controller.ts';
import { horizontalPodAutoscalerController } from './horizontal-pod-autoscaler/controller.ts';
import { jobController } from './job/controller.ts';
import { statefulSetController } from './stateful-set/controller.ts';
import { daemonSetController } from './daemon-set/controller.ts';
import { ttlAfterFinishedController } from './job/ttl.ts';
import { namespaceController } from './namespace/controller.ts';
import { nodeLifecycleController } from './node-lifecycle/controller.ts';
import { taintEvictionController } from './node-lifecycle/eviction.ts';
import { podGcController } from './pod-gc/controller.ts';
import { replicaSetController, replicationControllerController } from './replicaset/controller.ts';
import { serviceAccountController } from './service-account/controller.ts';
import { rootCaController } from './service-account/root-ca.ts';
import { endpointSliceController } from './services/endpoint-slice.ts';
import { endpointsController } from './services/endpoints.ts';
import { endpointSliceMirroringController } from './services/mirror.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/controller.ts';
import { resourceClaimController } from './resource-claim/controller.ts';
import { ephemeralVolumeController } from './ephemeral-volume/controller.ts';
import { persistentVolumeController } from './persistent-volume/controller.ts';
import { volumeExpandController } from './volume-expand/controller.ts';
import { volumeProvisionerController } from './volume-provisioner/controller.ts';
import { attributesProtectionController, claimProtectionController, volumeProtectionController } from './volume-protection/controller.ts';
import { bootstrapSignerController } from './bootstrap-signer/controller.ts';
import { serviceAccountTokenController } from './service-account-tokens/controller.ts';
import { ttlController } from './ttl/controller.ts';
import { tokenCleanerController } from './token-cleaner/controller.ts';
import { certificateApprovingController } from './certificates/approving.ts';
import { certificateCleanerController } from './certificates/cleaner.ts';
import { podCertificateRequestCleanerController } from './certificates/pod-requests.ts';
import { legacyTokenCleanerController } from './service-account-tokens/unused.ts';
import { certificateSigningController } from './certificates/signing.ts';

export const controllers: readonly Controller[] = [
  deploymentController, replicaSetController, replicationControllerController, namespaceController, garbageCollectorController,
  serviceAccountController, rootCaController, endpointsController, endpointSliceController, endpointSliceMirroringController,
  nodeLifecycleController, taintEvictionController, ttlController, podGcController,
  statefulSetController, daemonSetController,
  horizontalPodAutoscalerController, disruptionController,
  jobController, ttlAfterFinishedController, cronJobController,
  persistentVolumeController, volumeProvisionerController, volumeExpandController, ephemeralVolumeController, resourceClaimController,
  claimProtectionController, volumeProtectionController, attributesProtectionController,
  serviceAccountTokenController, tokenCleanerController, bootstrapSignerController,
  clusterRoleAggregationController, certificateApprovingController, certificateSigningController, certificateCleanerController, podCertificateRequestCleanerController,
  legacyTokenCleanerController,
];
