import { expect, it } from 'vitest';
import type { ImageStatus, Security } from '../runtime.ts';
import { groupsDiffer, withGroups } from './accounts.ts';

const accounts = { passwd: 'root:x:0:0::/:/bin/sh\none:x:1:7::/:/bin/sh\n', group: 'two:x:2:one\nthree:x:3:other,one\nfour:x:4:other\n' };
const image = (user: string): ImageStatus => ({ id: 'i', repoTags: [], repoDigests: [], sizeBytes: 0, user, entrypoint: [], cmd: [], volumes: [] });
const security = (more: Partial<Security>): Security => ({ privileged: false, readOnlyRootFilesystem: false, noNewPrivileges: false, supplementalGroups: [777], capAdd: [], capDrop: [], ...more });
const of = (more: Partial<Security>, user = ''): [boolean, number | undefined, number[]] => {
  const s = security(more), { runAsGroup, supplementalGroups } = withGroups(s, image(user), accounts);
  return [groupsDiffer(s, image(user)), runAsGroup, supplementalGroups];
};

it('Merge: groups that the image gives its user come with those asked for, also where a group is named', () => {
  expect(of({ runAsUser: 1, runAsGroup: 5 })).toEqual([true, 5, [2, 3, 777]]);
  expect(of({}, 'one:5')).toEqual([true, undefined, [2, 3, 777]]);
  expect(of({ runAsUser: 99, runAsGroup: 5 })).toEqual([true, 5, [777]]);
  // Docker does it by itself.
  expect(groupsDiffer(security({ runAsUser: 1 }), image(''))).toBe(false);
});

it('Strict: no group but those asked for and the primary one, which is the image\'s where none is named', () => {
  expect(of({ strictGroups: true, runAsUser: 1 })).toEqual([true, 7, [777]]);
  expect(of({ strictGroups: true }, 'one')).toEqual([true, 7, [777]]);
  expect(of({ strictGroups: true, runAsUser: 99 })).toEqual([true, 0, [777]]);
  expect(groupsDiffer(security({ strictGroups: true, runAsUser: 1, runAsGroup: 5 }), image(''))).toBe(false);
});
