// Images as files: docker-archive tars ("docker save"), OCI layouts as tars or as directories. Read in place, nothing is unpacked here.
import { createHash } from 'node:crypto';
import { open, readFile, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

/** A stretch of a file. */
export interface Slice { file: string; offset: number; size: number }
export interface ImageConfig { architecture?: string; os?: string; config?: { User?: string; Env?: string[] | null; Entrypoint?: string[] | null; Cmd?: string[] | null; WorkingDir?: string; StopSignal?: string; Volumes?: Record<string, unknown> | null }; rootfs: { diff_ids: string[] } }
/** An image that can be unpacked: its layers, lowest first, each plain, gzip or zstd. */
export interface FoundImage { id: string; tags: string[]; config: ImageConfig; layers: { diffId: string; slice: Slice }[] }

type Find = (name: string) => Slice | undefined | Promise<Slice | undefined>;

/** Every image in an archive or layout directory. Throws on what is neither. */
export async function readImages(path: string): Promise<FoundImage[]> {
  const find = (await stat(path)).isDirectory() ? inDirectory(path) : await inTar(path);
  const manifest = await find('manifest.json');
  if (manifest) return await dockerImages(JSON.parse((await read(manifest)).toString()) as DockerManifest[], find);
  const index = await find('index.json');
  if (index) return await ociImages(JSON.parse((await read(index)).toString()) as OciIndex, find, []);
  throw new Error(`${path} holds neither manifest.json nor index.json`);
}

interface DockerManifest { Config: string; RepoTags: string[] | null; Layers: string[] }
interface Descriptor { mediaType?: string; digest: string; size: number; platform?: { os: string; architecture: string }; annotations?: Record<string, string> }
export interface OciIndex { manifests: Descriptor[] }
export interface OciManifest { config: Descriptor; layers: Descriptor[] }

/** Node's word for this processor in the words of images. */
export const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

async function dockerImages(list: DockerManifest[], find: Find): Promise<FoundImage[]> {
  const images: FoundImage[] = [];
  for (const m of list) {
    const raw = await read(await need(find, m.Config));
    const config = JSON.parse(raw.toString()) as ImageConfig;
    const layers = await Promise.all(m.Layers.map(async (name, i) => ({ diffId: config.rootfs.diff_ids[i] ?? name, slice: await need(find, name) })));
    images.push({ id: sha256(raw), tags: m.RepoTags ?? [], config, layers });
  }
  return images;
}

async function ociImages(index: OciIndex, find: Find, inherited: string[]): Promise<FoundImage[]> {
  const images: FoundImage[] = [];
  for (const d of pick(index.manifests)) {
    const name = d.annotations?.['io.containerd.image.name'] ?? d.annotations?.['org.opencontainers.image.ref.name'];
    const tags = name === undefined ? inherited : [name];
    const body = JSON.parse((await read(await need(find, blob(d.digest)))).toString()) as Partial<OciIndex & OciManifest>;
    if (body.manifests) { images.push(...await ociImages(body as OciIndex, find, tags)); continue; }
    const m = body as OciManifest;
    const raw = await read(await need(find, blob(m.config.digest)));
    const config = JSON.parse(raw.toString()) as ImageConfig;
    const layers = await Promise.all(m.layers.map(async (l, i) => ({ diffId: config.rootfs.diff_ids[i] ?? l.digest, slice: await need(find, blob(l.digest)) })));
    images.push({ id: sha256(raw), tags, config, layers });
  }
  return images;
}

/** Those for this machine: entries without a platform, or Linux on this processor. */
export function pick(list: readonly Descriptor[]): Descriptor[] { return list.filter(d => d.platform === undefined || (d.platform.os === 'linux' && d.platform.architecture === ARCHITECTURE)); }
const blob = (digest: string): string => `blobs/${digest.replace(':', '/')}`;
export const sha256 = (data: Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

async function need(find: Find, name: string): Promise<Slice> {
  const slice = await find(name);
  if (!slice) throw new Error(`the image lacks ${name}`);
  return slice;
}

async function read(slice: Slice): Promise<Buffer> {
  const file = await open(slice.file);
  try { const data = Buffer.alloc(slice.size); await file.read(data, 0, slice.size, slice.offset); return data; } finally { await file.close(); }
}

function inDirectory(dir: string): Find {
  return async name => {
    if (name.split('/').includes('..')) return undefined;
    const file = join(dir, name);
    try { return { file, offset: 0, size: (await stat(file)).size }; } catch (error) { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; throw error; }
  };
}

// Reads the headers only: a gigabyte of layers costs a few reads.
async function inTar(path: string): Promise<Find> {
  const entries = new Map<string, Slice>();
  const links = new Map<string, string>();
  const file = await open(path);
  try {
    const header = Buffer.alloc(512);
    let longName: string | undefined;
    for (let at = 0; await full(file, header, at);) {
      if (header[0] === 0) break;
      const text = (from: number, size: number): string => header.toString('utf8', from, from + size).split('\0')[0] ?? '';
      const size = parseInt(text(124, 12).trim() || '0', 8);
      const type = text(156, 1);
      const name = longName ?? (text(345, 155) && text(257, 5) === 'ustar' ? `${text(345, 155)}/${text(0, 100)}` : text(0, 100));
      longName = undefined;
      if (type === 'L' || type === 'x') {
        const data = Buffer.alloc(size);
        await file.read(data, 0, size, at + 512);
        longName = type === 'L' ? data.toString('utf8').split('\0')[0] : /^\d+ path=(.*)$/m.exec(data.toString('utf8'))?.[1];
      } else if (type === '2' || type === '1') links.set(name.replace(/^\.\//, ''), join(type === '2' ? join(name, '..') : '', text(157, 100)));
      else if (type === '0' || type === '') entries.set(name.replace(/^\.\//, ''), { file: path, offset: at + 512, size });
      at += 512 + Math.ceil(size / 512) * 512;
    }
  } finally { await file.close(); }
  // Old "docker save" links a repeated layer to its first copy.
  return name => entries.get(name) ?? entries.get(links.get(name) ?? '');
}

async function full(file: FileHandle, into: Buffer, at: number): Promise<boolean> { return (await file.read(into, 0, into.length, at)).bytesRead === into.length; }

/** A JSON file, undefined when there is none. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  try { return JSON.parse(await readFile(file, 'utf8')) as T; } catch (error) { if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; throw error; }
}
