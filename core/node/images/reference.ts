// Image references in every form people write them.
import { ImagePullError } from '../runtime/runtime.ts';

export interface Reference { host: string; repository: string; tag: string | undefined; digest: string | undefined }

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;

/** Parses `[host/]repository[:tag][@digest]` with Docker's defaults. Throws ImagePullError('InvalidImageName'). */
export function parseReference(ref: string): Reference {
  const invalid = (why: string): ImagePullError => new ImagePullError('InvalidImageName', `couldn't parse image name "${ref}": invalid reference format${why}`);
  const [name = '', digest] = ref.split('@');
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) throw invalid('');
  const colon = name.lastIndexOf(':');
  const hasTag = colon > name.lastIndexOf('/');
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (tag !== undefined && !/^\w[\w.-]{0,127}$/.test(tag)) throw invalid('');
  const path = hasTag ? name.slice(0, colon) : name;
  const [first = '', ...rest] = path.split('/');
  const hosted = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const host = hosted ? first === 'index.docker.io' ? 'docker.io' : first : 'docker.io';
  let repository = hosted ? rest.join('/') : path;
  if (!hosted && /[A-Z]/.test(repository)) throw invalid(': repository name must be lowercase');
  if (!REPOSITORY.test(repository)) throw invalid('');
  if (host === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`;
  return { host, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** One spelling for all that mean the same: `docker.io/library/nginx:latest`. */
export function canonical(ref: string): string {
  const r = parseReference(ref);
  return `${r.host}/${r.repository}${r.digest === undefined ? `:${r.tag}` : `@${r.digest}`}`;
}

/** As people write and Docker shows it: without the default host. */
export function familiar(name: string): string { return name.replace(/^docker\.io\/(library\/)?/, ''); }
