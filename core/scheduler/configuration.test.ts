import { describe, expect, it } from 'vitest';
import { parseSchedulerConfiguration } from './configuration.ts';

const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';

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
    args: {scoringStrategy: {type: MostAllocated}}
`)).toEqual({
      backoff: { first: 2000, most: 10_000 },
      profiles: [
        { schedulerName: 'default-scheduler', plugins: {}, pluginConfig: {}, percentageOfNodesToScore: 30 },
        {
          schedulerName: 'packer', percentageOfNodesToScore: 50, plugins: { score: { disabled: [{ name: 'NodeResourcesBalancedAllocation' }], enabled: [{ name: 'NodeResourcesFit', weight: 5 }] } },
          pluginConfig: { NodeResourcesFit: { scoringStrategy: { type: 'MostAllocated' } } },
        },
      ],
    });
  });
  it('a file that says nothing is the default scheduler', () => { expect(parseSchedulerConfiguration(HEAD).profiles).toEqual([{ schedulerName: 'default-scheduler', percentageOfNodesToScore: 0 }]); });
  it('all that is wrong is said at once', () => {
    expect(() => parseSchedulerConfiguration('kind: Pod\nextenders: []\nspeed: 1\npodInitialBackoffSeconds: 20\npodMaxBackoffSeconds: 10\nprofiles: [{schedulerName: a}, {schedulerName: a, plugins: {scores: {}, bind: {enabled: [{}]}}, pluginConfig: [{args: {}}]}]'))
      .toThrow(['expected kind KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1, got Pod of none', 'extenders: not supported: Pilothouse calls no scheduler extenders', 'speed: unknown field',
        'podMaxBackoffSeconds: Invalid value: 10: must be a whole number from 20', 'profiles[1].schedulerName: Duplicate value: "a"', 'profiles[1].plugins.scores: unknown field', 'profiles[1].plugins.bind.enabled[0].name: Required value',
        'profiles[1].pluginConfig[0].name: Required value'].join('; '));
  });
});
