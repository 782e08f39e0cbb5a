import { describe, expect, it } from 'vitest';
import { parseSchedulerConfiguration } from './configuration.ts';

const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const withArgs = (name: string, args: string): string => `${HEAD}profiles: [{pluginConfig: [{name: ${name}, args: ${args}}]}]`;
const argsOf = (name: string, args: string): unknown => parseSchedulerConfiguration(withArgs(name, args)).profiles[0]!.pluginConfig![name];
const wrong = (text: string): string => {
  try { parseSchedulerConfiguration(text); } catch (e) { return (e as Error).message; }
  return '';
};

describe('configuration', () => {
  it('profiles, plug-ins and their arguments are read as kube-scheduler reads them', () => {
    expect(parseSchedulerConfiguration(`${HEAD}leaderElection: {leaderElect: false}
podInitialBackoffSeconds: 2
percentageOfNodesToScore: 30
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  percentageOfNodesToScore: 50
  plugins:
    score: {disabled: [{name: NodeResourcesBalancedAllocation}], enabled: [{name: NodeResourcesFit, weight: 5}]}
  pluginConfig:
  - name: NodeResourcesFit
    args: {apiVersion: kubescheduler.config.k8s.io/v1, kind: NodeResourcesFitArgs, scoringStrategy: {type: MostAllocated}}
`)).toEqual({
      backoff: { first: 2000, most: 10_000 }, extenders: [],
      profiles: [
        { schedulerName: 'default-scheduler', plugins: {}, pluginConfig: {}, percentageOfNodesToScore: 30 },
        {
          schedulerName: 'packer', percentageOfNodesToScore: 50, plugins: { score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }] } },
          pluginConfig: { NodeResourcesFit: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }] } } },
        },
      ],
    });
  });
  it('a file that says nothing is the default scheduler', () => { expect(parseSchedulerConfiguration(HEAD).profiles).toEqual([{ schedulerName: 'default-scheduler', percentageOfNodesToScore: 0, plugins: {}, pluginConfig: {} }]); });
  it('all that is wrong is said at once', () => {
    expect(wrong('kind: Pod\nspeed: 1\nparallelism: 0\npercentageOfNodesToScore: 101\npodInitialBackoffSeconds: 20\npodMaxBackoffSeconds: 10\nprofiles: [{schedulerName: a}, {schedulerName: a, plugins: {scores: {}, bind: {enabled: [{}]}}, pluginConfig: [{args: {}}]}, {}]')).toBe([
      'expected kind KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1, got Pod of none', 'strict decoding error: unknown field "speed", unknown field "profiles[1].plugins.scores"',
      'parallelism: Invalid value: 0: should be an integer value greater than zero', 'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
      'podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds',
      'profiles[0].percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]', 'profiles[1].percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
      'profiles[1].plugins.bind.enabled[0].name: Required value', 'profiles[1].pluginConfig[0].name: Required value',
      'profiles[2].schedulerName: Required value', 'profiles[2].percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]', 'profiles[1].schedulerName: Duplicate value: profiles[0].schedulerName',
    ].join('; '));
  });
  it.each([
    ['a value of another sort', 'profiles: {}', 'profiles: Invalid value: {}: must be a list'],
    ['a backoff of none', 'podInitialBackoffSeconds: 0', 'podInitialBackoffSeconds: Invalid value: 0: must be greater than 0'],
    ['another order of the queue in a second profile', 'profiles: [{schedulerName: a, plugins: {queueSort: {enabled: [{name: Mine}]}}}, {schedulerName: b}]', 'profiles[1].plugins.queueSort: Invalid value: {}: must be the same for all profiles'],
    ['two orders', 'profiles: [{plugins: {queueSort: {enabled: [{name: A}, {name: B}]}}}]', 'profiles[0].plugins.queueSort.Enabled: Invalid value: 2: only one queue sort plugin can be enabled'],
    ['a plug-in that is gone', 'profiles: [{plugins: {filter: {enabled: [{name: EBSLimits}]}}}]', 'profiles[0].plugins.filter.enabled[0]: Invalid value: "EBSLimits": was invalid in version "kubescheduler.config.k8s.io/v1" (KubeSchedulerConfiguration is version "kubescheduler.config.k8s.io/v1")'],
    ['arguments twice', 'profiles: [{pluginConfig: [{name: A}, {name: A}]}]', 'profiles[0].pluginConfig[1]: Duplicate value: "A"'],
  ])('refused: %s', (_, text, message) => { expect(wrong(HEAD + text)).toBe(message); });
});

