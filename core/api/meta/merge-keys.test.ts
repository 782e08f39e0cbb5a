import { expect, test } from 'vitest';
import { kinds } from '../kinds/index.ts';
import { mergeRules, shortDefinition } from './merge-keys.ts';

test('every kind has a row, and every row leads somewhere', () => {
  for (const k of kinds) expect(mergeRules[shortDefinition(k.schema)], k.schema).toBeDefined();
  for (const [definition, fields] of Object.entries(mergeRules)) {
    for (const [field, rule] of Object.entries(fields)) if (rule.of) expect(mergeRules[rule.of], `${definition}.${field}`).toBeDefined();
  }
});

test('the merge keys clients count on', () => {
  const key = (definition: string, field: string): string | undefined => mergeRules[definition]?.[field]?.key;
  expect(key('core.v1.Container', 'ports')).toBe('containerPort');
  expect(key('core.v1.ServiceSpec', 'ports')).toBe('port');
  expect(key('core.v1.Container', 'volumeMounts')).toBe('mountPath');
  expect(key('core.v1.PodSpec', 'hostAliases')).toBe('ip');
  expect(key('core.v1.PodSpec', 'topologySpreadConstraints')).toBe('topologyKey');
  expect(key('meta.v1.ObjectMeta', 'ownerReferences')).toBe('uid');
  expect(mergeRules['core.v1.PodSpec']!.volumes!.strategy).toBe('merge,retainKeys');
  expect(mergeRules['core.v1.PodSpec']!.tolerations).toBeUndefined();
  expect(mergeRules['batch.v1.JobTemplateSpec']!.spec!.of).toBe('batch.v1.JobSpec');
});
