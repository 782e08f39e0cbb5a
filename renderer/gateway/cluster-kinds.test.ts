import { describe, expect, it } from 'vitest';
import { kinds } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import type { Connection, WatchHandlers } from './connection.ts';
import { ClusterKinds } from './cluster-kinds.ts';
import { Stores } from './stores.ts';

const definition = (kind: string, o: { established?: boolean; generation?: number; versions?: object[]; column?: string } = {}): KubeObject => ({
  metadata: { name: `${kind.toLowerCase()}s.example.com`, uid: kind, generation: o.generation ?? 1, resourceVersion: String(Math.random()) },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { kind, plural: `${kind.toLowerCase()}s`, singular: kind.toLowerCase() },
    versions: o.versions ?? [{ name: 'v1', served: true, storage: true, additionalPrinterColumns: [{ name: o.column ?? 'Size', type: 'integer', jsonPath: '.spec.size' }] }],
  },
  status: { conditions: [{ type: 'Established', status: o.established === false ? 'False' : 'True' }] },
} as unknown as KubeObject);

/** The window's end of one watch, played by hand; every frame is told at once. */
function cluster(): { kinds: ClusterKinds; watching(): number; tell(...objects: KubeObject[]): void; event(type: string, object: KubeObject): void } {
  const watches = new Set<WatchHandlers>();
  const connection = { watch: (_: unknown, on: WatchHandlers) => { watches.add(on); return { close: () => watches.delete(on), retry: () => undefined }; } } as unknown as Connection;
  return {
    kinds: new ClusterKinds(new Stores(connection), kinds), watching: () => watches.size,
    tell: (...items) => { for (const w of watches) w.snapshot({ t: 'snapshot', id: 1, items, done: true }); },
    event: (type, object) => { for (const w of watches) w.events({ t: 'events', id: 1, events: [{ type: type as 'ADDED', object }] }); },
  };
}
const changed = (k: ClusterKinds): Promise<void> => new Promise(done => { const off = k.of('c').subscribe(() => { off(); done(); }); });
const custom = (k: ClusterKinds): string[] => k.of('c').get().filter(x => x.group === 'example.com').map(x => `${x.group}/${x.version} ${x.kind}`);

describe('the kinds of a cluster', () => {
  it('are the built-in ones while nobody looks, and no watch is open', () => {
    const c = cluster();
    expect(c.kinds.of('c').get()).toBe(kinds);
    expect(c.watching()).toBe(0);
  });

  it('gain and lose what definitions add, in the order of names, established ones alone', async () => {
    const c = cluster();
    const off = c.kinds.of('c').subscribe(() => undefined);
    let next = changed(c.kinds);
    c.tell(definition('Widget'), definition('Gadget'), definition('Later', { established: false }));
    await next;
    expect(custom(c.kinds)).toEqual(['example.com/v1 Gadget', 'example.com/v1 Widget']);
    next = changed(c.kinds);
    c.event('DELETED', definition('Gadget'));
    await next;
    expect(custom(c.kinds)).toEqual(['example.com/v1 Widget']);
    off();
  });

  it('keep a kind as it is while its definition only tells its status, and make it anew when it changes', async () => {
    const c = cluster();
    const off = c.kinds.of('c').subscribe(() => undefined);
    let next = changed(c.kinds);
    c.tell(definition('Widget'));
    await next;
    const before = c.kinds.find('c', 'example.com/v1', 'Widget')!;
    next = changed(c.kinds);
    c.event('MODIFIED', definition('Widget'));
    c.event('ADDED', definition('Gadget'));
    await next;
    expect(c.kinds.find('c', 'example.com/v1', 'Widget')).toBe(before);
    next = changed(c.kinds);
    c.event('MODIFIED', definition('Widget', { generation: 2, column: 'Weight' }));
    await next;
    expect(c.kinds.find('c', 'example.com/v1', 'Widget')!.columns.map(x => x.name)).toContain('Weight');
    off();
  });

  it('stand in the version they are stored in, and are found by any', async () => {
    const c = cluster();
    const off = c.kinds.of('c').subscribe(() => undefined);
    const next = changed(c.kinds);
    c.tell(definition('Widget', { versions: [{ name: 'v1beta1', served: true, storage: false }, { name: 'v1', served: true, storage: true }] }));
    await next;
    expect(custom(c.kinds)).toEqual(['example.com/v1 Widget']);
    expect(c.kinds.find('c', 'example.com/v1beta1', 'Widget')?.version).toBe('v1');
    expect(c.kinds.find('c', 'apps/v1', 'Deployment')?.plural).toBe('deployments');
    expect(c.kinds.find('c', 'apps/v1', 'Widget')).toBeUndefined();
    off();
  });
});