describe("plug-ins' arguments", () => {
  it.each([
    ['DefaultPreemption', '{minCandidateNodesPercentage: 50}', { minCandidateNodesPercentage: 50, minCandidateNodesAbsolute: 100 }],
    ['InterPodAffinity', '{}', { hardPodAffinityWeight: 1 }],
    ['NodeResourcesFit', '{ignoredResources: [foo], scoringStrategy: {type: LeastAllocated, resources: [{name: cpu}, {name: memory, weight: 0}]}}', { ignoredResources: ['foo'], scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }] } }],
    ['PodTopologySpread', 'null', { defaultingType: 'System' }],
    ['VolumeBinding', '', { bindTimeoutSeconds: 600 }],
    ['NodeResourcesBalancedAllocation', '{}', { resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }] }],
    ['SomebodyElses', '{foo: bar}', { foo: 'bar' }],
  ])('%s %s are completed', (name, args, expected) => { expect(argsOf(name, args)).toEqual(expected); });

  const AT = 'profiles[0].pluginConfig[0].args';
  it.each([
    ['DefaultPreemption', '{kind: InterPodAffinityArgs}', 'decoding .profiles[0].pluginConfig[0]: args for plugin DefaultPreemption were not of type DefaultPreemptionArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io'],
    ['NodeResourcesFit', '{scoringStrategy: {type: LeastAllocated, resources: [{Name: cpu, Weight: 1}]}}', 'strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "scoringStrategy.resources[0].Name", unknown field "scoringStrategy.resources[0].Weight"'],
    ['DefaultPreemption', '{minCandidateNodesPercentage: 200, minCandidateNodesAbsolute: -1}', `${AT}.minCandidateNodesPercentage: Invalid value: 200: not in valid range [0, 100]; ${AT}.minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)`],
    ['DefaultPreemption', '{minCandidateNodesPercentage: 0, minCandidateNodesAbsolute: 0}', `${AT}.minCandidateNodesPercentage: Invalid value: 0: cannot be zero at the same time as minCandidateNodesAbsolute; ${AT}.minCandidateNodesAbsolute: Invalid value: 0: cannot be zero at the same time as minCandidateNodesPercentage`],
    ['DefaultPreemption', '{minCandidateNodesPercentage: many}', `${AT}.minCandidateNodesPercentage: Invalid value: "many": must be a whole number`],
    ['InterPodAffinity', '{hardPodAffinityWeight: 101}', `${AT}.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]`],
    ['NodeAffinity', '{addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: foo, operator: In}]}]}}}', `${AT}.addedAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`],
    ['NodeResourcesBalancedAllocation', '{resources: [{name: cpu, weight: 2}, {name: cpu}]}', `${AT}.resources[0].weight: Invalid value: 2: must be 1; ${AT}.resources[1].name: Duplicate value: "cpu"`],
    ['NodeResourcesFit', '{scoringStrategy: {type: Best, resources: [{name: cpu, weight: 101}]}}', `${AT}.scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"; ${AT}.scoringStrategy.resources[0].weight: Invalid value: 101: resource weight of cpu not in valid range (0, 100]`],
    ['NodeResourcesFit', '{ignoredResourceGroups: [example.com/x], scoringStrategy: {type: RequestedToCapacityRatio}}', `${AT}.ignoredResourceGroups[0]: Invalid value: "example.com/x": resource group name can't contain '/'; ${AT}.scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio`],
    ['NodeResourcesFit', '{scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: {shape: [{utilization: 50, score: 11}, {utilization: 50}]}}}', `${AT}.scoringStrategy.requestedToCapacityRatio.shape[1].utilization: Invalid value: 50: values must be sorted in increasing order; ${AT}.scoringStrategy.requestedToCapacityRatio.shape[0].score: Invalid value: 11: not in valid range [0, 10]`],
    ['NodeResourcesFit', '{scoringStrategy: {type: MostAllocated, requestedToCapacityRatio: {shape: []}}}', `${AT}.scoringStrategy.requestedToCapacityRatio: Forbidden: must be nil when type is not RequestedToCapacityRatio`],
    ['PodTopologySpread', '{defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]}', `${AT}.defaultingType: Invalid value: "System": when .defaultConstraints are not empty`],
    ['PodTopologySpread', '{defaultingType: List, defaultConstraints: [{topologyKey: "", whenUnsatisfiable: Never, labelSelector: {}}, {maxSkew: 1, topologyKey: a}, {maxSkew: 1, topologyKey: a}]}',
      `${AT}.defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf); ${AT}.defaultConstraints[0].topologyKey: Required value: can not be empty; ${AT}.defaultConstraints[0].whenUnsatisfiable: Unsupported value: "Never": supported values: "DoNotSchedule", "ScheduleAnyway"; `
      + `${AT}.defaultConstraints[0].labelSelector: Forbidden: constraint must not define a selector, as they deduced for each pod; ${AT}.defaultConstraints[1].whenUnsatisfiable: Required value: can not be empty; ${AT}.defaultConstraints[2].whenUnsatisfiable: Required value: can not be empty; ${AT}.defaultConstraints[2]: Duplicate value: "{a, }"`],
    ['VolumeBinding', '{bindTimeoutSeconds: -1, shape: [{utilization: 0, score: 0}]}', `${AT}.bindTimeoutSeconds: Invalid value: -1: invalid BindTimeoutSeconds, should not be a negative value; ${AT}.shape: Invalid value: [{"utilization":0,"score":0}]: unexpected field \`shape\`, remove it or turn on the feature gate StorageCapacityScoring`],
  ])('%s %s are refused', (name, args, message) => { expect(wrong(withArgs(name, args))).toBe(message); });
});

