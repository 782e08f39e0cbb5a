// Which devices claims get on a node.
import { expect, it } from 'vitest';
import type { Device, DeviceClass, DeviceConstraint, DeviceRequest, ResourceSlice, ResourceSliceSpec } from '../api/types/kubernetes.ts';
import { node, selectDevice } from '../../test/harness/scheduling.ts';
import { Allocator } from './allocator.ts';
import { type Claim, type Devices, deviceId } from './devices.ts';
import { NodeInfo } from './node-info.ts';

const DRIVER = 'd.example.com';
const gpu = (name: string, cores = 1, more: Partial<Device> = {}): Device => ({ name, attributes: { cores: { int: cores }, bus: { string: name.slice(0, 1) } }, ...more });
const slice = (devices: Device[], more: Partial<ResourceSliceSpec> = {}): ResourceSlice => ({ spec: { driver: DRIVER, nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, devices, ...more } });
const ask = (name: string, more: object = {}): DeviceRequest => ({ name, exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...more } });
const cel = (expression: string): object => ({ selectors: [{ cel: { expression } }] });
const cores = (n: number): object => cel(`device.attributes["${DRIVER}"].cores >= ${n}`);
const classes: Record<string, DeviceClass> = { gpu: { metadata: { name: 'gpu' }, spec: { selectors: [{ cel: { expression: `device.driver == "${DRIVER}"` } }] } }, none: { metadata: { name: 'none' }, spec: { selectors: [{ cel: { expression: 'false' } }] } } };
let serial = 0;
const claim = (requests: DeviceRequest[], constraints: DeviceConstraint[] = []): Claim => ({ metadata: { name: 'c', namespace: 'ns', uid: `u${serial++}` }, spec: { devices: { requests, constraints } } });

/** `request=device` of each claim, undefined where there is not enough. */
function allocate(slices: ResourceSlice[], claims: Claim[], taken: string[] = []): string[] | undefined {
  const info = new NodeInfo('n');
  info.set(node('n', { labels: { rack: 'r1' } }));
  const pools = [...Map.groupBy(slices, s => s.spec.pool.name)].map(([name, list]) => ({ driver: DRIVER, name, slices: list, complete: list.length === list[0]!.spec.pool.resourceSliceCount }));
  const devices = { deviceClass: (name: string) => classes[name], pools: () => pools, isTaken: (id: string) => taken.some(t => deviceId({ driver: DRIVER, pool: 'p', device: t }) === id) } as unknown as Devices;
  return new Allocator(info, devices, selectDevice).allocate(claims)?.flatMap(a => a.devices!.results!.map(r => `${r.request}=${r.device}`));
}
const two = slice([gpu('a1', 2), gpu('b1', 4)]);

