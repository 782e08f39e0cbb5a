// Images of the sandbox runtime: found in archives and layouts on disk, or pulled; layers unpacked once into a folder each, which
// overlayfs stacks.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import type { Log } from '../../../base/log.ts';
import { ImagePullError, type ImageStatus, type PullAuth } from '../runtime.ts';
import { readImages, readJson, type FoundImage, type ImageConfig, type Slice } from './archive.ts';
import { run } from './network.ts';
import { canonical, familiar, parseReference } from '../../images/reference.ts';
import { pullFromRegistry } from './registry.ts';

/** An image whose layers can be stacked. */
export interface ReadyImage { id: string; config: ImageConfig; /** folder names below `layersDir`, lowest first */ layers: string[] }
interface Stored extends FoundImage { digests: string[] }

export class ImageStore {
  readonly layersDir: string;
  readonly #stateDir: string;
  readonly #launcher: string;
  readonly #log: Log;
  readonly #dirs: string[];
  readonly #scanned = new Map<string, { stamp: string; images: FoundImage[] }>();
  readonly #pulled = new Map<string, Stored>();
  readonly #unpacking = new Map<string, Promise<void>>();
  #removed = new Set<string>();

  constructor(stateDir: string, launcher: string, log: Log, dirs = (process.env['PILOTHOUSE_IMAGE_DIRS'] ?? '').split(':').filter(d => d !== '')) {
    this.#stateDir = stateDir; this.#launcher = launcher; this.#log = log;
    this.layersDir = join(stateDir, 'layers');
    this.#dirs = [join(stateDir, 'images'), ...dirs];
  }