describe('extenders', () => {
  it('are read, those that may fail last, and what they account for is no matter of the node', () => {
    const c = parseSchedulerConfiguration(`${HEAD}extenders:
- {urlPrefix: "http://127.0.0.1:1/x", filterVerb: filter, ignorable: true, httpTimeout: 1m30s}
- {urlPrefix: "https://127.0.0.1:2", prioritizeVerb: prioritize, weight: 3, bindVerb: bind, preemptVerb: preempt, enableHTTPS: true, nodeCacheCapable: true, tlsConfig: {insecure: true}, managedResources: [{name: example.com/foo, ignoredByScheduler: true}]}
`);
    expect(c.extenders.map(e => [e.urlPrefix, e.timeout, e.weight, e.ignorable])).toEqual([['https://127.0.0.1:2', 5000, 3, false], ['http://127.0.0.1:1/x', 90_000, 0, true]]);
    expect(c.profiles[0]!.pluginConfig).toEqual({ NodeResourcesFit: { ignoredResources: ['example.com/foo'] } });
  });
  it.each([
    ['{urlPrefix: "http://x", prioritizeVerb: p}', 'extenders[0].weight: Invalid value: 0: must have a positive weight applied to it'],
    ['{urlPrefix: "http://x", bindVerb: b}, {urlPrefix: "http://x", bindVerb: b}', 'extenders: Invalid value: "found 2 extenders implementing bind": only one extender can implement bind'],
    ['{urlPrefix: "http://x", managedResources: [{name: cpu}]}', 'extenders[0].managedResources[0].name: Invalid value: "cpu": is an invalid extended resource name'],
    ['{urlPrefix: "http://x", managedResources: [{name: a.b/c}, {name: a.b/c}]}', 'extenders[0].managedResources[1].name: Invalid value: "a.b/c": duplicate extender managed resource name'],
    ['{urlPrefix: "http://x", httpTimeout: soon}', 'extenders[0].httpTimeout: Invalid value: "soon": must be a duration, as in 5s'],
    ['{filterVerb: f, speed: 1}', 'strict decoding error: unknown field "extenders[0].speed"; extenders[0].urlPrefix: Invalid value: "": must be an address that starts with http:// or https://'],
  ])('%s is refused', (list, message) => { expect(wrong(`${HEAD}extenders: [${list}]`)).toBe(message); });
});
