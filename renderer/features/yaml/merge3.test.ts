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
  it('keeps deletions of either side and names what both changed', () => {
    const mine = { ...structuredClone(base), labels: {} } as typeof base, theirs = structuredClone(base);
    mine.spec.replicas = 2;
    theirs.spec.replicas = 3;
    theirs.spec.args = ['q'];
    mine.spec.args = ['r'];
    const { value, conflicts } = merge3(base, mine, theirs);
    expect(conflicts).toEqual(['spec.replicas', 'spec.args']);
    expect(value).toMatchObject({ labels: {}, spec: { replicas: 2, args: ['r'] } });
  });
});
