import { describe, expect, it } from 'vitest';
import { kindOf } from '../../../core/api/kinds/index.ts';
import { byKind, owned, type Found, type Going } from './what-goes.ts';

const kind = (name: string) => kindOf(name === 'Pod' ? 'v1' : 'apps/v1', name)!;
const found = (of: string, uid: string, ...owners: string[]): Found => ({ kind: kind(of), object: { metadata: { name: uid, uid, namespace: 'a', ownerReferences: owners.map(o => ({ apiVersion: 'apps/v1', kind: 'x', name: o, uid: o })) } } });
const root: Going = { kind: kind('Deployment'), name: 'web', namespace: 'a', depth: 0, uid: 'd' };

describe('what goes along', () => {
  it('is what the objects own, down to the last, each under its owner', () => {
    const going = owned([root], [found('Pod', 'p1', 'r1'), found('ReplicaSet', 'r1', 'd'), found('ReplicaSet', 'r2', 'd'), found('Pod', 'p2', 'r2'), found('Pod', 'foreign', 'other'), found('Pod', 'free')]);
    expect(going.map(g => `${'>'.repeat(g.depth)}${g.name}`)).toEqual(['web', '>r1', '>>p1', '>r2', '>>p2']);
    expect(byKind(going.slice(1)).map(k => [k.kind.kind, k.count])).toEqual([['ReplicaSet', 2], ['Pod', 2]]);
  });
  it('is not who has another owner besides, nor the same object twice', () => {
    expect(owned([root], [found('Pod', 'shared', 'd', 'other')]).map(g => g.name)).toEqual(['web']);
    const both = [root, { ...root, name: 'two', uid: 'e' }];
    expect(owned(both, [found('Pod', 'shared', 'd', 'e')]).map(g => g.name)).toEqual(['web', 'shared', 'two']);
    // Owner and owned chosen together: each once.
    expect(owned([root, { ...root, name: 'r1', uid: 'r1' }], [found('ReplicaSet', 'r1', 'd')]).map(g => g.name)).toEqual(['web', 'r1']);
  });
});