it.each<[string, ResourceSlice[], Claim[], string[] | undefined, string[]?]>([
  ['the first that matches', [two], [claim([ask('r')])], ['r=a1']],
  ['what its selector wants', [two], [claim([ask('r', cores(4))])], ['r=b1']],
  ['none that is taken', [two], [claim([ask('r')])], ['r=b1'], ['a1']],
  ['as many as it asks for', [two], [claim([ask('r', { count: 2 })])], ['r=a1', 'r=b1']],
  ['or none at all', [two], [claim([ask('r', { count: 3 })])], undefined],
  ['requests do not take one another\'s: the first gives way', [two], [claim([ask('any'), ask('small', cel(`device.attributes["${DRIVER}"].cores == 2`))])], ['any=b1', 'small=a1']],
  ['nor do claims', [two], [claim([ask('x')]), claim([ask('y', cores(2)), ask('z')])], undefined],
  ['all that match', [two], [claim([ask('r', { allocationMode: 'All' })])], ['r=a1', 'r=b1']],
  ['all, of which one is taken, is not all', [two], [claim([ask('r', { allocationMode: 'All' })])], undefined, ['a1']],
  ['all of nothing is not enough', [two], [claim([ask('r', { allocationMode: 'All', deviceClassName: 'none' })])], undefined],
  ['who administers may have what others have', [two], [claim([ask('r', { adminAccess: true })])], ['r=a1'], ['a1', 'b1']],
  ['the first alternative that can be had', [two], [claim([{ name: 'r', firstAvailable: [{ name: 'huge', deviceClassName: 'gpu', count: 1, ...cores(99) }, { name: 'big', deviceClassName: 'gpu', count: 1, ...cores(4) }] }])], ['r/big=b1']],
  ['devices of one kind', [slice([gpu('a1'), gpu('b1'), gpu('b2')])], [claim([ask('r', { count: 2 })], [{ matchAttribute: `${DRIVER}/bus` }])], ['r=b1', 'r=b2']],
  ['devices of different kinds', [slice([gpu('a1'), gpu('a2'), gpu('b2')])], [claim([ask('r', { count: 2 })], [{ distinctAttribute: `${DRIVER}/bus` }])], ['r=a1', 'r=b2']],
  ['a constraint is about its requests only', [slice([gpu('a1'), gpu('b1')])], [claim([ask('r'), ask('s')], [{ matchAttribute: `${DRIVER}/bus`, requests: ['r'] }])], ['r=a1', 's=b1']],
  ['an attribute that is missing matches nothing', [two], [claim([ask('r')], [{ matchAttribute: `${DRIVER}/nothing` }])], undefined],
  ['nothing of a pool that is not there as a whole', [slice([gpu('a1')], { pool: { name: 'p', generation: 1, resourceSliceCount: 2 } })], [claim([ask('r')])], undefined],
  ['nothing of another node', [slice([gpu('a1')], { nodeName: 'other' })], [claim([ask('r')])], undefined],
  ['what is everywhere, or where the node is', [slice([gpu('a1')], { nodeName: undefined, allNodes: true } as never), slice([gpu('x')], { nodeName: undefined, nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'rack', operator: 'In', values: ['r2'] }] }] }, pool: { name: 'q', generation: 1, resourceSliceCount: 1 } } as never)], [claim([ask('r', { count: 1 })])], ['r=a1']],
  ['none with a taint that is not tolerated', [slice([gpu('a1', 1, { taints: [{ key: 'k', effect: 'NoSchedule' }] }), gpu('b1')])], [claim([ask('r')])], ['r=b1']],
  ['or one whose taint is', [slice([gpu('a1', 1, { taints: [{ key: 'k', effect: 'NoSchedule' }] })])], [claim([ask('r', { tolerations: [{ key: 'k', operator: 'Exists' }] })])], ['r=a1']],
  ['no more than what parts of one device share', [slice([1, 2, 3].map(i => gpu(`a${i}`, 1, { consumesCounters: [{ counterSet: 's', counters: { memory: { value: '20Gi' } } }] })), { sharedCounters: [{ name: 's', counters: { memory: { value: '50Gi' } } }] })], [claim([ask('r', { count: 2 })]), claim([ask('t')])], undefined],
])('%s', (_, slices, claims, expected, taken) => { expect(allocate(slices, claims, taken)).toEqual(expected); });

it.each([
  [claim([ask('r', { deviceClassName: 'nope' })]), 'request r: device class nope does not exist'],
  [claim([ask('r', cel('device.attributes["x"].y == 1'))]), 'claim ns/c, request r: selector #0: no such key: y'],
  [claim([ask('r', { allocationMode: 'All' })]), 'claim ns/c, request r: asks for all devices, but resource pool d.example.com/p is currently being updated'],
])('what makes no sense is an error', (c, why) => { expect(() => allocate([slice([gpu('a1')], { pool: { name: 'p', generation: 1, resourceSliceCount: why.includes('updated') ? 2 : 1 } })], [c])).toThrow(why); });

it('says where the devices can be used, and hands on configuration', () => {
  const info = new NodeInfo('n');
  info.set(node('n', { labels: { rack: 'r1' } }));
  const term = { matchExpressions: [{ key: 'rack', operator: 'In', values: ['r1'] }] }, opaque = { driver: DRIVER, parameters: { a: 1 } };
  const s = slice([gpu('a1')], { nodeName: undefined, nodeSelector: { nodeSelectorTerms: [term] } } as never);
  const devices = { deviceClass: () => ({ ...classes['gpu']!, spec: { ...classes['gpu']!.spec, config: [{ opaque }] } }), pools: () => [{ driver: DRIVER, name: 'p', slices: [s], complete: true }], isTaken: () => false } as unknown as Devices;
  const c = claim([ask('r')]);
  c.spec.devices!.config = [{ requests: ['r'], opaque }];
  expect(new Allocator(info, devices, selectDevice).allocate([c])).toEqual([{
    devices: { results: [{ request: 'r', driver: DRIVER, pool: 'p', device: 'a1' }], config: [{ source: 'FromClass', requests: ['r'], opaque }, { source: 'FromClaim', requests: ['r'], opaque }] }, nodeSelector: { nodeSelectorTerms: [term] },
  }]);
});
