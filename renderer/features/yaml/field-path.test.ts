import { describe, expect, it } from 'vitest';
import { readManifest, without } from './documents.ts';
import { sameIn, shownPath, stepsOf } from './field-path.ts';

const object = {
  metadata: { annotations: { 'a.b/c': '1', a: 'x' }, finalizers: ['k.io/f'] }, data: { 'app.conf': 'x', app: 'y' },
  spec: { containers: [{ name: 'side' }, { name: 'main', ports: [{ containerPort: 80, protocol: 'UDP' }, { containerPort: 80 }] }] },
};

describe('paths of fields', () => {
  it('are read in both spellings, keys with dots by what the object has', () => {
    const of = (path: string) => stepsOf(path, object);
    expect(of('spec.containers[1].ports[0].protocol')).toEqual(['spec', 'containers', 1, 'ports', 0, 'protocol']);
    expect(of('.spec.containers[name="main"].ports[containerPort=80,protocol="TCP"]')).toEqual(['spec', 'containers', 1, 'ports', 1]);
    expect(of('spec.containers[main].image')).toEqual(['spec', 'containers', 1, 'image']);
    expect(of('.data.app.conf')).toEqual(['data', 'app.conf']);
    expect(of('.metadata.annotations.a.b/c')).toEqual(['metadata', 'annotations', 'a.b/c']);
    expect(of('metadata.annotations[a.b/c]')).toEqual(['metadata', 'annotations', 'a.b/c']);
    expect(of('.metadata.finalizers[="k.io/f"]')).toEqual(['metadata', 'finalizers', 0]);
    expect(of('spec.nothing[2].here')).toEqual(['spec', 'nothing', '2', 'here']);
    expect(of('..')).toEqual(['.']);
  });
  it('lead to the same element where the list has others before it, and are shown by its name', () => {
    const to = { spec: { containers: [{ name: 'main' }] } };
    expect(sameIn(['spec', 'containers', 1, 'image'], object, to)).toEqual(['spec', 'containers', 0, 'image']);
    expect(shownPath(['spec', 'containers', 1, 'image'], object)).toBe('spec.containers[main].image');
  });
});

describe('a document without some of its fields', () => {
  it('keeps comments, the other documents and the places of list elements', () => {
    const text = 'a: 1\n---\n# mine\nspec:\n  replicas: 3\n  # two\n  list: [x, y, z]\n  on: "yes"\nkind: K\napiVersion: v1\nmetadata: {name: n}\n---\nb: 2\n';
    const [doc] = readManifest(text).docs;
    expect(without(text, doc!, [['spec', 'replicas'], ['spec', 'list', 0], ['spec', 'list', 1], ['not', 'there']])).toBe('a: 1\n---\n# mine\nspec:\n  # two\n  list: [ z ]\n  on: "yes"\nkind: K\napiVersion: v1\nmetadata: { name: n }\n---\nb: 2\n');
  });
});
