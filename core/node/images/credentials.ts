// Which of a pod's imagePullSecrets fit an image's registry.
import type { Secret } from '../../api/types/kubernetes.ts';
import { ImagePullError, type PullAuth } from '../runtime/runtime.ts';
import { parseReference } from './reference.ts';

interface Entry { username?: string; password?: string; auth?: string; identitytoken?: string; registrytoken?: string }

/** Host and path of a reference: `nginx` -> `docker.io/library/nginx`; undefined when it is none, which the pull will say. */
export function repositoryOf(ref: string): string | undefined {
  try { const r = parseReference(ref); return `${r.host}/${r.repository}`; } catch (e) {
    if (e instanceof ImagePullError) return undefined;
    throw e;
  }
}

function matches(pattern: string, repository: string): boolean {
  const p = pattern.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$/, '').replace(/\/$/, '').replace(/^(index\.docker\.io|registry-1\.docker\.io)/, 'docker.io');
  const [host = '', ...path] = p.split('/'); const [ownHost = '', ...ownPath] = repository.split('/');
  const parts = host.split('.'); const own = ownHost.split('.');
  const hostFits = parts.length === own.length && parts.every((x, i) => new RegExp(`^${x.replaceAll(/[^\w*?-]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`).test(own[i]!));
  return hostFits && path.every((x, i) => ownPath[i] === x);
}

/** Credentials for the image, the most specific first; an unreadable secret is skipped and named to `warn`. */
export function credentialsFor(image: string, secrets: readonly Secret[], warn: (message: string) => void): PullAuth[] {
  const repository = repositoryOf(image);
  if (repository === undefined) return [];
  const found: { key: string; auth: PullAuth }[] = [];
  for (const s of secrets) {
    const raw = s.data?.['.dockerconfigjson'] ?? s.data?.['.dockercfg'];
    if (raw === undefined) continue;
    let entries: Record<string, Entry>;
    try {
      const parsed = JSON.parse(Buffer.from(raw, 'base64').toString()) as { auths?: Record<string, Entry> };
      entries = s.data?.['.dockerconfigjson'] === undefined ? parsed as Record<string, Entry> : parsed.auths ?? {};
    } catch (e) { warn(`secret ${s.metadata?.name ?? ''}: ${(e as Error).message}`); continue; }
    for (const [key, e] of Object.entries(entries)) {
      if (!matches(key, repository)) continue;
      const [user, ...rest] = e.auth ? Buffer.from(e.auth, 'base64').toString().split(':') : [];
      const username = e.username ?? user; const password = e.password ?? (rest.length ? rest.join(':') : undefined);
      found.push({ key, auth: { ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(e.identitytoken ? { identityToken: e.identitytoken } : {}), ...(e.registrytoken ? { registryToken: e.registrytoken } : {}) } });
    }
  }
  return found.sort((a, b) => b.key.length - a.key.length).map(f => f.auth);
}
