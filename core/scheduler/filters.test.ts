// Where a pod may go: placement cases, each with the node it gets or the reason it gets none, in Kubernetes' words.
import { describe, expect, it } from 'vitest';
import { decide, node, pod, type PodWords, type World } from '../../test/harness/scheduling.ts';
import type { Affinity, NodeSelectorTerm, Pod, PodAffinityTerm, Toleration, TopologySpreadConstraint } from '../api/types/kubernetes.ts';

/** A node's name, or the reasons with their counts. */
type Case = readonly [sentence: string, world: World, pod: Pod, expected: string];
const table = (cases: readonly Case[]): void => {
  it.each(cases)('%s', (_, world, p, expected) => {
    const { node: got, message } = decide(world, p);
    expect(got ?? message?.split(/ (?:no new claims to deallocate|not found$)/)[0]).toBe(/^\S+$/.test(expected) ? expected : `0/${world.nodes.length} nodes are available: ${expected}.`);
  });
};
const x = (words: PodWords = {}): Pod => pod('x', words);
const ask = (requests: Record<string, string>): { requests: Record<string, string> } => ({ requests });
const box = (name: string, requests?: Record<string, string>, more: object = {}) => ({ name, image: 'app', ...(requests ? { resources: { requests } } : {}), ...more });

describe('resources', () => {
  const two: World = { nodes: [node('a', { cpu: '2' }), node('b')] };
  /** On node a, wanting so much CPU, having `resources`, given `allocated`. */
  const resized = (wants: string, resources: object, allocated?: string, conditions: NonNullable<Pod['status']>['conditions'] = []): Pod =>
    ({ ...pod('r', { on: 'a', requests: { cpu: wants } }), status: { conditions, containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: '', imageID: '', resources, ...(allocated ? { allocatedResources: { cpu: allocated } } : {}) }] } });
  const full = (requests: Record<string, string>): World => ({ nodes: [node('a')], pods: [pod('p', { on: 'a', requests })] });
  table([
    ['a pod goes where its request fits', two, x(ask({ cpu: '3' })), 'b'],
    ['what fits exactly fits', two, x(ask({ cpu: '4' })), 'b'],
    ['what fits nowhere is insufficient everywhere', two, x(ask({ cpu: '5' })), '2 Insufficient cpu'],
    ['each resource that lacks is named', two, x(ask({ cpu: '5', memory: '9Gi' })), '2 Insufficient cpu, 2 Insufficient memory'],
    ['reasons are sorted as texts', { nodes: [node('a', { memory: '1Gi' }), node('b', { unschedulable: true })] }, x(ask({ memory: '2Gi' })), '1 Insufficient memory, 1 node(s) were unschedulable'],
    ['the requests of all containers count together', { nodes: [node('n35', { memory: '3500Mi' }), node('n4', { memory: '4Gi' })] }, x({ containers: [box('a', { memory: '2Gi' }), box('b', { memory: '2Gi' })] }), 'n4'],
    ['placed pods take their share', full({ memory: '7Gi' }), x(ask({ memory: '2Gi' })), '1 Insufficient memory'],
    ['what they leave can be had', full({ memory: '6Gi' }), x(ask({ memory: '2Gi' })), 'a'],
    ['a request of nothing fits on a full node', full({ cpu: '4', memory: '8Gi' }), x(), 'a'],
    ['an init container that needs more than all others decides', two, x({ containers: [box('c', { cpu: '1' })], initContainers: [box('i', { cpu: '3' })] }), 'b'],
    ['init containers run one after another', two, x({ containers: [box('c', { cpu: '1' })], initContainers: [box('i', { cpu: '2' }), box('j', { cpu: '2' })] }), 'b'],
    ['a sidecar counts beside the containers', { nodes: [node('a', { cpu: '2' })] }, x({ containers: [box('c', { cpu: '1500m' })], initContainers: [box('s', { cpu: '600m' }, { restartPolicy: 'Always' })] }), '1 Insufficient cpu'],
    ['a sidecar counts beside init containers after it', { nodes: [node('a', { cpu: '2' })] }, x({ initContainers: [box('s', { cpu: '600m' }, { restartPolicy: 'Always' }), box('i', { cpu: '1500m' })] }), '1 Insufficient cpu'],
    ['a sidecar does not count beside init containers before it', { nodes: [node('a', { cpu: '2' })] }, x({ initContainers: [box('i', { cpu: '1500m' }), box('s', { cpu: '600m' }, { restartPolicy: 'Always' })] }), 'a'],
    ['overhead counts', { nodes: [node('a', { cpu: '2' })] }, x({ ...ask({ cpu: '1900m' }), overhead: { cpu: '200m' } }), '1 Insufficient cpu'],
    ['requests of the pod replace the sum of its containers', { nodes: [node('a', { cpu: '2' })] }, x({ ...ask({ cpu: '1' }), resources: { requests: { cpu: '3' } } }), '1 Insufficient cpu'],
    ['requests of the pod may be less than those of its containers together with what they name not', { nodes: [node('a', { cpu: '2' })] }, x({ containers: [box('c')], resources: { requests: { cpu: '2' } } }), 'a'],
    ['an extended resource is had where it is', { nodes: [node('a'), node('gpu', { 'example.com/gpu': '2' })] }, x(ask({ 'example.com/gpu': '2' })), 'gpu'],
    ['an extended resource nobody has', two, x(ask({ 'example.com/gpu': '1' })), '2 Insufficient example.com/gpu'],
    ['an extended resource that is used up', { nodes: [node('gpu', { 'example.com/gpu': '2' })], pods: [pod('p', { on: 'gpu', requests: { 'example.com/gpu': '1' } })] }, x(ask({ 'example.com/gpu': '2' })), '1 Insufficient example.com/gpu'],
    ['ephemeral storage is a resource', { nodes: [node('a', { 'ephemeral-storage': '1Gi' }), node('b', { 'ephemeral-storage': '10Gi' })] }, x(ask({ 'ephemeral-storage': '2Gi' })), 'b'],
    ['huge pages are a resource', { nodes: [node('a', { 'hugepages-2Mi': '0' })] }, x(ask({ 'hugepages-2Mi': '4Mi' })), '1 Insufficient hugepages-2Mi'],
    ['a node takes no more pods than it says', { nodes: [node('a', { pods: '1' })], pods: [pod('p', { on: 'a' })] }, x(), '1 Too many pods'],
    ['too many pods and too little CPU are both said', { nodes: [node('a', { pods: '1' })], pods: [pod('p', { on: 'a', requests: { cpu: '4' } })] }, x(ask({ cpu: '1' })), '1 Insufficient cpu, 1 Too many pods'],
    ['a pod that grows takes what it wants', { nodes: [node('a')], pods: [resized('3', { requests: { cpu: '1' } })] }, x(ask({ cpu: '2' })), '1 Insufficient cpu'],
    ['a pod that shrinks takes what it has until it has less', { nodes: [node('a')], pods: [resized('1', { requests: { cpu: '3' } })] }, x(ask({ cpu: '2' })), '1 Insufficient cpu'],
    ['and what it was given', { nodes: [node('a')], pods: [resized('1', { requests: { cpu: '1' } }, '3')] }, x(ask({ cpu: '2' })), '1 Insufficient cpu'],
    ['then its room is free', { nodes: [node('a')], pods: [resized('1', { requests: { cpu: '1' } }, '1')] }, x(ask({ cpu: '2' })), 'a'],
    ['what its node can never give it does not count', { nodes: [node('a')], pods: [resized('4', { requests: { cpu: '1' } }, '1', [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }])] }, x(ask({ cpu: '2' })), 'a'],
    ['a wish for later counts', { nodes: [node('a')], pods: [resized('3', { requests: { cpu: '1' } }, '1', [{ type: 'PodResizePending', status: 'True', reason: 'Deferred' }])] }, x(ask({ cpu: '2' })), '1 Insufficient cpu'],
    ['a sidecar is resized too', { nodes: [node('a')], pods: [{ ...pod('r', { on: 'a', initContainers: [box('s', { cpu: '1' }, { restartPolicy: 'Always' })] }), status: { initContainerStatuses: [{ name: 's', ready: true, restartCount: 0, image: '', imageID: '', resources: { requests: { cpu: '3' } } }] } }] }, x(ask({ cpu: '2' })), '1 Insufficient cpu'],
    ['ignored resources are somebody else\'s', { ...two, profile: { pluginConfig: { NodeResourcesFit: { ignoredResourceGroups: ['example.com'] } } } }, x({ ...ask({ 'example.com/gpu': '1', cpu: '3' }) }), 'b'],
  ]);
});

