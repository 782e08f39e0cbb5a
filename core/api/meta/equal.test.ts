import { expect, it } from 'vitest';
import { semanticEqual } from './equal.ts';

it.each([
  ['maps and lists: empty is absent', { metadata: { labels: {} }, spec: { nodeSelector: {}, args: [] } }, {}, true],
  ['resources without amounts', { containers: [{ name: 'c', resources: {} }] }, { containers: [{ name: 'c' }] }, true],
  ['null is absent', { a: null, b: 1 }, { b: 1 }, true],
  ['the values themselves', {}, undefined, true],
  ['an emptyDir is a volume', { volumes: [{ name: 'v', emptyDir: {} }] }, { volumes: [{ name: 'v' }] }, false],
  ['an empty label selector selects everything', { labelSelector: {} }, {}, false],
  ['an empty security context is one', { securityContext: {} }, {}, false],
  ['both empty', { securityContext: {} }, { securityContext: {} }, true],
  ['false, 0 and "" are values', { a: false }, {}, false],
  ['order in lists counts', { a: [1, 2] }, { a: [2, 1] }, false],
  ['a list is no object', { a: [1] }, { a: { 0: 1 } }, false],
])('%s', (_what, a, b, equal) => {
  expect(semanticEqual(a, b)).toBe(equal);
  expect(semanticEqual(b, a)).toBe(equal);
});
