// Where a pod goes of all places it may: scores one by one and together, and whom it drives out where there is none.
import { describe, expect, it } from 'vitest';
import { decide, node, pod, type PodWords, type World } from '../../test/harness/scheduling.ts';
import type { Affinity, Pod, PodDisruptionBudget } from '../api/types/kubernetes.ts';

const x = (words: PodWords = {}): Pod => pod('x', words);
type Case = readonly [sentence: string, world: World, pod: Pod, expected: string];
const table = (cases: readonly Case[]): void => { it.each(cases)('%s', (_, world, p, expected) => expect(decide(world, p).node).toBe(expected)); };
/** Only this score counts. */
const only = (name: string, args: object = {}): World['profile'] => ({ plugins: { score: { disabled: [{ name: '*' }], enabled: [{ name }] } }, pluginConfig: { [name]: args } });
const using = (at: string, requests: Record<string, string>, more: PodWords = {}): Pod => pod(`p-${at}-${JSON.stringify(requests)}`, { on: at, requests, ...more });
const fit = (type: string, more: object = {}): World['profile'] => only('NodeResourcesFit', { scoringStrategy: { type, resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }], ...more } });

describe('resources', () => {
  const nodes = [node('a'), node('b')];
  const half = { cpu: '2', memory: '4Gi' };
  table([
    ['the emptier node, by default', { nodes, pods: [using('b', half)] }, x({ requests: { cpu: '1' } }), 'a'],
    ['the larger of two empty nodes', { nodes: [node('a', { cpu: '8', memory: '16Gi' }), node('b')], profile: fit('LeastAllocated') }, x({ requests: { cpu: '1', memory: '1Gi' } }), 'a'],
    ['pods without requests count with usual ones, so that they spread', { nodes, pods: [pod('p', { on: 'b' })], profile: fit('LeastAllocated') }, x(), 'a'],
    ['MostAllocated takes the fuller node', { nodes, pods: [using('a', half)], profile: fit('MostAllocated') }, x({ requests: { cpu: '1' } }), 'a'],
    ['a weight makes one resource count more', { nodes: [node('a', { cpu: '8', memory: '8Gi' }), node('b', { cpu: '4', memory: '64Gi' })], profile: fit('LeastAllocated', { resources: [{ name: 'cpu', weight: 10 }, { name: 'memory', weight: 1 }] }) }, x({ requests: { cpu: '2', memory: '4Gi' } }), 'a'],
    ['an extended resource counts for pods that ask for it', { nodes: [node('a', { 'example.com/gpu': '8' }), node('b', { 'example.com/gpu': '2' })], profile: fit('LeastAllocated', { resources: [{ name: 'example.com/gpu', weight: 1 }] }) }, x({ requests: { 'example.com/gpu': '1' } }), 'a'],
    ['RequestedToCapacityRatio follows its shape: packing', { nodes, pods: [using('a', half)], profile: fit('RequestedToCapacityRatio', { requestedToCapacityRatio: { shape: [{ utilization: 0, score: 0 }, { utilization: 100, score: 10 }] } }) }, x({ requests: { cpu: '1', memory: '1Gi' } }), 'a'],
    ['RequestedToCapacityRatio follows its shape: spreading', { nodes, pods: [using('b', half)], profile: fit('RequestedToCapacityRatio', { requestedToCapacityRatio: { shape: [{ utilization: 0, score: 10 }, { utilization: 100, score: 0 }] } }) }, x({ requests: { cpu: '1', memory: '1Gi' } }), 'a'],
    ['RequestedToCapacityRatio may like the middle best', { nodes: [node('a'), node('b'), node('c')], pods: [using('a', { cpu: '1', memory: '2Gi' }), using('b', { cpu: '3', memory: '6Gi' })], profile: fit('RequestedToCapacityRatio', { requestedToCapacityRatio: { shape: [{ utilization: 0, score: 0 }, { utilization: 50, score: 10 }, { utilization: 100, score: 0 }] } }) }, x({ requests: { cpu: '1', memory: '2Gi' } }), 'a'],
    ['shares of CPU and memory stay in balance', { nodes, pods: [using('a', { cpu: '3' }), using('b', { memory: '6Gi' })], profile: only('NodeResourcesBalancedAllocation') }, x({ requests: { memory: '2Gi', cpu: '100m' } }), 'a'],
    ['balance over three resources', { nodes: [node('a', { 'example.com/gpu': '4' }), node('b', { 'example.com/gpu': '4' })], pods: [using('a', { cpu: '2', memory: '4Gi' }), using('b', { 'example.com/gpu': '2' })], profile: only('NodeResourcesBalancedAllocation', { resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }, { name: 'example.com/gpu', weight: 1 }] }) }, x({ requests: { cpu: '100m', 'example.com/gpu': '2' } }), 'a'],
  ]);
});

