import { describe, expect, it } from 'vitest';
import { dropped, joined } from './files.ts';

type Tree = { [name: string]: string | Tree };
/** Stand-ins of the browser's entries; folders are read in pieces, as browsers do. */
function entry(name: string, node: string | Tree, path = `/${name}`): FileSystemEntry {
  if (typeof node === 'string') return { isFile: true, name, fullPath: path, file: (done: (f: { text(): Promise<string> }) => void) => done({ text: async () => node }) } as unknown as FileSystemEntry;
  const all = Object.entries(node).map(([n, v]) => entry(n, v, `${path}/${n}`)).reverse();
  return { isFile: false, name, fullPath: path, createReader: () => ({ readEntries: (done: (e: FileSystemEntry[]) => void) => done(all.splice(0, 2)) }) } as unknown as FileSystemEntry;
}
const drop = (tree: Tree): DataTransfer => ({ items: Object.entries(tree).map(([n, v]) => ({ webkitGetAsEntry: () => entry(n, v) })), files: [] }) as unknown as DataTransfer;

describe('dropped', () => {
  it('takes what was dropped whatever it is called, and the manifests of folders in the order of their names', async () => {
    const files = await dropped(drop({ 'notes.txt': 'a: 1', shop: { 'b.yaml': 'b', 'README.md': '# no', 'a.yml': 'a', deep: { 'c.json': '{}', 'x.sh': 'no' }, 'd.YAML': 'd' } }));
    expect(files.map(f => f.name)).toEqual(['notes.txt', 'shop/a.yml', 'shop/b.yaml', 'shop/d.YAML', 'shop/deep/c.json']);
  });
  it('takes files that have no entry', async () => {
    const data = { items: [{ webkitGetAsEntry: () => null }], files: [{ name: 'x.yaml', text: async () => 'x' }] } as unknown as DataTransfer;
    expect(await dropped(data)).toEqual([{ name: 'x.yaml', text: 'x' }]);
  });
});
describe('joined', () => {
  it('puts one separator between files, whatever they begin and end with', () => {
    expect(joined([{ name: 'a', text: '---\na: 1\n' }, { name: 'b', text: '\n' }, { name: 'c', text: 'c: 1\n---\n' }], 'z: 0\n')).toBe('z: 0\n---\na: 1\n---\nc: 1\n');
  });
});
