import { beforeAll, describe, expect, it } from 'vitest';
import { startText } from '../../text.ts';
import { orderLike, readManifest, rewritten, toText } from './documents.ts';

const TEXT = `apiVersion: v1
kind: Pod
metadata:
  name: a
spec:
  containers:
  - name: main
    image: nope
---
# nothing here
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: "yes"}}
- {apiVersion: v1, kind: ConfigMap, metadata: {}}
---
apiVersion: [
`;

beforeAll(startText);

describe('readManifest', () => {
  it('reads several documents, opens lists, places fields and tells what is wrong where', () => {
    const { docs, problems } = readManifest(TEXT);
    expect(docs.map(d => d.object.metadata?.name)).toEqual(['a', 'b']);
    expect(docs[0]!.place(['spec', 'containers', 0, 'image'])).toMatchObject({ line: 8, column: 5 });
    expect(docs[0]!.place(['spec', 'containers', 0, 'ports', 3])).toMatchObject({ line: 7 });
    expect(problems[0]!.message).toBe('metadata.name is missing');
    expect(problems.some(p => p.line >= 18)).toBe(true);
  });
});
describe('words', () => {
  it('are read as the server reads them', () => {
    const { docs } = readManifest('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: n}\ndata: {a: y, b: yes, c: Off, d: N, y: 1}\n');
    expect(docs[0]?.object).toMatchObject({ metadata: { name: 'n' }, data: { a: 'y', b: true, c: false, d: 'N', y: 1 } });
  });
});
describe('orderLike', () => {
  it('follows the order of the other, deep and in lists', () => {
    expect(JSON.stringify(orderLike({ c: [{ y: 1, x: 2 }], b: 1, a: { q: 1, p: 2 } }, { a: { p: 0, q: 0 }, b: 0, c: [{ x: 0 }] }))).toBe('{"a":{"p":2,"q":1},"b":1,"c":[{"x":2,"y":1}]}');
  });
});
describe('toText', () => {
  it('has the name before the namespace, whatever the order it came in', () => {
    expect(toText({ metadata: { labels: { a: 'b' }, namespace: 'shop', name: 'x' }, kind: 'Pod', apiVersion: 'v1' })).toBe('apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  namespace: shop\n  labels:\n    a: b\n');
  });
  it('leaves out what servers write and puts the usual order on top', () => {
    const text = toText({ metadata: { name: 'a', uid: 'u', resourceVersion: '3', managedFields: [] }, kind: 'Pod', apiVersion: 'v1', status: { phase: 'Running' }, spec: { on: 'on' } } as never);
    expect(text).toBe('apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  "on": "on"\n');
    expect(readManifest(text).docs[0]!.object).toMatchObject({ spec: { on: 'on' } });
  });
});

describe('documents written anew', () => {
  it('leave comments and the other documents as they are', () => {
    const text = '# first\na: 1\n---\n# mine\napiVersion: old/v1\nkind: X\nmetadata:\n  name: x # here\n---\napiVersion: v1\nkind: Y\nmetadata: {name: y}\n';
    const { docs } = readManifest(text.slice(text.indexOf('# mine')));
    const made = rewritten(text.slice(text.indexOf('# mine')), [{ doc: docs[0]!, object: { ...docs[0]!.object, apiVersion: 'new/v1' } }]);
    expect(made).toContain('# mine\napiVersion: new/v1\nkind: X\nmetadata:\n  name: x\n');
    expect(made).toContain('---\napiVersion: v1\nkind: Y\nmetadata: {name: y}\n');
    expect(readManifest(made).docs.map(d => d.object.apiVersion)).toEqual(['new/v1', 'v1']);
  });
  it('of a List are not touched one by one', () => {
    const text = 'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: old/v1, kind: X, metadata: {name: x}}\n';
    const { docs } = readManifest(text);
    expect(docs[0]!.span).toBeUndefined();
    expect(rewritten(text, [{ doc: docs[0]!, object: docs[0]!.object }])).toBe(text);
  });
});
