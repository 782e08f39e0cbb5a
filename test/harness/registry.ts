// A container registry with a password on localhost, as far as a pull needs one: serves the images of docker-archives.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
const digestOf = (b: Buffer): string => `sha256:${createHash('sha256').update(b).digest('hex')}`;

export class Registry {
  readonly user: string;
  readonly password: string;
  /** Requests answered with 401. */
  refused = 0;
  /** Requests for manifests that were answered. */
  pulls = 0;
  readonly #server: Server;
  readonly #blobs = new Map<string, Buffer>();
  /** `name:tag` and `name@digest` -> manifest. */
  readonly #manifests = new Map<string, Buffer>();

  private constructor(user: string, password: string) {
    this.user = user; this.password = password;
    const wanted = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    this.#server = createServer((req, res) => {
      const path = decodeURIComponent(new URL(req.url ?? '/', 'http://x').pathname);
      const send = (status: number, body: Buffer | object, type = 'application/json', extra: Record<string, string> = {}): void => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
        res.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'docker-distribution-api-version': 'registry/2.0', ...extra });
        res.end(req.method === 'HEAD' ? undefined : bytes);
      };
      if (req.headers.authorization !== wanted) {
        this.refused++;
        send(401, { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }, 'application/json', { 'www-authenticate': 'Basic realm="test"' });
        return;
      }
      const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path), blob = /^\/v2\/.+\/blobs\/(.+)$/.exec(path);
      if (/^\/v2\/?$/.test(path)) send(200, {});
      else if (manifest) {
        const found = this.#manifests.get(`${manifest[1]!}:${manifest[2]!}`);
        if (found) { this.pulls++; send(200, found, MANIFEST, { 'docker-content-digest': digestOf(found) }); } else send(404, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
      } else if (blob) {
        const found = this.#blobs.get(blob[1]!);
        if (found) send(200, found, 'application/octet-stream', { 'docker-content-digest': blob[1]! }); else send(404, { errors: [{ code: 'BLOB_UNKNOWN', message: 'blob unknown' }] });
      } else send(404, { errors: [] });
    });
  }

  /** Listens on 127.0.0.1. */
  static async start(user = 'jane', password = 's3cret'): Promise<Registry> {
    const r = new Registry(user, password);
    await new Promise<void>(resolve => { r.#server.listen(0, '127.0.0.1', resolve); });
    return r;
  }

  /** `localhost:PORT`. */
  get host(): string { return `localhost:${(this.#server.address() as AddressInfo).port}`; }

  /** Offers the one image of a docker-archive as `name:tag`. */
  add(name: string, tag: string, archive: string): void {
    const dir = mkdtempSync(join(tmpdir(), 'pilothouse-registry-'));
    try {
      execFileSync('tar', ['-x', '-C', dir, '-f', archive]);
      const [image] = JSON.parse(readFileSync(join(dir, 'manifest.json'), 'utf8')) as { Config: string; Layers: string[] }[];
      const put = (file: string): { digest: string; size: number } => { const b = readFileSync(join(dir, file)), digest = digestOf(b); this.#blobs.set(digest, b); return { digest, size: b.length }; };
      const manifest = Buffer.from(JSON.stringify({
        schemaVersion: 2, mediaType: MANIFEST, config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...put(image!.Config) },
        layers: image!.Layers.map(l => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar', ...put(l) })),
      }));
      this.#manifests.set(`${name}:${tag}`, manifest);
      this.#manifests.set(`${name}:${digestOf(manifest)}`, manifest);
    } finally { rmSync(dir, { recursive: true, force: true }); }
  }

  close(): Promise<void> { return new Promise(resolve => { this.#server.close(() => resolve()); this.#server.closeAllConnections(); }); }
}