describe('taints, labels, images', () => {
  const soft = { key: 'k', value: 'v', effect: 'PreferNoSchedule' };
  const prefer = (...p: [weight: number, key: string, value: string][]): { affinity: Affinity } => ({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: p.map(([weight, key, value]) => ({ weight, preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] } })) } } });
  const zones = [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z2', disk: 'ssd' } })];
  table([
    ['a node without soft taints', { nodes: [node('a'), node('b', { taints: [soft] })] }, x(), 'a'],
    ['the one with fewer', { nodes: [node('a', { taints: [soft] }), node('b', { taints: [soft, { ...soft, key: 'l' }] })] }, x(), 'a'],
    ['soft taints that are tolerated do not count', { nodes: [node('a', { taints: [soft] }), node('b', { taints: [{ ...soft, key: 'l' }] })] }, x({ tolerations: [{ key: 'k', operator: 'Exists' }] }), 'a'],
    ['soft taints outweigh room', { nodes: [node('a'), node('b', { taints: [soft] })], pods: [using('a', { cpu: '3', memory: '6Gi' })] }, x({ requests: { cpu: '500m' } }), 'a'],
    ['a preferred label', { nodes: zones }, x(prefer([1, 'zone', 'z1'])), 'a'],
    ['the larger weight', { nodes: zones }, x(prefer([10, 'zone', 'z1'], [5, 'zone', 'z2'])), 'a'],
    ['weights add up', { nodes: zones }, x(prefer([10, 'zone', 'z1'], [6, 'zone', 'z2'], [6, 'disk', 'ssd'])), 'b'],
    ['a preference nobody meets is none', { nodes: zones, pods: [using('b', { cpu: '1' })] }, x(prefer([10, 'zone', 'z9'])), 'a'],
    ['a profile may prefer as well', { nodes: zones, profile: { pluginConfig: { NodeAffinity: { addedAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1'] }] } }] } } } } }, x(), 'a'],
    ['a node that has the image', { nodes: [node('a', { images: { 'big:1': 900 } }), node('b')] }, x({ image: 'big:1' }), 'a'],
    ['an image without a tag is latest', { nodes: [node('a', { images: { 'big:latest': 900 } }), node('b')] }, x({ image: 'big' }), 'a'],
    ['a registry\'s port is no tag', { nodes: [node('a', { images: { 'reg:5000/big:latest': 900 } }), node('b')] }, x({ image: 'reg:5000/big' }), 'a'],
    ['a small image is not worth a thought', { nodes: [node('a'), node('b', { images: { 'small:1': 10 } })], pods: [using('b', { cpu: '100m', memory: '200Mi' })] }, x({ image: 'small:1' }), 'a'],
    ['more bytes of images', { nodes: [node('a', { images: { 'x:1': 500, 'y:1': 500 } }), node('b', { images: { 'x:1': 500 } })] }, x({ containers: [{ name: 'x', image: 'x:1' }, { name: 'y', image: 'y:1' }] }), 'a'],
  ]);
});

describe('pods', () => {
  const nodes = [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z1' } }), node('c', { labels: { zone: 'z2' } })];
  const on = (app: string, at: string, more: PodWords = {}): Pod => pod(`${app}-${at}`, { on: at, labels: { app }, ...more });
  const wish = (app: string, weight = 10, topologyKey = 'kubernetes.io/hostname') => ({ weight, podAffinityTerm: { topologyKey, labelSelector: { matchLabels: { app } } } });
  const near = (...w: ReturnType<typeof wish>[]): { affinity: Affinity } => ({ affinity: { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: w } } });
  const far = (...w: ReturnType<typeof wish>[]): { affinity: Affinity } => ({ affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: w } } });
  const required = (app: string): { affinity: Affinity } => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } }] } } });
  const ipa = (args: object = {}): { profile: World['profile'] } => ({ profile: only('InterPodAffinity', args) });
  const pts = (args: object = {}): { profile: World['profile'] } => ({ profile: only('PodTopologySpread', args) });
  const even = (topologyKey: string, maxSkew = 1) => ({ maxSkew, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { app: 'web' } } });
  const web = (...c: ReturnType<typeof even>[]): Pod => x({ labels: { app: 'web' }, topologySpreadConstraints: c });
  table([
    ['near whom it likes', { nodes, pods: [on('db', 'a')], ...ipa() }, x(near(wish('db'))), 'a'],
    ['near more of them', { nodes, pods: [on('db', 'a'), pod('db2', { on: 'a', labels: { app: 'db' } }), on('db', 'b')], ...ipa() }, x(near(wish('db'))), 'a'],
    ['far from whom it dislikes', { nodes: nodes.slice(0, 2), pods: [on('db', 'b')], ...ipa() }, x(far(wish('db'))), 'a'],
    ['the heavier wish', { nodes, pods: [on('db', 'a'), on('web', 'b')], ...ipa() }, x(near(wish('db', 20), wish('web', 10))), 'a'],
    ['a wish for a zone', { nodes: [nodes[0]!, nodes[2]!], pods: [on('db', 'b')].map(p => ({ ...p, spec: { ...p.spec!, nodeName: 'a' } })), ...ipa() }, x(near(wish('db', 10, 'zone'))), 'a'],
    ['pods there wish it near', { nodes, pods: [on('db', 'a', near(wish('x')))], ...ipa() }, x({ labels: { app: 'x' } }), 'a'],
    ['pods there wish it far', { nodes: nodes.slice(0, 2), pods: [on('db', 'b', far(wish('x')))], ...ipa() }, x({ labels: { app: 'x' } }), 'a'],
    ['pods there that require it near count a little', { nodes, pods: [on('db', 'a', required('x'))], ...ipa() }, x({ labels: { app: 'x' } }), 'a'],
    ['unless that is worth nothing', { nodes: [nodes[0]!, nodes[2]!], pods: [on('db', 'c', required('x')), on('web', 'a', near(wish('x', 1)))], ...ipa({ hardPodAffinityWeight: 0 }) }, x({ labels: { app: 'x' } }), 'a'],
    ['or wishes of those there are ignored', { nodes: [nodes[0]!, nodes[2]!], pods: [on('web', 'c', near(wish('x', 100))), on('db', 'a', required('x'))], ...ipa({ ignorePreferredTermsOfExistingPods: true }) }, x({ labels: { app: 'x' } }), 'a'],
    ['wishes outweigh room', { nodes: nodes.slice(0, 2), pods: [on('db', 'a', { requests: { cpu: '2', memory: '4Gi' } })] }, x(near(wish('db'))), 'a'],
    ['the zone with fewer pods', { nodes: [nodes[0]!, nodes[2]!], pods: [on('web', 'c')], ...pts() }, web(even('zone')), 'a'],
    ['the node with fewer pods', { nodes: nodes.slice(0, 2), pods: [on('web', 'b')], ...pts() }, web(even('kubernetes.io/hostname')), 'a'],
    ['zone and node together', { nodes, pods: [on('web', 'b'), on('web', 'c'), pod('w', { on: 'c', labels: { app: 'web' } })], ...pts() }, web(even('zone'), even('kubernetes.io/hostname')), 'a'],
    ['a node without the label comes last', { nodes: [nodes[0]!, node('d')], pods: [on('web', 'a')], ...pts() }, web(even('zone')), 'a'],
    ['pods of one controller spread over nodes by default', { nodes: nodes.slice(0, 2), pods: [on('web', 'b')], fellows: { matchLabels: { app: 'web' } }, ...pts() }, x({ labels: { app: 'web' }, owner: ['ReplicaSet', 'web'] }), 'a'],
    ['and over zones', { nodes: [node('a', { labels: { 'topology.kubernetes.io/zone': 'z1' } }), node('c', { labels: { 'topology.kubernetes.io/zone': 'z2' } }), node('d', { labels: { 'topology.kubernetes.io/zone': 'z2' } })], pods: [on('web', 'd')], fellows: { matchLabels: { app: 'web' } }, ...pts() }, x({ labels: { app: 'web' } }), 'a'],
    ['not by default where a profile says so', { nodes: [nodes[1]!, nodes[0]!], pods: [on('web', 'a')], fellows: { matchLabels: { app: 'web' } }, ...pts({ defaultingType: 'List', defaultConstraints: [] }) }, x({ labels: { app: 'web' } }), 'a'],
  ]);
});