describe('names, taints, cordons, ports', () => {
  const taint = (effect: string, key = 'k', value = 'v') => ({ key, value, effect });
  const tainted = (...taints: ReturnType<typeof taint>[]): World => ({ nodes: [node('a', { taints })] });
  const bear = (...tolerations: Toleration[]): Pod => x({ tolerations });
  const web = (ports: number[], more: PodWords = {}): Pod => pod('p', { on: 'a', ports, ...more });
  const port = (hostPort: number, hostIP?: string, protocol = 'TCP') => ({ containers: [box('c', undefined, { ports: [{ containerPort: 80, hostPort, protocol, ...(hostIP ? { hostIP } : {}) }] })] });
  table([
    ['a cordoned node takes nobody', { nodes: [node('a', { unschedulable: true })] }, x(), '1 node(s) were unschedulable'],
    ['who tolerates unschedulable goes to a cordoned node', { nodes: [node('a', { unschedulable: true })] }, bear({ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }), 'a'],
    ['an untolerated taint keeps pods off', tainted(taint('NoSchedule')), x(), '1 node(s) had untolerated taint(s)'],
    ['NoExecute keeps pods off as well', tainted(taint('NoExecute')), x(), '1 node(s) had untolerated taint(s)'],
    ['PreferNoSchedule does not', tainted(taint('PreferNoSchedule')), x(), 'a'],
    ['a toleration with the same key, value and effect', tainted(taint('NoSchedule')), bear({ key: 'k', value: 'v', effect: 'NoSchedule' }), 'a'],
    ['another value is not tolerated', tainted(taint('NoSchedule')), bear({ key: 'k', value: 'w', effect: 'NoSchedule' }), '1 node(s) had untolerated taint(s)'],
    ['another effect is not tolerated', tainted(taint('NoSchedule')), bear({ key: 'k', value: 'v', effect: 'NoExecute' }), '1 node(s) had untolerated taint(s)'],
    ['Exists asks for no value', tainted(taint('NoSchedule')), bear({ key: 'k', operator: 'Exists' }), 'a'],
    ['an empty key with Exists tolerates everything', tainted(taint('NoSchedule'), taint('NoExecute', 'l')), bear({ operator: 'Exists' }), 'a'],
    ['all taints must be tolerated', tainted(taint('NoSchedule'), taint('NoSchedule', 'l')), bear({ key: 'k', operator: 'Exists' }), '1 node(s) had untolerated taint(s)'],
    ['a host port can be had once per node', { nodes: [node('a')], pods: [web([80])] }, x({ ports: [80] }), "1 node(s) didn't have free ports for the requested pod ports"],
    ['another port is free', { nodes: [node('a')], pods: [web([80])] }, x({ ports: [81] }), 'a'],
    ['another node has the port', { nodes: [node('a'), node('b')], pods: [web([80])] }, x({ ports: [80] }), 'b'],
    ['UDP is another port', { nodes: [node('a')], pods: [web([80])] }, x(port(80, undefined, 'UDP')), 'a'],
    ['another address is another port', { nodes: [node('a')], pods: [pod('p', { on: 'a', ...port(80, '10.0.0.1') })] }, x(port(80, '10.0.0.2')), 'a'],
    ['all addresses conflict with any', { nodes: [node('a')], pods: [pod('p', { on: 'a', ...port(80, '10.0.0.1') })] }, x(port(80, '0.0.0.0')), "1 node(s) didn't have free ports for the requested pod ports"],
    ['any address conflicts with all', { nodes: [node('a')], pods: [web([80])] }, x(port(80, '10.0.0.2')), "1 node(s) didn't have free ports for the requested pod ports"],
    ['the first plug-in that refuses a node names the reason', { nodes: [node('a', { unschedulable: true, taints: [taint('NoSchedule')], cpu: '1' })] }, x(ask({ cpu: '2' })), '1 node(s) were unschedulable'],
    ['every node has its own reason', { nodes: [node('a', { unschedulable: true }), node('b', { taints: [taint('NoSchedule')] }), node('c', { cpu: '1' })] }, x(ask({ cpu: '2' })), '1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable'],
  ]);
});

