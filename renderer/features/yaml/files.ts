// Manifests from files: picked, or dropped one by one or as folders; and text saved as a file.

export interface ManifestFile { name: string; text: string }
/** What a manifest's file is called. */
export const EXTENSIONS = ['yaml', 'yml', 'json'];
const isManifest = (name: string): boolean => EXTENSIONS.some(e => name.toLowerCase().endsWith(`.${e}`));

/** Every file that was dropped, and every manifest of a dropped folder and the folders in it, by path. Must be called while the drop is handled. */
export function dropped(data: DataTransfer): Promise<ManifestFile[]> {
  const entries = [...data.items].map(i => i.webkitGetAsEntry()).filter(e => e !== null);
  // Files that come from nowhere on disk (a mail, a test) have no entry.
  if (entries.length === 0) return Promise.all([...data.files].map(async f => ({ name: f.name, text: await f.text() })));
  return Promise.all(entries.map(e => walk(e, true))).then(lists => lists.flat());
}

async function walk(entry: FileSystemEntry, named: boolean): Promise<ManifestFile[]> {
  if (entry.isFile) {
    if (!named && !isManifest(entry.name)) return [];
    const file = await new Promise<File>((done, fail) => { (entry as FileSystemFileEntry).file(done, fail); });
    return [{ name: entry.fullPath.replace(/^\//, '') || entry.name, text: await file.text() }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    // A reader hands out a hundred entries at a time.
    const some = await new Promise<FileSystemEntry[]>((done, fail) => { reader.readEntries(done, fail); });
    if (some.length === 0) break;
    inside.push(...some);
  }
  inside.sort((a, b) => (a.name < b.name ? -1 : 1));
  const out: ManifestFile[] = [];
  for (const e of inside) out.push(...await walk(e, false));
  return out;
}

/** Several files as one manifest, after what is there already. */
export function joined(files: readonly ManifestFile[], before = ''): string {
  return `${[before, ...files.map(f => f.text)].map(x => x.trim().replace(/^---\n|\n---$/g, '')).filter(x => x !== '').join('\n---\n')}\n`;
}

/** Hands the text to the browser as a download; in Electron its own dialog asks where to. */
export function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  const a = Object.assign(document.createElement('a'), { href: url, download: name });
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
