import { describe, expect, it } from 'vitest';
import { merge3 } from './merge3.ts';

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
