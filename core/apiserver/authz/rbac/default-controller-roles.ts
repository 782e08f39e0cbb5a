// What each controller may do, by the name of its service account in kube-system (Kubernetes 1.36); see default-roles.ts for the short hand.
// Each becomes the cluster role and binding `system:controller:NAME`.
import { EVENTS } from './default-roles.ts';

const SIGNERS = 'kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown';
const E = EVENTS;

export const CONTROLLER_ROLES: Readonly<Record<string, readonly string[]>> = {
  'attachdetach-controller': [
    'list watch : core : persistentvolumeclaims persistentvolumes', 'RO : core : nodes', 'patch update : core : nodes/status', 'list watch : core : pods', E,
    'create delete get list watch : storage.k8s.io : volumeattachments', 'RO : storage.k8s.io : csidrivers', 'RO : storage.k8s.io : csinodes',
  ],
  'clusterrole-aggregation-controller': ['escalate get list patch update watch : rbac.authorization.k8s.io : clusterroles'],
  'cronjob-controller': [
    'get list update watch : batch : cronjobs', 'create delete get list patch update watch : batch : jobs', 'update : batch : cronjobs/status', 'update : batch : cronjobs/finalizers',
    'delete list watch : core : pods', E,
  ],
  'daemon-set-controller': [
    'RO : apps extensions : daemonsets', 'update : apps extensions : daemonsets/status', 'update : apps extensions : daemonsets/finalizers', 'list watch : core : nodes',
    'create delete list patch watch : core : pods', 'create : core : pods/binding', 'create delete get list patch update watch : apps : controllerrevisions', E,
  ],
  'deployment-controller': [
    'get list update watch : apps extensions : deployments', 'update : apps extensions : deployments/status', 'update : apps extensions : deployments/finalizers',
    'create delete get list patch update watch : apps extensions : replicasets', 'get list update watch : core : pods', E,
  ],
  'disruption-controller': [
    'RO : apps extensions : deployments', 'RO : apps extensions : replicasets', 'RO : core : replicationcontrollers', 'RO : policy : poddisruptionbudgets', 'RO : apps : statefulsets',
    'update : policy : poddisruptionbudgets/status', 'patch update : core : pods/status', 'get : * : */scale', E,
  ],
  'endpoint-controller': ['RO : core : pods services', 'create delete get list update watch : core : endpoints', 'create : core : endpoints/restricted', E],
  'endpointslice-controller': ['RO : core : nodes pods services', 'update : core : services/finalizers', 'create delete get list update watch : discovery.k8s.io : endpointslices', E],
  'endpointslicemirroring-controller': [
    'RO : core : endpoints services', 'update : core : services/finalizers', 'update : core : endpoints/finalizers', 'create delete get list update watch : discovery.k8s.io : endpointslices', E,
  ],
  'expand-controller': ['get list patch update watch : core : persistentvolumes', 'patch update : core : persistentvolumeclaims/status', 'RO : core : persistentvolumeclaims', E, 'get : core : services'],
  'ephemeral-volume-controller': ['RO : core : pods', 'update : core : pods/finalizers', 'create get list watch : core : persistentvolumeclaims', E],
  'resource-claim-controller': [
    'RO : core : pods', 'update : core : pods/finalizers', 'create delete get list watch : resource.k8s.io : resourceclaims', 'patch update : resource.k8s.io : resourceclaims resourceclaims/status',
    'patch update : core : pods/status', E,
  ],
  'device-taint-eviction-controller': ['delete get list watch : core : pods', 'patch update : core : pods/status', ...['resourceclaims', 'resourceslices', 'deviceclasses', 'devicetaintrules'].map(r => `RO : resource.k8s.io : ${r}`), E],
  'generic-garbage-collector': ['delete get list patch update watch : * : *', E],
  'horizontal-pod-autoscaler': [
    'RO : autoscaling : horizontalpodautoscalers', 'update : autoscaling : horizontalpodautoscalers/status', 'get update : * : */scale', 'list watch : core : pods', 'list watch : metrics.k8s.io : pods',
    'RO : custom.metrics.k8s.io : *', 'RO : external.metrics.k8s.io : *', E,
  ],
  'job-controller': ['get list patch update watch : batch : jobs', 'update : batch : jobs/status', 'update : batch : jobs/finalizers', 'create delete list patch watch : core : pods', E],
  'namespace-controller': ['delete get list watch : core : namespaces', 'update : core : namespaces/finalize namespaces/status', 'delete deletecollection get list watch : * : *'],
  'node-controller': ['delete get list patch update watch : core : nodes', 'patch update : core : nodes/status', 'patch update : core : pods/status', 'delete get list watch : core : pods', E],
  'persistent-volume-binder': [
    'create delete get list update watch : core : persistentvolumes', 'update : core : persistentvolumes/status', 'get list update watch : core : persistentvolumeclaims', 'update : core : persistentvolumeclaims/status',
    'create delete get list watch : core : pods', 'RO : storage.k8s.io : storageclasses', 'list watch : core : nodes', E, 'watch : core : events', 'get : core : services',
  ],
  'pod-garbage-collector': ['delete list watch : core : pods', 'RO : core : nodes', 'patch : core : pods/status'],
  'replicaset-controller': [
    'get list update watch : apps extensions : replicasets', 'update : apps extensions : replicasets/status', 'update : apps extensions : replicasets/finalizers', 'create delete list patch watch : core : pods', E,
  ],
  'replication-controller': [
    'get list update watch : core : replicationcontrollers', 'update : core : replicationcontrollers/status', 'update : core : replicationcontrollers/finalizers', 'create delete list patch watch : core : pods', E,
  ],
  'resourcequota-controller': ['list watch : * : *', 'update : core : resourcequotas/status', E],
  'route-controller': ['list watch : core : nodes', 'patch : core : nodes/status', E],
  'service-account-controller': ['create : core : serviceaccounts', E],
  'service-controller': ['RO : core : services', 'patch update : core : services/status', 'list watch : core : nodes', E],
  'service-cidrs-controller': [
    'get list patch update watch : networking.k8s.io : servicecidrs', 'patch update : networking.k8s.io : servicecidrs/finalizers', 'patch update : networking.k8s.io : servicecidrs/status',
    'RO : networking.k8s.io : ipaddresses', E,
  ],
  'statefulset-controller': [
    'list watch : core : pods', 'RO : apps : statefulsets', 'update : apps : statefulsets/status', 'update : apps : statefulsets/finalizers', 'create delete get patch update : core : pods',
    'create delete get list patch update watch : apps : controllerrevisions', 'create get list watch : core : persistentvolumeclaims', 'delete update : core : persistentvolumeclaims', 'update : core : pods/finalizers', E,
  ],
  'ttl-controller': ['list patch update watch : core : nodes', E],
  'certificate-controller': [
    'delete get list watch : certificates.k8s.io : certificatesigningrequests', 'update : certificates.k8s.io : certificatesigningrequests/approval certificatesigningrequests/status',
    'approve : certificates.k8s.io : signers : kubernetes.io/kube-apiserver-client-kubelet', `sign : certificates.k8s.io : signers : ${SIGNERS}`, 'create : authorization.k8s.io : subjectaccessreviews', E,
  ],
  'podcertificaterequestcleaner': ['delete get list watch : certificates.k8s.io : podcertificaterequests'],
  'pvc-protection-controller': ['get list update watch : core : persistentvolumeclaims', 'RO : core : pods', E],
  'pv-protection-controller': ['get list update watch : core : persistentvolumes', E],
  'volumeattributesclass-protection-controller': ['RO : core : persistentvolumeclaims', 'RO : core : persistentvolumes', 'get list update watch : storage.k8s.io : volumeattributesclasses', E],
  'ttl-after-finished-controller': ['delete get list watch : batch : jobs', E],
  'root-ca-cert-publisher': ['create update : core : configmaps', E],
  'kube-apiserver-serving-clustertrustbundle-publisher': ['attest : certificates.k8s.io : signers : kubernetes.io/kube-apiserver-serving', 'create delete list update watch : certificates.k8s.io : clustertrustbundles', E],
  'validatingadmissionpolicy-status-controller': ['RO : admissionregistration.k8s.io : validatingadmissionpolicies', 'get patch update : admissionregistration.k8s.io : validatingadmissionpolicies/status', E],
  'legacy-service-account-token-cleaner': ['get : core : configmaps : kube-apiserver-legacy-service-account-token-tracking', 'delete patch : core : secrets'],
  'storage-version-migrator-controller': ['create list patch watch : * : *', 'update : storagemigration.k8s.io : storageversionmigrations/status'],
  'selinux-warning-controller': [E, 'RO : core : persistentvolumes', 'RO : core : persistentvolumeclaims', 'RO : core : pods', 'RO : storage.k8s.io : csidrivers'],
};