describe('node affinity', () => {
  const nodes = [node('a', { labels: { zone: 'z1', cores: '8', machine: 'virtual' } }), node('b', { labels: { zone: 'z2', cores: '16', machine: 'physical' } })];
  const none = "2 node(s) didn't match Pod's node affinity/selector";
  const require = (...nodeSelectorTerms: NodeSelectorTerm[]): Pod => x({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } } });
  const where = (key: string, operator: string, ...values: string[]): NodeSelectorTerm => ({ matchExpressions: [{ key, operator, values }] });
  const named = (...values: string[]): NodeSelectorTerm => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });
  table([
    ['nodeSelector asks for a label', { nodes }, x({ nodeSelector: { machine: 'physical' } }), 'b'],
    ['nodeSelector asks for all of its labels', { nodes }, x({ nodeSelector: { machine: 'physical', zone: 'z1' } }), none],
    ['In', { nodes }, require(where('zone', 'In', 'z2', 'z3')), 'b'],
    ['NotIn', { nodes }, require(where('zone', 'NotIn', 'z1')), 'b'],
    ['NotIn holds where the label is missing', { nodes: [node('a', { labels: { zone: 'z1' } }), node('b')] }, require(where('zone', 'NotIn', 'z1')), 'b'],
    ['Exists', { nodes: [node('a', { labels: { ssd: '' } }), node('b')] }, require(where('ssd', 'Exists')), 'a'],
    ['DoesNotExist', { nodes: [node('a', { labels: { ssd: '' } }), node('b')] }, require(where('ssd', 'DoesNotExist')), 'b'],
    ['Gt', { nodes }, require(where('cores', 'Gt', '8')), 'b'],
    ['Lt', { nodes }, require(where('cores', 'Lt', '16')), 'a'],
    ['Gt compares numbers, not texts', { nodes: [node('a', { labels: { cores: '9' } }), node('b', { labels: { cores: '10' } })] }, require(where('cores', 'Gt', '9')), 'b'],
    ['Gt on what is no number holds never', { nodes }, require(where('zone', 'Gt', '1')), none],
    ['one of several terms is enough', { nodes }, require(where('zone', 'In', 'z9'), where('zone', 'In', 'z1')), 'a'],
    ['all expressions of a term must hold', { nodes }, require({ matchExpressions: [{ key: 'zone', operator: 'In', values: ['z1'] }, { key: 'machine', operator: 'In', values: ['physical'] }] }), none],
    ['a term that says nothing matches nothing', { nodes }, require({}), none],
    ['selector and affinity must both hold', { nodes }, x({ nodeSelector: { machine: 'physical' }, affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [where('zone', 'In', 'z1')] } } } }), none],
    ['matchFields names a node', { nodes }, require(named('b')), 'b'],
    ['a node that is named and will not do stands beside those not looked at', { nodes: [...nodes, node('c', { cpu: '0' })] }, { ...require(named('c')), spec: { ...require(named('c')).spec!, containers: [box('c', { cpu: '1' })] } }, "1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]"],
    ['a node that is named and not there', { nodes }, require(named('gone')), "2 node(s) didn't satisfy plugin(s) [NodeAffinity]"],
    ['matchFields NotIn looks at the others', { nodes }, require({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['a'] }] }), 'b'],
    ['names in two terms are alternatives', { nodes }, require(named('a'), named('zz')), 'a'],
    ['names that exclude each other in one term', { nodes }, require({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a'] }, { key: 'metadata.name', operator: 'In', values: ['b'] }] }), 'pod affinity terms conflict'],
    ['affinity a profile adds holds for every pod', { nodes, profile: { pluginConfig: { NodeAffinity: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [where('zone', 'In', 'z1')] } } } } } }, x(), 'a'],
    ['and says so where it cannot be had', { nodes, profile: { pluginConfig: { NodeAffinity: { addedAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [where('zone', 'In', 'z9')] } } } } } }, x(), "2 node(s) didn't match scheduler-enforced node affinity"],
  ]);
});