  /** Reads what earlier runs pulled. */
  async load(): Promise<void> {
    for (const d of ['layers', 'images', 'blobs', 'pulled']) await mkdir(join(this.#stateDir, d), { recursive: true });
    // A half-unpacked layer of a killed host.
    for (const name of await readdir(this.layersDir)) if (name.startsWith('new-')) await rm(join(this.layersDir, name), { recursive: true, force: true });
    for (const name of await readdir(join(this.#stateDir, 'pulled'))) {
      const image = await readJson<Stored>(join(this.#stateDir, 'pulled', name));
      if (image) this.#pulled.set(image.id, image);
    }
    this.#removed = new Set(await readJson<string[]>(join(this.#stateDir, 'removed.json')) ?? []);
  }

  async status(ref: string): Promise<ImageStatus | undefined> {
    const image = await this.#find(ref);
    return image && this.#status(image);
  }

  async list(): Promise<ImageStatus[]> { return (await this.#all()).map(i => this.#status(i)); }

  /** Makes an image's layers ready for overlayfs. Throws if the image or one of its files is gone. */
  async ready(id: string): Promise<ReadyImage> {
    const image = (await this.#find(id));
    if (!image) throw new Error(`no such image: ${id}`);
    await Promise.all(image.layers.map(l => this.#unpack(l.diffId, l.slice)));
    return { id: image.id, config: image.config, layers: image.layers.map(l => layerName(l.diffId)) };
  }

  /** Takes the image from the folders, else from its registry. Throws ImagePullError. */
  async pull(ref: string, auth: PullAuth | undefined, signal: AbortSignal): Promise<ImageStatus> {
    const reference = parseReference(ref);
    const name = canonical(ref);
    const local = (await this.#scan()).find(i => i.tags.some(t => safeCanonical(t) === name));
    if (local) {
      if (this.#removed.delete(local.id)) await this.#saveRemoved();
      await this.ready(local.id);
      return this.#status({ ...local, digests: [] });
    }
    let got;
    try { got = await pullFromRegistry(reference, auth, join(this.#stateDir, 'blobs'), signal); } catch (error) {
      if (error instanceof ImagePullError) throw error;
      throw new ImagePullError('ErrImagePull', `failed to pull image "${ref}": ${words(error)}`);
    }
    const old = this.#pulled.get(got.id);
    const image: Stored = { id: got.id, config: got.config, layers: got.layers, tags: [...new Set([...(old?.tags ?? []), ...(reference.digest === undefined ? [name] : [])])], digests: [`${reference.host}/${reference.repository}@${got.digest}`] };
    try { await Promise.all(image.layers.map(l => this.#unpack(l.diffId, l.slice))); } catch (error) { throw new ImagePullError('ErrImagePull', `failed to unpack image "${ref}": ${words(error)}`); }
    for (const l of image.layers) await rm(l.slice.file, { force: true });
    for (const other of this.#pulled.values()) if (other.id !== image.id && other.tags.includes(name)) { other.tags = other.tags.filter(t => t !== name); await this.#save(other); }
    this.#pulled.set(image.id, image);
    if (this.#removed.delete(image.id)) await this.#saveRemoved();
    await this.#save(image);
    return this.#status(image);
  }

  /** Forgets an image and removes the layers no other image has. A file in an image folder stays; pulling brings it back. */
  async remove(id: string): Promise<void> {
    const all = await this.#all();
    const image = all.find(i => i.id === id);
    if (!image) return;
    this.#pulled.delete(id);
    await rm(join(this.#stateDir, 'pulled', `${id.slice(7)}.json`), { force: true });
    this.#removed.add(id);
    await this.#saveRemoved();
    const kept = new Set(all.filter(i => i.id !== id).flatMap(i => i.layers.map(l => l.diffId)));
    for (const l of image.layers) if (!kept.has(l.diffId)) { this.#unpacking.delete(l.diffId); await rm(join(this.layersDir, layerName(l.diffId)), { recursive: true, force: true }); }
  }

  async #all(): Promise<Stored[]> {
    const byId = new Map<string, Stored>();
    for (const i of await this.#scan()) if (!this.#removed.has(i.id)) byId.set(i.id, { ...i, tags: [...(byId.get(i.id)?.tags ?? []), ...i.tags], digests: [] });
    for (const i of this.#pulled.values()) byId.set(i.id, i);
    return [...byId.values()];
  }

  async #find(ref: string): Promise<Stored | undefined> {
    const all = await this.#all();
    const id = ref.startsWith('sha256:') ? ref : /^[0-9a-f]{64}$/.test(ref) ? `sha256:${ref}` : undefined;
    if (id !== undefined) return all.find(i => i.id === id);
    const name = safeCanonical(ref);
    return name === undefined ? undefined : all.find(i => i.tags.some(t => safeCanonical(t) === name) || i.digests.includes(name));
  }

  // Only files that are new or changed are read again.
  async #scan(): Promise<FoundImage[]> {
    const found: FoundImage[] = [];
    for (const dir of this.#dirs) {
      let names: string[];
      try { names = await readdir(dir); } catch (error) { if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) continue; throw error; }
      if (names.includes('index.json') && names.includes('oci-layout')) names = ['.'];
      for (const name of names) {
        const path = join(dir, name);
        const s = await stat(path);
        if (s.isDirectory() ? !existsSync(join(path, 'index.json')) : !name.endsWith('.tar')) continue;
        const stamp = `${s.isDirectory() ? (await stat(join(path, 'index.json'))).mtimeMs : s.mtimeMs} ${s.size}`;
        let known = this.#scanned.get(path);
        if (known?.stamp !== stamp) {
          try { known = { stamp, images: await readImages(path) }; } catch (error) { this.#log.warn('not an image', { path, error }); known = { stamp, images: [] }; }
          this.#scanned.set(path, known);
        }
        found.push(...known.images);
      }
    }
    return found;
  }

  #unpack(diffId: string, slice: Slice): Promise<void> {
    let job = this.#unpacking.get(diffId);
    if (!job) {
      job = this.#unpackNow(diffId, slice);
      this.#unpacking.set(diffId, job);
      job.catch(() => { this.#unpacking.delete(diffId); });
    }
    return job;
  }

  async #unpackNow(diffId: string, slice: Slice): Promise<void> {
    const target = join(this.layersDir, layerName(diffId));
    if (existsSync(target)) return;
    const fresh = join(this.layersDir, `new-${randomBytes(6).toString('hex')}`);
    await mkdir(fresh, { recursive: true });
    try {
      const tar = spawn('tar', ['-xpf', '-', '-C', fresh, '--numeric-owner', '--same-owner', '--xattrs', '--xattrs-include=security.capability', '--delay-directory-restore'], { stdio: ['pipe', 'ignore', 'pipe'] });
      let said = '';
      tar.stderr.on('data', (d: Buffer) => { said += d.toString(); });
      const ended = new Promise<number>((resolve, reject) => { tar.once('error', reject); tar.once('close', c => { resolve(c ?? 1); }); });
      const hash = createHash('sha256');
      const tee = new PassThrough();
      tee.on('data', (d: Buffer) => { hash.update(d); });
      const from = createReadStream(slice.file, { start: slice.offset, end: slice.offset + Math.max(0, slice.size - 1) });
      const plain = await decompress(slice);
      const [code] = await Promise.all([ended, pipeline([from, ...(plain ? [plain] : []), tee, tar.stdin] as unknown as [Readable, NodeJS.WritableStream]).catch((error: unknown) => { if (!['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error; })]);
      if (code !== 0) throw new Error(`tar: ${said.trim().split('\n')[0] ?? code}`);
      const digest = `sha256:${hash.digest('hex')}`;
      if (digest !== diffId) throw new Error(`layer ${diffId} has the content of ${digest}`);
      await run(this.#launcher, ['whiteouts', fresh]);
      await rename(fresh, target);
    } catch (error) { await rm(fresh, { recursive: true, force: true }); throw error; }
  }

  #status(i: Stored): ImageStatus {
    const c = i.config.config ?? {};
    return {
      id: i.id, repoTags: i.tags.map(t => familiar(safeCanonical(t) ?? t)), repoDigests: i.digests.map(familiar), sizeBytes: i.layers.reduce((n, l) => n + l.slice.size, 0),
      user: c.User ?? '', entrypoint: c.Entrypoint ?? [], cmd: c.Cmd ?? [], ...(c.StopSignal ? { stopSignal: c.StopSignal } : {}), volumes: Object.keys(c.Volumes ?? {}),
    };
  }

  async #save(image: Stored): Promise<void> { await writeWhole(join(this.#stateDir, 'pulled', `${image.id.slice(7)}.json`), JSON.stringify(image)); }
  async #saveRemoved(): Promise<void> { await writeWhole(join(this.#stateDir, 'removed.json'), JSON.stringify([...this.#removed])); }
}

const layerName = (diffId: string): string => diffId.slice(7, 27);
const words = (e: unknown): string => e instanceof Error ? e.message : String(e);
function safeCanonical(ref: string): string | undefined { try { return canonical(ref); } catch (error) { if (error instanceof ImagePullError) return undefined; throw error; } }

/** Writes a file so that it is seen whole or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text);
  await rename(fresh, path);
}

async function decompress(slice: Slice): Promise<NodeJS.ReadWriteStream | undefined> {
  const file = await open(slice.file);
  try {
    const magic = Buffer.alloc(4);
    await file.read(magic, 0, 4, slice.offset);
    if (magic[0] === 0x1f && magic[1] === 0x8b) return zlib.createGunzip();
    if (magic.readUInt32LE(0) === 0xfd2fb528) {
      const unpack = zlib.createZstdDecompress as typeof zlib.createZstdDecompress | undefined;
      if (!unpack) throw new Error(`${slice.file} holds a layer compressed with zstd, which Node ${process.version} cannot unpack: use Node 22.15 or newer`);
      return unpack();
    }
    return undefined;
  } finally { await file.close(); }
}
