// The cluster roles every cluster has (Kubernetes 1.36): facts, in a short hand that default-policy.ts reads.
// A rule is `VERBS : GROUPS : RESOURCES [: NAMES]`, words parted by blanks; `core` is the group without a name; paths in place of
// resources make a rule on URLs. RO, RU, RW and WR are the usual sets of verbs.

/** Roles by name; `aggregate` names the roles they flow into, `from` the label they are collected by. */
export interface RoleFact { readonly name: string; readonly aggregate?: string; readonly from?: string; readonly rules?: readonly string[] }

/** Events of any component. */
export const EVENTS = 'create patch update : core events.k8s.io : events';
const SAR = ['create : authentication.k8s.io : tokenreviews', 'create : authorization.k8s.io : subjectaccessreviews'] as const;
const LIVE = '/healthz /livez /readyz /version /version/';

const approver = (signer: string): RoleFact => ({ name: `system:certificates.k8s.io:${signer}-approver`, rules: [`approve : certificates.k8s.io : signers : kubernetes.io/${signer}`] });

export const ROLES: readonly RoleFact[] = [
  { name: 'cluster-admin', rules: ['* : * : *', '* : : *'] },
  { name: 'system:discovery', rules: [`get : : /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/`] },
  { name: 'system:public-info-viewer', rules: [`get : : ${LIVE}`] },
  { name: 'system:monitoring', rules: ['get : : /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*', 'get : : /flagz', 'get : : /statusz'] },
  { name: 'system:basic-user', rules: ['create : authorization.k8s.io : selfsubjectaccessreviews selfsubjectrulesreviews', 'create : authentication.k8s.io : selfsubjectreviews'] },
  { name: 'admin', from: 'admin' },
  { name: 'edit', from: 'edit', aggregate: 'admin' },
  { name: 'view', from: 'view', aggregate: 'edit' },
  { name: 'system:aggregate-to-admin', aggregate: 'admin', rules: ['create : authorization.k8s.io : localsubjectaccessreviews', 'RW : rbac.authorization.k8s.io : rolebindings roles'] },
  {
    name: 'system:aggregate-to-edit', aggregate: 'edit',
    rules: [
      'RO : core : pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy',
      'impersonate : core : serviceaccounts',
      'WR : core : pods pods/attach pods/exec pods/portforward pods/proxy',
      'create : core : pods/eviction',
      'WR : core : configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
      'create : core : serviceaccounts/token',
      'WR : apps : daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
      'WR : autoscaling : horizontalpodautoscalers',
      'WR : batch : cronjobs jobs',
      'WR : extensions : daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
      'WR : policy : poddisruptionbudgets',
      'WR : networking.k8s.io : ingresses networkpolicies',
      'RW : coordination.k8s.io : leases',
      'WR : resource.k8s.io : resourceclaims resourceclaimtemplates',
    ],
  },
  {
    name: 'system:aggregate-to-view', aggregate: 'view',
    rules: [
      'RO : core : configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
      'RO : core : bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
      'RO : core : namespaces',
      'RO : discovery.k8s.io : endpointslices',
      'RO : apps : controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
      'RO : autoscaling : horizontalpodautoscalers horizontalpodautoscalers/status',
      'RO : batch : cronjobs cronjobs/status jobs jobs/status',
      'RO : extensions : daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
      'RO : policy : poddisruptionbudgets poddisruptionbudgets/status',
      'RO : networking.k8s.io : ingresses ingresses/status networkpolicies',
      'RO : resource.k8s.io : resourceclaims resourceclaims/status resourceclaimtemplates',
    ],
  },
  { name: 'system:heapster', rules: ['RO : core : events namespaces nodes pods', 'RO : extensions : deployments'] },
  {
    name: 'system:node',
    rules: [
      'create : authentication.k8s.io : tokenreviews', 'create : authorization.k8s.io : localsubjectaccessreviews subjectaccessreviews', 'RO : core : services',
      'create get list watch : core : nodes', 'patch update : core : nodes/status', 'patch update : core : nodes', 'create patch update : core : events',
      'RO : core : pods', 'create delete : core : pods', 'patch update : core : pods/status', 'create : core : pods/eviction', 'RO : core : configmaps secrets',
      'get : core : persistentvolumeclaims persistentvolumes', 'get : core : endpoints', 'create get list watch : certificates.k8s.io : certificatesigningrequests',
      'create delete get patch update : coordination.k8s.io : leases', 'get : storage.k8s.io : volumeattachments', 'create : core : serviceaccounts/token', 'get : core : serviceaccounts',
      'get patch update : core : persistentvolumeclaims/status', 'RO : storage.k8s.io : csidrivers', 'create delete get patch update : storage.k8s.io : csinodes', 'RO : node.k8s.io : runtimeclasses',
      'get : resource.k8s.io : resourceclaims', 'deletecollection : resource.k8s.io : resourceslices', 'RO : certificates.k8s.io : clustertrustbundles',
      'create get list watch : certificates.k8s.io : podcertificaterequests',
    ],
  },
  { name: 'system:node-problem-detector', rules: ['get : core : nodes', 'patch : core : nodes/status', EVENTS] },
  { name: 'system:kubelet-api-admin', rules: ['RO : core : nodes', 'proxy : core : nodes', '* : core : nodes/log nodes/metrics nodes/proxy nodes/stats', '* : core : nodes/configz nodes/healthz nodes/pods'] },
  { name: 'system:node-bootstrapper', rules: ['create get list watch : certificates.k8s.io : certificatesigningrequests'] },
  { name: 'system:auth-delegator', rules: [...SAR] },
  { name: 'system:kube-aggregator', rules: ['RO : core : endpoints services'] },
  {
    name: 'system:kube-controller-manager',
    rules: [
      EVENTS, 'create : coordination.k8s.io : leases', 'get update : coordination.k8s.io : leases : kube-controller-manager', 'create : core : secrets serviceaccounts', 'delete : core : secrets',
      'get : core : configmaps namespaces secrets serviceaccounts', 'update : core : secrets serviceaccounts', ...SAR, 'list watch : * : *', 'create : core : serviceaccounts/token',
    ],
  },
  {
    name: 'system:kube-scheduler',
    rules: [
      EVENTS, 'create : coordination.k8s.io : leases', 'get list update watch : coordination.k8s.io : leases : kube-scheduler', 'RW : coordination.k8s.io : leasecandidates', 'RO : core : nodes',
      'delete get list watch : core : pods', 'create : core : bindings pods/binding', 'patch update : core : pods/status', 'RO : core : replicationcontrollers services', 'RO : apps extensions : replicasets',
      'RO : apps : statefulsets', 'RO : policy : poddisruptionbudgets', 'RO : core : persistentvolumeclaims persistentvolumes', ...SAR, 'RO : storage.k8s.io : csinodes', 'RO : storage.k8s.io : volumeattachments', 'RO : core : namespaces',
      'RO : storage.k8s.io : csidrivers', 'RO : storage.k8s.io : csistoragecapacities', 'RO : resource.k8s.io : deviceclasses', 'RU : resource.k8s.io : resourceclaims', 'RU : resource.k8s.io : resourceclaims/status',
      'RU : core : pods/finalizers', 'RO : resource.k8s.io : resourceslices',
    ],
  },
  { name: 'system:kube-dns', rules: ['list watch : core : endpoints services'] },
  { name: 'system:persistent-volume-provisioner', rules: ['create delete get list watch : core : persistentvolumes', 'get list update watch : core : persistentvolumeclaims', 'RO : storage.k8s.io : storageclasses', 'watch : core : events', EVENTS] },
  { name: 'system:volume-scheduler', rules: ['get list patch update watch : core : persistentvolumes', 'RO : storage.k8s.io : storageclasses', 'get list patch update watch : core : persistentvolumeclaims'] },
  { name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient', rules: ['create : certificates.k8s.io : certificatesigningrequests/nodeclient'] },
  { name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient', rules: ['create : certificates.k8s.io : certificatesigningrequests/selfnodeclient'] },
  ...['legacy-unknown', 'kubelet-serving', 'kube-apiserver-client', 'kube-apiserver-client-kubelet'].map(approver),
  { name: 'system:node-proxier', rules: ['list watch : core : endpoints services', 'RO : core : nodes', EVENTS, 'list watch : networking.k8s.io : servicecidrs', 'list watch : discovery.k8s.io : endpointslices'] },
  { name: 'system:service-account-issuer-discovery', rules: ['get : : /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/'] },
  { name: 'system:cluster-trust-bundle-discovery', rules: ['RO : certificates.k8s.io : clustertrustbundles'] },
];

/** Who holds them: `User:…`, `Group:…`, `ServiceAccount:NAMESPACE/NAME`. */
export const BINDINGS: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': ['Group:system:masters'],
  'system:monitoring': ['Group:system:monitoring'],
  'system:discovery': ['Group:system:authenticated'],
  'system:basic-user': ['Group:system:authenticated'],
  'system:public-info-viewer': ['Group:system:authenticated', 'Group:system:unauthenticated'],
  'system:node-proxier': ['User:system:kube-proxy'],
  'system:kube-controller-manager': ['User:system:kube-controller-manager'],
  'system:kube-dns': ['ServiceAccount:kube-system/kube-dns'],
  'system:kube-scheduler': ['User:system:kube-scheduler'],
  'system:volume-scheduler': ['User:system:kube-scheduler'],
  // The Node authorizer knows nodes better than a role could.
  'system:node': [],
  'system:service-account-issuer-discovery': ['Group:system:serviceaccounts'],
  'system:cluster-trust-bundle-discovery': ['Group:system:serviceaccounts'],
};

/** Roles of single namespaces, with whom they are bound to; `binding` where it has another name. */
export interface NamespacedFact { readonly namespace: string; readonly name: string; readonly binding?: string; readonly rules: readonly string[]; readonly subjects: readonly string[] }
const LOCK = ['create get list update watch : coordination.k8s.io : leases', 'create get list update watch : coordination.k8s.io : leasecandidates'];

export const NAMESPACED: readonly NamespacedFact[] = [
  {
    namespace: 'kube-system', name: 'extension-apiserver-authentication-reader', binding: 'system::extension-apiserver-authentication-reader', rules: ['RO : core : configmaps : extension-apiserver-authentication'],
    subjects: ['User:system:kube-controller-manager', 'User:system:kube-scheduler'],
  },
  { namespace: 'kube-system', name: 'system:controller:bootstrap-signer', rules: ['RO : core : secrets'], subjects: ['ServiceAccount:kube-system/bootstrap-signer'] },
  { namespace: 'kube-system', name: 'system:controller:cloud-provider', rules: ['create get list watch : core : configmaps'], subjects: ['ServiceAccount:kube-system/cloud-provider'] },
  { namespace: 'kube-system', name: 'system:controller:token-cleaner', rules: ['delete get list watch : core : secrets', EVENTS], subjects: ['ServiceAccount:kube-system/token-cleaner'] },
  {
    namespace: 'kube-system', name: 'system::leader-locking-kube-controller-manager', rules: LOCK,
    subjects: ['User:system:kube-controller-manager', 'ServiceAccount:kube-system/kube-controller-manager', 'ServiceAccount:kube-system/leader-election-controller'],
  },
  { namespace: 'kube-system', name: 'system::leader-locking-kube-scheduler', rules: LOCK, subjects: ['User:system:kube-scheduler', 'ServiceAccount:kube-system/kube-scheduler'] },
  { namespace: 'kube-public', name: 'system:controller:bootstrap-signer', rules: ['RO : core : configmaps', 'update : core : configmaps : cluster-info', EVENTS], subjects: ['ServiceAccount:kube-system/bootstrap-signer'] },
  // As kubeadm makes it: who wants to join reads the cluster's address and authority before it is anybody.
  { namespace: 'kube-public', name: 'kubeadm:bootstrap-signer-clusterinfo', rules: ['get : core : configmaps : cluster-info'], subjects: ['User:system:anonymous'] },
];