describe('affinity between pods', () => {
  const nodes = [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z1' } }), node('c', { labels: { zone: 'z2' } })];
  const on = (app: string, at: string, more: PodWords = {}): Pod => pod(`${app}-${at}`, { on: at, labels: { app }, ...more });
  const term = (app: string, topologyKey = 'kubernetes.io/hostname', more: Partial<PodAffinityTerm> = {}): PodAffinityTerm => ({ topologyKey, labelSelector: { matchLabels: { app } }, ...more });
  const near = (...terms: PodAffinityTerm[]): { affinity: Affinity } => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } });
  const far = (...terms: PodAffinityTerm[]): { affinity: Affinity } => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } } });
  const NEAR = "3 node(s) didn't match pod affinity rules", FAR = "3 node(s) didn't match pod anti-affinity rules";
  const spaces = { other: { team: 'x' }, third: { team: 'y' } };
  table([
    ['near a pod on the same node', { nodes, pods: [on('db', 'b')] }, x(near(term('db'))), 'b'],
    ['near a pod in the same zone', { nodes, pods: [on('db', 'c')] }, x(near(term('db', 'zone'))), 'c'],
    ['near nobody', { nodes }, x(near(term('db'))), NEAR],
    ['the first of a group may start it', { nodes }, x({ labels: { app: 'db' }, ...near(term('db')) }), 'c'],
    ['but not on a node without the label', { nodes }, x({ labels: { app: 'db' }, ...near(term('db', 'rack')) }), NEAR],
    ['who is not of the group does not start it', { nodes }, x({ labels: { app: 'web' }, ...near(term('db')) }), NEAR],
    ['the second of a group goes to the first', { nodes, pods: [on('db', 'a')] }, x({ labels: { app: 'db' }, ...near(term('db')) }), 'a'],
    ['several terms must be met by one and the same pod', { nodes, pods: [on('db', 'a'), on('web', 'a')] }, x(near(term('db'), term('web'))), NEAR],
    ['and are where that pod is', { nodes, pods: [on('db', 'b', { labels: { app: 'db', tier: 'back' } })] }, x(near(term('db'), { topologyKey: 'zone', labelSelector: { matchLabels: { tier: 'back' } } })), 'b'],
    ['far from a pod on the same node', { nodes: nodes.slice(0, 2), pods: [on('db', 'b')] }, x(far(term('db'))), 'a'],
    ['far from a pod in the same zone', { nodes, pods: [on('db', 'a')] }, x(far(term('db', 'zone'))), 'c'],
    ['far from somebody everywhere', { nodes, pods: [on('db', 'a'), on('db', 'c')] }, x(far(term('db', 'zone'))), FAR],
    ['a node without the label is far from everybody', { nodes: [...nodes, node('d')], pods: [on('db', 'a'), on('db', 'c')] }, x(far(term('db', 'zone'))), 'd'],
    ['pods that are there may not want this one', { nodes: nodes.slice(0, 2), pods: [on('db', 'b', far(term('x')))] }, x({ labels: { app: 'x' } }), 'a'],
    ['anti-affinity is symmetric', { nodes, pods: [on('db', 'a', far(term('x', 'zone'))), on('db', 'c', far(term('x', 'zone')))] }, x({ labels: { app: 'x' } }), "3 node(s) didn't satisfy existing pods anti-affinity rules"],
    ['pods of other namespaces do not count', { nodes, namespaces: spaces, pods: [on('db', 'a', { ns: 'other' })] }, x(near(term('db'))), NEAR],
    ['unless they are named', { nodes, namespaces: spaces, pods: [on('db', 'b', { ns: 'other' })] }, x(near(term('db', 'kubernetes.io/hostname', { namespaces: ['other'] }))), 'b'],
    ['named ones stand instead of the pod\'s own', { nodes, namespaces: spaces, pods: [on('db', 'b')] }, x(near(term('db', 'kubernetes.io/hostname', { namespaces: ['other'] }))), NEAR],
    ['or chosen by label', { nodes, namespaces: spaces, pods: [on('db', 'b', { ns: 'other' }), on('db', 'c', { ns: 'third' })] }, x(near(term('db', 'kubernetes.io/hostname', { namespaceSelector: { matchLabels: { team: 'x' } } }))), 'b'],
    ['an empty namespaceSelector chooses all', { nodes, namespaces: spaces, pods: [on('db', 'b', { ns: 'third' })] }, x(near(term('db', 'kubernetes.io/hostname', { namespaceSelector: {} }))), 'b'],
    ['existing pods choose namespaces by label too', { nodes: nodes.slice(0, 2), namespaces: spaces, pods: [on('db', 'b', { ns: 'other', ...far(term('x', 'kubernetes.io/hostname', { namespaceSelector: {} })) })] }, x({ labels: { app: 'x' } }), 'a'],
    ['matchLabelKeys narrows to pods with the same value', { nodes: nodes.slice(0, 2), pods: [on('web', 'a', { labels: { app: 'web', hash: '1' } }), on('web', 'b', { labels: { app: 'web', hash: '2' } })] }, x({ labels: { app: 'web', hash: '2' }, ...near(term('web', 'kubernetes.io/hostname', { matchLabelKeys: ['hash'] })) }), 'b'],
    ['mismatchLabelKeys to pods with another', { nodes: nodes.slice(0, 2), pods: [on('web', 'a', { labels: { app: 'web', tenant: '1' } }), on('web', 'b', { labels: { app: 'web', tenant: '2' } })] }, x({ labels: { app: 'web', tenant: '1' }, ...far(term('web', 'kubernetes.io/hostname', { mismatchLabelKeys: ['tenant'] })) }), 'a'],
    ['a selector that is missing selects nobody', { nodes, pods: [on('db', 'a')] }, x(far({ topologyKey: 'zone' })), 'c'],
    ['an empty selector selects everybody', { nodes, pods: [on('db', 'a'), on('db', 'c')] }, x(far({ topologyKey: 'zone', labelSelector: {} })), FAR],
    ['affinity before anti-affinity before what others say', { nodes, pods: [on('db', 'a', far(term('x', 'kubernetes.io/hostname'))), on('web', 'b')] }, x({ labels: { app: 'x' }, affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('db', 'zone')] }, podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term('web')] } } }), "1 node(s) didn't match pod affinity rules, 1 node(s) didn't match pod anti-affinity rules, 1 node(s) didn't satisfy existing pods anti-affinity rules"],
  ]);
});

