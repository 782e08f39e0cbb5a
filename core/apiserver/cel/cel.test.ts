import { expect, test } from 'vitest';
import * as cel from './cel.ts';
import * as types from './types.ts';
import { overwrite } from '../admission/chain.ts';

test('types print as messages show them', () => {
  const all = { ...types };
  expect(all.typeText(all.mapOf(all.STRING, all.listOf(all.DYN)))).toBe('map(string, list(dyn))');
  expect({ ...cel }.compile('1', { variables: {} })).toBeDefined();
  const o = { metadata: { name: 'a' } };
  overwrite(o, { metadata: { name: 'b' } });
  expect(o.metadata.name).toBe('b');
});