describe('driving out', () => {
  const one = [node('a')], two = [node('a'), node('b')];
  const low = (name: string, on: string, requests: Record<string, string>, priority = 1, more: PodWords = {}): Pod => pod(name, { on, requests, priority, ...more });
  const high = (requests: Record<string, string>, more: PodWords = {}): Pod => x({ priority: 10, requests, ...more });
  const budget = (app: string, disruptionsAllowed: number): PodDisruptionBudget => ({ metadata: { name: app, namespace: 'default' }, spec: { selector: { matchLabels: { app } } }, status: { disruptionsAllowed, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 } });
  const AN_HOUR = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'] as const;
  const out = (...victims: string[]) => (node: string): { nominated: string; victims: string[] } => ({ nominated: node, victims });

  it.each<[string, World, Pod, { nominated: string; victims: string[] }]>([
    ['a pod of lower priority goes', { nodes: one, pods: [low('l', 'a', { cpu: '4' })] }, high({ cpu: '1' }), out('l')('a')],
    ['no more of them than must', { nodes: one, pods: [low('l', 'a', { cpu: '2' }), low('m', 'a', { cpu: '2' })] }, high({ cpu: '2' }), out('m')('a')],
    ['the least important first', { nodes: one, pods: [low('l', 'a', { cpu: '2' }, 5), low('m', 'a', { cpu: '2' }, 1)] }, high({ cpu: '2' }), out('m')('a')],
    ['of equals those that started last', { nodes: one, pods: [low('l', 'a', { cpu: '2' }, 1, { start: AN_HOUR[1] }), low('m', 'a', { cpu: '2' }, 1, { start: AN_HOUR[0] })] }, high({ cpu: '2' }), out('l')('a')],
    ['one that has not started yet before one that has', { nodes: one, pods: [low('l', 'a', { cpu: '2' }), low('m', 'a', { cpu: '2' }, 1, { start: AN_HOUR[1] })] }, high({ cpu: '2' }), out('l')('a')],
    ['several, most important first', { nodes: one, pods: [low('l', 'a', { cpu: '2' }, 1), low('m', 'a', { cpu: '2' }, 2)] }, high({ cpu: '4' }), out('m', 'l')('a')],
    ['where the most important that has to go is least so', { nodes: two, pods: [low('l', 'a', { cpu: '4' }, 5), low('m', 'b', { cpu: '4' }, 1)] }, high({ cpu: '4' }), out('m')('b')],
    ['where the sum of priorities is lower', { nodes: two, pods: [low('l', 'a', { cpu: '2' }, 5), low('l2', 'a', { cpu: '2' }, 5), low('m', 'b', { cpu: '2' }, 5), low('m2', 'b', { cpu: '2' }, 1)] }, high({ cpu: '4' }), out('m', 'm2')('b')],
    ['where fewer have to go', { nodes: two, pods: [low('l', 'a', { cpu: '2' }, 0), low('l2', 'a', { cpu: '2' }, 0), low('m', 'b', { cpu: '4' }, 0)] }, high({ cpu: '4' }), out('m')('b')],
    ['where they started last', { nodes: two, pods: [low('l', 'a', { cpu: '4' }, 1, { start: AN_HOUR[0] }), low('m', 'b', { cpu: '4' }, 1, { start: AN_HOUR[1] })] }, high({ cpu: '4' }), out('m')('b')],
    ['where no budget is broken', { nodes: two, budgets: [budget('db', 0)], pods: [low('l', 'a', { cpu: '4' }, 1, { labels: { app: 'db' } }), low('m', 'b', { cpu: '4' }, 5)] }, high({ cpu: '4' }), out('m')('b')],
    ['a budget is broken where nothing else helps', { nodes: one, budgets: [budget('db', 0)], pods: [low('l', 'a', { cpu: '4' }, 1, { labels: { app: 'db' } })] }, high({ cpu: '4' }), out('l')('a')],
    ['a pod a budget protects is spared before others', { nodes: one, budgets: [budget('db', 0)], pods: [low('l', 'a', { cpu: '2' }, 1, { labels: { app: 'db' } }), low('m', 'a', { cpu: '2' }, 5)] }, high({ cpu: '2' }), out('m')('a')],
    ['as many as a budget allows are no breach', { nodes: two, budgets: [budget('db', 1)], pods: [low('l', 'a', { cpu: '4' }, 1, { labels: { app: 'db' } }), low('m', 'b', { cpu: '4' }, 5)] }, high({ cpu: '4' }), out('l')('a')],
    ['a host port is room too', { nodes: one, pods: [low('l', 'a', {}, 1, { ports: [80] })] }, high({}, { ports: [80] }), out('l')('a')],
    ['so is not being near somebody', { nodes: one, pods: [low('l', 'a', {}, 1, { labels: { app: 'db' } }), low('m', 'a', {})] }, high({}, { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'db' } } }] } } }), out('l')('a')],
    ['and somebody who does not want it', { nodes: one, pods: [low('l', 'a', {}, 1, { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'x' } } }] } } })] }, high({}, { labels: { app: 'x' } }), out('l')('a')],
    ['and an even spread', { nodes: [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z2' }, unschedulable: true })], pods: [low('l', 'a', {}, 1, { labels: { app: 'x' } })] }, high({}, { labels: { app: 'x' }, topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'x' } } }] }), out('l')('a')],
  ])('%s', (_, world, p, expected) => expect(decide(world, p)).toMatchObject(expected));

  const why = (n: number, ...reasons: string[]): string => `preemption: 0/${n} nodes are available: ${reasons.join(', ')}.`;
  it.each<[string, World, Pod, string]>([
    ['nobody has less priority', { nodes: one, pods: [low('l', 'a', { cpu: '4' }, 10)] }, high({ cpu: '1' }), why(1, '1 No preemption victims found for incoming pod')],
    ['it would help nowhere', { nodes: [node('a', { cpu: '1' })], pods: [low('l', 'a', { cpu: '1' })] }, high({ cpu: '4' }), why(1, '1 Preemption is not helpful for scheduling')],
    ['it would help, were there others to go', { nodes: [...two, node('c', { unschedulable: true })], pods: [low('l', 'a', { cpu: '4' }, 10), low('m', 'b', { cpu: '4' }, 10)] }, high({ cpu: '1' }), why(3, '1 Preemption is not helpful for scheduling', '2 No preemption victims found for incoming pod')],
    ['all who could go are not enough', { nodes: one, pods: [low('l', 'a', { cpu: '1' }), low('m', 'a', { cpu: '3' }, 20)] }, high({ cpu: '2' }), why(1, '1 Insufficient cpu')],
    ['the pod may drive out nobody', { nodes: one, pods: [low('l', 'a', { cpu: '4' })] }, high({ cpu: '1' }, { preemptionPolicy: 'Never' }), 'preemption: not eligible due to preemptionPolicy=Never.'],
    ['it has driven out somebody who is still leaving', { nodes: one, pods: [low('l', 'a', { cpu: '4' }, 1, { leaving: true })] }, high({ cpu: '1' }, { nominated: 'a' }), 'preemption: not eligible due to a terminating pod on the nominated node.'],
  ])('nobody is driven out: %s', (_, world, p, expected) => {
    const { message, victims } = decide(world, p);
    expect([message?.slice(message.indexOf('preemption:')), victims]).toEqual([expected, undefined]);
  });

  it('room made for a pod is not given to one of less priority, but to one of more', () => {
    const world = (): World => ({ nodes: one, pods: [pod('first', { nominated: 'a', priority: 10, requests: { cpu: '4' } })] });
    expect(decide(world(), x({ priority: 5, requests: { cpu: '1' } })).message).toContain('1 Insufficient cpu');
    expect(decide(world(), x({ priority: 20, requests: { cpu: '1' } })).node).toBe('a');
  });
  it('the node room was made on is taken without a look at others', () => expect(decide({ nodes: two, pods: [low('l', 'a', { cpu: '3' })] }, high({ cpu: '1' }, { nominated: 'a' })).node).toBe('a'));
  it('nothing of the question stays behind', async () => {
    const { Scheduling } = await import('../../test/harness/scheduling.ts');
    const s = new Scheduling({ nodes: one, pods: [low('l', 'a', { cpu: '2' }), low('m', 'a', { cpu: '2' })] });
    s.decide(high({ cpu: '3' }));
    expect([...s.snapshot.get('a')!.pods.keys()].sort()).toEqual(['default/l', 'default/m']);
    expect(s.snapshot.get('a')!.requested.get('cpu')).toBe(4000);
  });
});