describe('topology spread', () => {
  const nodes = [node('a1', { labels: { zone: 'a' } }), node('a2', { labels: { zone: 'a' } }), node('b1', { labels: { zone: 'b' } })];
  const on = (at: string, i = 0, more: PodWords = {}): Pod => pod(`web-${at}-${i}`, { on: at, labels: { app: 'web' }, ...more });
  const even = (more: Partial<TopologySpreadConstraint> = {}): TopologySpreadConstraint => ({ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more });
  const web = (...topologySpreadConstraints: TopologySpreadConstraint[]): Pod => x({ labels: { app: 'web' }, topologySpreadConstraints });
  const SKEWED = "node(s) didn't match pod topology spread constraints", MISSING = "node(s) didn't match pod topology spread constraints (missing required label)";
  const tainted = node('c1', { labels: { zone: 'c' }, taints: [{ key: 'k', effect: 'NoSchedule' }] });
  table([
    ['the zone with fewer pods', { nodes, pods: [on('a1')] }, web(even()), 'b1'],
    ['a skew of one is allowed', { nodes: [nodes[0]!, { ...nodes[2]!, spec: { unschedulable: true } }] }, web(even()), 'a1'],
    ['a skew of two is not', { nodes: [nodes[0]!, { ...nodes[2]!, spec: { unschedulable: true } }], pods: [on('a1')] }, web(even()), `1 ${SKEWED}, 1 node(s) were unschedulable`],
    ['unless maxSkew says so', { nodes: [nodes[0]!, { ...nodes[2]!, spec: { unschedulable: true } }], pods: [on('a1')] }, web(even({ maxSkew: 2 })), 'a1'],
    ['pods that do not match do not count', { nodes, pods: [on('a1'), pod('db', { on: 'b1', labels: { app: 'db' } })] }, web(even()), 'b1'],
    ['pods of other namespaces do not count', { nodes, pods: [on('a1'), on('b1', 0, { ns: 'other' }), on('b1', 1, { ns: 'other' })] }, web(even()), 'b1'],
    ['pods that are leaving do not count', { nodes: nodes.slice(1), pods: [on('b1'), on('a2', 0, { leaving: true }), on('a2', 1, { leaving: true })] }, web(even()), 'a2'],
    ['a node without the label is no place', { nodes: [node('a'), node('b')] }, web(even()), `2 ${MISSING}`],
    ['each constraint must hold', { nodes, pods: [on('a1'), on('a2'), on('b1')] }, web(even(), even({ topologyKey: 'kubernetes.io/hostname' })), 'b1'],
    ['two constraints together leave one node', { nodes, pods: [on('a1'), on('b1'), on('b1', 1)] }, web(even(), even({ topologyKey: 'kubernetes.io/hostname' })), 'a2'],
    ['a pod its selector does not match adds nothing itself', { nodes: [nodes[0]!, { ...nodes[2]!, spec: { unschedulable: true } }], pods: [on('a1')] }, x({ labels: { app: 'other' }, topologySpreadConstraints: [even()] }), 'a1'],
    ['minDomains: with fewer domains the minimum is 0', { nodes: nodes.slice(0, 1), pods: [on('a1')] }, web(even({ minDomains: 2 })), `1 ${SKEWED}`],
    ['minDomains: with enough it is what it is', { nodes: nodes.slice(1), pods: [on('a2'), on('b1')] }, web(even({ minDomains: 2 })), 'b1'],
    ['matchLabelKeys: only pods of the same revision count', { nodes: nodes.slice(1), pods: [on('a2', 0, { labels: { app: 'web', hash: '1' } }), on('a2', 1, { labels: { app: 'web', hash: '1' } }), on('b1', 0, { labels: { app: 'web', hash: '2' } })] }, x({ labels: { app: 'web', hash: '2' }, topologySpreadConstraints: [even({ matchLabelKeys: ['hash'] })] }), 'a2'],
    ['nodes the pod does not select are no domains', { nodes, pods: [on('a1')] }, x({ labels: { app: 'web' }, nodeSelector: { zone: 'a' }, topologySpreadConstraints: [even()] }), 'a2'],
    ['nodeAffinityPolicy Ignore makes them domains', { nodes, pods: [on('a1')] }, x({ labels: { app: 'web' }, nodeSelector: { zone: 'a' }, topologySpreadConstraints: [even({ nodeAffinityPolicy: 'Ignore' })] }), `1 node(s) didn't match Pod's node affinity/selector, 2 ${SKEWED}`],
    ['tainted nodes are domains', { nodes: [...nodes, tainted], pods: [on('a1'), on('b1')] }, web(even()), `1 node(s) had untolerated taint(s), 3 ${SKEWED}`],
    ['nodeTaintsPolicy Honor makes them none', { nodes: [...nodes, tainted], pods: [on('a1'), on('b1')] }, web(even({ nodeTaintsPolicy: 'Honor' })), 'a2'],
    ['ScheduleAnyway refuses nobody', { nodes: nodes.slice(0, 1), pods: [on('a1'), on('a1', 1)] }, web(even({ whenUnsatisfiable: 'ScheduleAnyway' })), 'a1'],
    ['defaults of a profile hold for pods without constraints', { nodes, pods: [on('a1')], fellows: { matchLabels: { app: 'web' } }, profile: { pluginConfig: { PodTopologySpread: { defaultingType: 'List', defaultConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] } } } }, x({ labels: { app: 'web' } }), 'b1'],
  ]);
});

