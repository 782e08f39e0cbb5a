import { describe, expect, it } from 'vitest';
import { apply3, merge3 } from './merge3.ts';

const base = { spec: { replicas: 1, template: { containers: [{ name: 'a', image: 'x:1' }, { name: 'b', image: 'y:1' }] }, args: ['p'] }, labels: { k: 'v' } };

describe('merge3', () => {
  it('joins changes of different fields and of differently named elements', () => {
    const mine = structuredClone(base), theirs = structuredClone(base);
    mine.spec.template.containers[0]!.image = 'x:2';
    theirs.spec.replicas = 5;
    theirs.spec.template.containers[1]!.image = 'y:2';
    theirs.spec.template.containers.push({ name: 'c', image: 'z:1' });
    const { value, conflicts } = merge3(base, mine, theirs);
    expect(conflicts).toEqual([]);
    expect(value).toEqual({ spec: { replicas: 5, template: { containers: [{ name: 'a', image: 'x:2' }, { name: 'b', image: 'y:2' }, { name: 'c', image: 'z:1' }] }, args: ['p'] }, labels: { k: 'v' } });
  });
  it('takes out a map with what was in it, not what others have put there since', () => {
    const was = { a: { x: 1, y: { z: 1 } } };
    expect(merge3(was, {}, { a: { x: 1, y: { z: 1 }, new: 1 } })).toEqual({ value: { a: { new: 1 } }, conflicts: [] });
    expect(merge3(was, {}, was)).toEqual({ value: {}, conflicts: [] });
    expect(merge3(was, {}, { a: { x: 2, y: { z: 1 } } }).conflicts).toEqual([{ path: 'a.x', base: 1, mine: undefined, theirs: 2 }]);
  });
  it('keeps deletions of either side and names what both changed', () => {
    const mine = { ...structuredClone(base), labels: {} } as typeof base, theirs = structuredClone(base);
    mine.spec.replicas = 2;
    theirs.spec.replicas = 3;
    theirs.spec.args = ['q'];
    mine.spec.args = ['r'];
    const { value, conflicts } = merge3(base, mine, theirs);
    expect(conflicts).toEqual([{ path: 'spec.replicas', base: 1, mine: 2, theirs: 3 }, { path: 'spec.args', base: ['p'], mine: ['r'], theirs: ['q'] }]);
    expect(value).toMatchObject({ labels: {}, spec: { replicas: 2, args: ['r'] } });
  });
});

describe('merge3 of lists without names', () => {
  it('tells ports and mounts apart by what tells them apart in Kubernetes', () => {
    const was = { ports: [{ port: 80 }, { port: 443 }], mounts: [{ mountPath: '/a', name: 'x' }, { mountPath: '/b', name: 'x' }] };
    const mine = { ...was, ports: [{ port: 80 }] }, theirs = { ports: [{ port: 80, nodePort: 30080 }, { port: 443 }], mounts: [{ mountPath: '/a', name: 'x', readOnly: true }, { mountPath: '/b', name: 'x' }] };
    expect(merge3(was, mine, theirs)).toEqual({ value: { ports: [{ port: 80, nodePort: 30080 }], mounts: theirs.mounts }, conflicts: [] });
  });
});

describe('apply3', () => {
  const last = { spec: { replicas: 2, template: { containers: [{ name: 'a', image: 'x:1', env: [{ name: 'E', value: '1' }], resources: { limits: { memory: '1024Mi', cpu: 0.5 } } }], volumes: [{ name: 'v', configMap: { name: 'c' } }] } }, labels: { k: 'v', l: 'w' } };
  /** As the server keeps it: defaults filled in, amounts in their canonical form. */
  const live = { spec: { replicas: 2, progress: 600, template: { restartPolicy: 'Always', containers: [{ name: 'a', image: 'x:1', env: [{ name: 'E', value: '1' }], policy: 'Always', resources: { limits: { memory: '1Gi', cpu: '500m' } } }], volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 420 } }] } }, labels: { k: 'v', l: 'w' } };
  type Shape = typeof last;

  it('takes out what the manifest no longer says, keeps what the server and others have added', () => {
    const mine = structuredClone(last) as Shape & { spec: { replicas?: number } };
    delete (mine.spec as { replicas?: number }).replicas;
    delete (mine.labels as { l?: string }).l;
    mine.spec.template.containers[0]!.env = [];
    const theirs = structuredClone(live);
    theirs.spec.template.containers.push({ ...theirs.spec.template.containers[0]!, name: 'sidecar' });
    const { value, conflicts, drift } = apply3(last, mine, theirs);
    expect({ conflicts, drift }).toEqual({ conflicts: [], drift: [] });
    const spec = (value as typeof live).spec;
    expect(spec).not.toHaveProperty('replicas');
    expect(spec.progress).toBe(600);
    expect(spec.template.containers.map(c => [c.name, c.env?.length])).toEqual([['a', 0], ['sidecar', 1]]);
    expect((value as typeof live).labels).toEqual({ k: 'v' });
  });
  it('sees no change where the server only writes the same in another way', () => {
    const mine = structuredClone(last);
    mine.spec.template.containers[0]!.resources.limits = { memory: '2Gi', cpu: 1 };
    expect(apply3(last, mine, live)).toMatchObject({ conflicts: [], drift: [] });
  });
  it('tells what both have changed, and what others have changed alone', () => {
    const mine = structuredClone(last), theirs = structuredClone(live);
    mine.spec.replicas = 3;
    theirs.spec.replicas = 5;
    theirs.labels.k = 'theirs';
    const { conflicts, drift, value } = apply3(last, mine, theirs);
    expect(conflicts).toEqual([{ path: 'spec.replicas', base: 2, mine: 3, theirs: 5 }]);
    expect(drift).toEqual([{ path: 'labels.k', base: 'v', mine: 'v', theirs: 'theirs' }]);
    expect(value).toMatchObject({ spec: { replicas: 3 }, labels: { k: 'v' } });
  });
  it('asks before it takes out what somebody else has changed', () => {
    const mine = structuredClone(last), theirs = structuredClone(live);
    delete (mine.labels as { l?: string }).l;
    theirs.labels.l = 'theirs';
    expect(apply3(last, mine, theirs).conflicts).toEqual([{ path: 'labels.l', base: 'w', mine: undefined, theirs: 'theirs' }]);
  });
  it('overlays what was never applied, replaces the one source of a volume, and removes by null', () => {
    const mine = { spec: { replicas: 4, template: { volumes: [{ name: 'v', emptyDir: {} }] } }, labels: { l: null } };
    const { value, conflicts } = apply3(undefined, mine, live);
    expect(conflicts).toEqual([]);
    expect(value).toMatchObject({ spec: { replicas: 4, progress: 600 }, labels: { k: 'v' } });
    expect((value as { spec: { template: { volumes: unknown[] } } }).spec.template.volumes).toEqual([{ name: 'v', emptyDir: {} }]);
    expect((value as { labels: object }).labels).not.toHaveProperty('l');
  });
});
