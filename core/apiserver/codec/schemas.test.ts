import { describe, expect, it } from 'vitest';
import { kinds } from '../../api/kinds/index.ts';
import { definition, definitionNames, schemaOf, type Shape } from './schemas.ts';

describe('definition tables', () => {
  it('know every kind, its list and what its subresources speak', () => {
    for (const k of kinds) {
      expect(definition(k.schema)?.gvk, k.schema).toEqual({ group: k.group, version: k.version, kind: k.kind });
      expect(schemaOf(k.group, k.version, k.listKind), k.listKind).toBeDefined();
    }
    for (const [g, v, k] of [['', 'v1', 'Binding'], ['policy', 'v1', 'Eviction'], ['autoscaling', 'v1', 'Scale'], ['authentication.k8s.io', 'v1', 'TokenRequest'], ['', 'v1', 'DeleteOptions']] as const) expect(schemaOf(g, v, k), k).toBeDefined();
  });
  it('refer only to each other', () => {
    const visit = (s: Shape, owner: string): void => {
      if (s.type === 'struct') expect(definition(s.name), `${owner} -> ${s.name}`).toBeDefined();
      if (s.type === 'list' || s.type === 'map') visit(s.of, owner);
    };
    for (const name of definitionNames()) for (const f of definition(name)!.fields.values()) visit(f.shape, name);
  });
  it('carry the facts of merging', () => {
    const spec = definition('io.k8s.api.core.v1.PodSpec')!, container = definition('io.k8s.api.core.v1.Container')!;
    expect(spec.fields.get('volumes')).toMatchObject({ patchStrategy: 'merge,retainKeys', patchMergeKey: 'name', listType: 'map', listMapKeys: ['name'] });
    expect(container.fields.get('ports')).toMatchObject({ patchMergeKey: 'containerPort', listMapKeys: ['containerPort', 'protocol'] });
    expect(definition('io.k8s.api.core.v1.ContainerPort')!.fields.get('protocol')).toMatchObject({ default: 'TCP', pointer: false });
    expect(definition('io.k8s.api.apps.v1.DeploymentSpec')!.fields.get('replicas')).toMatchObject({ pointer: true });
    expect(spec.fields.get('containers')?.required).toBe(true);
  });
});