describe('volumes', () => {
  const claim = (name: string, volumeName?: string, more: object = {}) => ({ metadata: { name, namespace: 'default', annotations: (volumeName ? { 'pv.kubernetes.io/bind-completed': 'yes' } : {}) as Record<string, string> }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...(volumeName ? { volumeName } : {}), ...more } });
  const volume = (name: string, at?: string, more: object = {}, labels = {}) => ({
    metadata: { name, labels }, status: { phase: 'Available' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'late', ...(at ? { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [at] }] }] } } } : {}), ...more },
  });
  const late = { metadata: { name: 'late' }, provisioner: 'kubernetes.io/no-provisioner', volumeBindingMode: 'WaitForFirstConsumer' };
  const dynamic = { metadata: { name: 'dynamic' }, provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer' };
  const telling = { metadata: { name: 'example.com/disk' }, spec: { storageCapacity: true } };
  const room = (at: string, capacity: string, more: object = {}) => ({ metadata: { name: at }, storageClassName: 'dynamic', capacity, nodeTopology: { matchLabels: { 'kubernetes.io/hostname': at } }, ...more });
  const using = (...claims: string[]): Pod => x({ volumes: claims.map(c => ({ name: c, persistentVolumeClaim: { claimName: c } })) });
  const nodes = [node('a'), node('b')];
  const NONE = "2 node(s) didn't find available persistent volumes to bind";
  const lateClaim = claim('d', undefined, { storageClassName: 'late' });
  table([
    ['a claim that is not there', { nodes }, using('d'), 'persistentvolumeclaim "d" not found'],
    ['a claim that binds at once and is not bound', { nodes, claims: [claim('d')] }, using('d'), 'pod has unbound immediate PersistentVolumeClaims'],
    ['a claim that is lost', { nodes, claims: [{ ...claim('d', 'v'), status: { phase: 'Lost' } }] }, using('d'), 'persistentvolumeclaim "d" bound to non-existent persistentvolume "v"'],
    ['a claim on its way out', { nodes, claims: [{ ...claim('d', 'v'), metadata: { ...claim('d').metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }] }, using('d'), 'persistentvolumeclaim "d" is being deleted'],
    ['a pod goes where its volume is', { nodes, claims: [claim('d', 'v')], volumes: [volume('v', 'a')] }, using('d'), 'a'],
    ['and nowhere else', { nodes: nodes.slice(1), claims: [claim('d', 'v')], volumes: [volume('v', 'a')] }, using('d'), "1 node(s) didn't match PersistentVolume's node affinity"],
    ['a volume that is gone', { nodes, claims: [claim('d', 'v')] }, using('d'), '2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)'],
    ['a claim that waits takes a node with a free volume', { nodes, claims: [lateClaim], volumes: [volume('v', 'a')], classes: [late] }, using('d'), 'a'],
    ['where none is free, no node', { nodes, claims: [lateClaim], volumes: [volume('v', 'a', { claimRef: { namespace: 'default', name: 'other', uid: 'u' } })], classes: [late] }, using('d'), NONE],
    ['a volume kept for the claim is free for it', { nodes, claims: [lateClaim], volumes: [volume('v', 'a', { claimRef: { namespace: 'default', name: 'd' } })], classes: [late] }, using('d'), 'a'],
    ['a volume too small', { nodes, claims: [claim('d', undefined, { storageClassName: 'late', resources: { requests: { storage: '2Gi' } } })], volumes: [volume('v', 'a')], classes: [late] }, using('d'), NONE],
    ['a volume of another mode', { nodes, claims: [claim('d', undefined, { storageClassName: 'late', volumeMode: 'Block' })], volumes: [volume('v', 'a')], classes: [late] }, using('d'), NONE],
    ['a volume without the access mode', { nodes, claims: [claim('d', undefined, { storageClassName: 'late', accessModes: ['ReadWriteMany'] })], volumes: [volume('v', 'a')], classes: [late] }, using('d'), NONE],
    ['a volume the claim does not select', { nodes, claims: [claim('d', undefined, { storageClassName: 'late', selector: { matchLabels: { disk: 'fast' } } })], volumes: [volume('v', 'a'), volume('w', 'b', {}, { disk: 'fast' })], classes: [late] }, using('d'), 'b'],
    ['two claims need two volumes on one node', { nodes, claims: [lateClaim, claim('e', undefined, { storageClassName: 'late' })], volumes: [volume('v', 'a'), volume('w', 'b')], classes: [late] }, using('d', 'e'), NONE],
    ['a class that provisions can have any node', { nodes: nodes.slice(0, 1), claims: [claim('d', undefined, { storageClassName: 'dynamic' })], classes: [dynamic] }, using('d'), 'a'],
    ['but only nodes of its topologies', { nodes: [node('a', { labels: { zone: 'z1' } }), node('b', { labels: { zone: 'z2' } })], claims: [claim('d', undefined, { storageClassName: 'dynamic' })], classes: [{ ...dynamic, allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['z1'] }] }] }] }, using('d'), 'a'],
    ['only where its driver has enough left', { nodes, claims: [claim('d', undefined, { storageClassName: 'dynamic' })], classes: [dynamic], drivers: [telling], capacities: [room('b', '1Gi'), room('a', '10Mi')] }, using('d'), 'b'],
    ['the largest volume it makes decides', { nodes, claims: [claim('d', undefined, { storageClassName: 'dynamic' })], classes: [dynamic], drivers: [telling], capacities: [room('a', '9Gi', { maximumVolumeSize: '1Mi' }), room('b', '9Gi', { nodeTopology: undefined })] }, using('d'), '2 node(s) did not have enough free storage'],
    ['a driver that does not tell has enough', { nodes: nodes.slice(0, 1), claims: [claim('d', undefined, { storageClassName: 'dynamic' })], classes: [dynamic], drivers: [{ ...telling, spec: {} }] }, using('d'), 'a'],
    ['a claim whose node was chosen keeps it', { nodes, claims: [{ ...claim('d', undefined, { storageClassName: 'dynamic' }), metadata: { name: 'd', namespace: 'default', annotations: { 'volume.kubernetes.io/selected-node': 'a' } } }], classes: [dynamic] }, using('d'), 'a'],
    ['an ephemeral claim that is still to be made', { nodes }, x({ volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }] }), 'waiting for ephemeral volume controller to create the persistentvolumeclaim "x-scratch"'],
    ['an ephemeral claim that is somebody else\'s', { nodes, claims: [claim('x-scratch', 'v')], volumes: [volume('v')] }, x({ volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } }] }), 'PVC default/x-scratch was not created for pod default/x (pod is not owner)'],
    ['a claim for one pod only is in use', { nodes, claims: [claim('d', 'v', { accessModes: ['ReadWriteOncePod'] })], volumes: [volume('v')], pods: [pod('p', { on: 'a', volumes: using('d').spec!.volumes! })] }, using('d'), '2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
    ['a volume of a zone', { nodes: [node('a', { labels: { 'topology.kubernetes.io/zone': 'z1' } }), node('b', { labels: { 'topology.kubernetes.io/zone': 'z2' } })], claims: [claim('d', 'v')], volumes: [volume('v', undefined, {}, { 'topology.kubernetes.io/zone': 'z1' })] }, using('d'), 'a'],
    ['of a zone no node is in', { nodes: [node('a', { labels: { 'topology.kubernetes.io/zone': 'z1' } })], claims: [claim('d', 'v')], volumes: [volume('v', undefined, {}, { 'topology.kubernetes.io/zone': 'z3__z4' })] }, using('d'), '1 node(s) had no available volume zone'],
    ['a disk that cannot be shared', { nodes: nodes.slice(0, 1), pods: [pod('p', { on: 'a', volumes: [{ name: 'd', iscsi: { targetPortal: 't', iqn: 'i', lun: 0 } }] })] }, x({ volumes: [{ name: 'd', iscsi: { targetPortal: 't', iqn: 'i', lun: 0 } }] }), '1 node(s) had no available disk'],
    ['one that both only read can be', { nodes: nodes.slice(0, 1), pods: [pod('p', { on: 'a', volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'd', readOnly: true } }] })] }, x({ volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'd', readOnly: true } }] }), 'a'],
    ['an image of one cluster, whichever of its monitors is named', { nodes: nodes.slice(0, 1), pods: [pod('p', { on: 'a', volumes: [{ name: 'd', rbd: { monitors: ['m1', 'm2'], image: 'i' } }] })] }, x({ volumes: [{ name: 'd', rbd: { monitors: ['m2', 'm3'], image: 'i' } }] }), '1 node(s) had no available disk'],
    ['the same image of another cluster', { nodes: nodes.slice(0, 1), pods: [pod('p', { on: 'a', volumes: [{ name: 'd', rbd: { monitors: ['m1'], image: 'i' } }] })] }, x({ volumes: [{ name: 'd', rbd: { monitors: ['m2'], image: 'i' } }] }), 'a'],
    ['as many volumes as the driver can attach', { nodes: nodes.slice(0, 1), claims: [claim('d', 'v'), claim('e', 'w')], volumes: [volume('v', undefined, { csi: { driver: 'disk', volumeHandle: 'v' } }), volume('w', undefined, { csi: { driver: 'disk', volumeHandle: 'w' } })], csiNodes: [{ metadata: { name: 'a' }, spec: { drivers: [{ name: 'disk', nodeID: 'a', allocatable: { count: 1 } }] } }], pods: [pod('p', { on: 'a', volumes: using('e').spec!.volumes! })] }, using('d'), '1 node(s) exceed max volume count'],
  ]);
});
