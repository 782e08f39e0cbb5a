// What upstream's server brings along for its priority and fairness (facts of Kubernetes 1.36): the levels and flow schemas every
// cluster has. Two of each are mandatory: their spec cannot be another.
import type { FlowSchemaSpec, FlowcontrolSubject, PolicyRulesWithSubjects, PriorityLevelConfigurationSpec, ResourcePolicyRule } from '../../types/kubernetes.ts';


const group = (name: string): FlowcontrolSubject => ({ kind: 'Group', group: { name } });
const user = (name: string): FlowcontrolSubject => ({ kind: 'User', user: { name } });
const systemAccount = (name: string): FlowcontrolSubject => ({ kind: 'ServiceAccount', serviceAccount: { name, namespace: 'kube-system' } });
const EVERYBODY = [group('system:unauthenticated'), group('system:authenticated')];
const MANAGERS = [user('system:kube-controller-manager'), user('system:kube-scheduler')];

const on = (verbs: string[], apiGroup: string, ...resources: string[]): ResourcePolicyRule => ({ verbs, apiGroups: [apiGroup], resources, namespaces: ['*'] });
const everything = (...subjects: FlowcontrolSubject[]): PolicyRulesWithSubjects[] => [{
  subjects, resourceRules: [{ ...on(['*'], '*', '*'), clusterScope: true }], nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}];
const schema = (level: string, matchingPrecedence: number, by: 'ByUser' | 'ByNamespace' | undefined, rules: PolicyRulesWithSubjects[]): FlowSchemaSpec =>
  ({ priorityLevelConfiguration: { name: level }, matchingPrecedence, ...(by ? { distinguisherMethod: { type: by } } : {}), rules });
const LEADING = ['get', 'create', 'update'];
const LEASES = on(LEADING, 'coordination.k8s.io', 'leases');

/** Flow schemas by name. */
export const DEFAULT_FLOW_SCHEMAS: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: schema('exempt', 1, undefined, everything(group('system:masters'))),
  probes: schema('exempt', 2, undefined, [{ subjects: EVERYBODY, nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] }]),
  'system-leader-election': schema('leader-election', 100, 'ByUser', [{ subjects: [...MANAGERS, systemAccount('*')], resourceRules: [LEASES] }]),
  'endpoint-controller': schema('workload-high', 150, 'ByUser', [{
    subjects: [MANAGERS[0]!, systemAccount('endpoint-controller'), systemAccount('endpointslicemirroring-controller')], resourceRules: [on(LEADING, '', 'endpoints')],
  }]),
  'workload-leader-election': schema('leader-election', 200, 'ByUser', [{ subjects: [systemAccount('*')], resourceRules: [LEASES] }]),
  'system-node-high': schema('node-high', 400, 'ByUser', [{
    subjects: [group('system:nodes')], resourceRules: [{ ...on(['*'], '', 'nodes', 'nodes/status'), clusterScope: true }, on(['*'], 'coordination.k8s.io', 'leases')],
  }]),
  'system-nodes': schema('system', 500, 'ByUser', everything(group('system:nodes'))),
  'kube-controller-manager': schema('workload-high', 800, 'ByNamespace', everything(MANAGERS[0]!)),
  'kube-scheduler': schema('workload-high', 800, 'ByNamespace', everything(MANAGERS[1]!)),
  'kube-system-service-accounts': schema('workload-high', 900, 'ByNamespace', everything(systemAccount('*'))),
  'service-accounts': schema('workload-low', 9000, 'ByUser', everything(group('system:serviceaccounts'))),
  'global-default': schema('global-default', 9900, 'ByUser', everything(...EVERYBODY)),
  'catch-all': schema('catch-all', 10_000, 'ByUser', everything(...EVERYBODY)),
};

const queued = (nominalConcurrencyShares: number, lendablePercent: number, queues: number, handSize: number): PriorityLevelConfigurationSpec => ({
  type: 'Limited', limited: { nominalConcurrencyShares, lendablePercent, limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } } },
});

/** Priority levels by name. */
export const DEFAULT_PRIORITY_LEVELS: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': { type: 'Limited', limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } } },
  system: queued(30, 33, 64, 6),
  'node-high': queued(40, 25, 64, 6),
  'leader-election': queued(10, 0, 16, 4),
  'workload-high': queued(40, 50, 128, 6),
  'workload-low': queued(100, 90, 128, 6),
  'global-default': queued(20, 50, 128, 6),
};

/** Names whose objects always exist, with the spec above. */
export const MANDATORY: readonly string[] = ['exempt', 'catch-all'];
