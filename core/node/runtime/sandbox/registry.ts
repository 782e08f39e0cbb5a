// A client of the registry API (distribution spec v2): what pulling needs. Errors say which of the three it was: unreachable, refused, not there.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ImagePullError, type PullAuth } from '../runtime.ts';
import { pick, sha256, type ImageConfig, type OciIndex, type OciManifest, type Slice } from './archive.ts';
import type { Reference } from '../../images/reference.ts';

export interface PulledImage { id: string; digest: string; config: ImageConfig; layers: { diffId: string; slice: Slice }[] }

const ACCEPT = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json', 'application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'].join(', ');

/** Fetches manifest, config and layers; layers go to files in `blobs`, each checked against its digest. Throws ImagePullError. */
export async function pullFromRegistry(ref: Reference, auth: PullAuth | undefined, blobs: string, signal: AbortSignal): Promise<PulledImage> {
  const session = new Session(ref, auth, signal);
  let target = ref.digest ?? ref.tag ?? 'latest';
  let digest: string | undefined;
  for (let depth = 0; depth < 4; depth++) {
    const response = await session.get(`manifests/${target}`, ACCEPT);
    const raw = Buffer.from(await response.arrayBuffer());
    const actual = sha256(raw);
    if (target.startsWith('sha256:') && actual !== target) throw session.fail(`manifest ${target} has the content of ${actual}`);
    digest ??= actual;
    const body = JSON.parse(raw.toString()) as Partial<OciIndex & OciManifest> & { schemaVersion?: number };
    if (body.manifests) {
      const mine = pick(body.manifests)[0];
      if (!mine) throw session.fail('no matching manifest for this platform in the manifest list entries');
      target = mine.digest;
      continue;
    }
    if (!body.config || !body.layers) throw session.fail('manifest schema 1 is not supported');
    const rawConfig = Buffer.from(await (await session.get(`blobs/${body.config.digest}`)).arrayBuffer());
    if (sha256(rawConfig) !== body.config.digest) throw session.fail(`config ${body.config.digest} has other content`);
    const config = JSON.parse(rawConfig.toString()) as ImageConfig;
    const layers = [];
    for (const [i, l] of body.layers.entries()) layers.push({ diffId: config.rootfs.diff_ids[i] ?? '', slice: await fetchBlob(session, l.digest, l.size, blobs) });
    return { id: body.config.digest, digest, config, layers };
  }
  throw session.fail('manifest lists refer to one another');
}

async function fetchBlob(session: Session, digest: string, size: number, blobs: string): Promise<Slice> {
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw session.fail(`unsupported digest ${digest}`);
  const file = join(blobs, digest.slice(7));
  const hash = createHash('sha256');
  const response = await session.get(`blobs/${digest}`);
  if (!response.body) throw session.fail(`blob ${digest} is empty`);
  const check = new Transform({ transform(chunk: Buffer, _e, done) { hash.update(chunk); done(null, chunk); } });
  await pipeline(Readable.fromWeb(response.body), check, createWriteStream(file));
  const actual = `sha256:${hash.digest('hex')}`;
  if (actual !== digest) throw session.fail(`blob ${digest} has the content of ${actual}`);
  return { file, offset: 0, size: (await stat(file)).size || size };
}

class Session {
  readonly #ref: Reference;
  readonly #auth: PullAuth | undefined;
  readonly #signal: AbortSignal;
  readonly #bases: string[];
  #authorization: string | undefined;

  constructor(ref: Reference, auth: PullAuth | undefined, signal: AbortSignal) {
    this.#ref = ref; this.#auth = auth; this.#signal = signal;
    const host = ref.host === 'docker.io' ? 'registry-1.docker.io' : ref.host;
    // A registry on this machine has no certificate as a rule: plain HTTP is tried after TLS, and nowhere else.
    const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/.test(host);
    this.#bases = loopback ? [`http://${host}`, `https://${host}`] : [`https://${host}`];
    if (auth?.registryToken) this.#authorization = `Bearer ${auth.registryToken}`;
  }

  fail(words: string): ImagePullError { return new ImagePullError('ErrImagePull', `failed to pull "${this.#name()}": ${words}`); }
  #name(): string { return `${this.#ref.host}/${this.#ref.repository}${this.#ref.digest ? `@${this.#ref.digest}` : `:${this.#ref.tag}`}`; }

  async get(path: string, accept?: string): Promise<Response> {
    let unreachable: unknown;
    for (const base of this.#bases) {
      const url = `${base}/v2/${this.#ref.repository}/${path}`;
      let response: Response;
      try {
        response = await this.#fetch(url, accept);
        if (response.status === 401) {
          const challenge = response.headers.get('www-authenticate') ?? '';
          if (await this.#authorize(challenge)) {
            await response.body?.cancel();
            response = await this.#fetch(url, accept);
          }
        }
      } catch (error) {
        if (this.#signal.aborted || error instanceof ImagePullError) throw error;
        unreachable = error;
        continue;
      }
      if (response.ok) return response;
      const text = (await response.text()).slice(0, 500);
      if (response.status === 401 || response.status === 403) throw this.fail(`pull access denied, repository does not exist or may require authorization: the registry answered ${response.status}`);
      if (response.status === 404) throw this.fail('not found');
      if (response.status === 503) throw new ImagePullError('RegistryUnavailable', `registry ${this.#ref.host} is unavailable: ${text}`);
      throw this.fail(`unexpected status ${response.status}: ${text}`);
    }
    const cause = unreachable instanceof Error && unreachable.cause instanceof Error ? unreachable.cause.message : String(unreachable);
    throw this.fail(`registry ${this.#ref.host} cannot be reached: ${cause}`);
  }

  #fetch(url: string, accept: string | undefined): Promise<Response> {
    return fetch(url, { signal: this.#signal, headers: { ...(accept === undefined ? {} : { accept }), ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }) } });
  }

  // Answers a challenge once: basic, or a token from the realm it names.
  async #authorize(challenge: string): Promise<boolean> {
    const basic = this.#auth?.username === undefined ? undefined : `Basic ${Buffer.from(`${this.#auth.username}:${this.#auth.password ?? ''}`).toString('base64')}`;
    if (/^basic/i.test(challenge)) { this.#authorization = basic; return basic !== undefined; }
    if (!/^bearer/i.test(challenge)) return false;
    const part = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`, 'i').exec(challenge)?.[1];
    const realm = part('realm');
    if (realm === undefined) return false;
    const query = { service: part('service') ?? '', scope: part('scope') ?? `repository:${this.#ref.repository}:pull` };
    const response = this.#auth?.identityToken === undefined
      ? await fetch(`${realm}?${new URLSearchParams(query).toString()}`, { signal: this.#signal, headers: basic === undefined ? {} : { authorization: basic } })
      : await fetch(realm, { method: 'POST', signal: this.#signal, body: new URLSearchParams({ ...query, grant_type: 'refresh_token', client_id: 'pilothouse', refresh_token: this.#auth.identityToken }) });
    if (!response.ok) throw this.fail(`unauthorized: the token service answered ${response.status}`);
    const token = await response.json() as { token?: string; access_token?: string };
    this.#authorization = `Bearer ${token.token ?? token.access_token ?? ''}`;
    return true;
  }
}
