// kubeconfig files as kubectl reads them: several files merge, the first to name something wins; paths are relative to their file.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { parse } from 'yaml';
import type { HttpTransportOptions } from './transport-http.ts';

export interface ExecPlugin { apiVersion: string; command: string; args?: string[]; env?: { name: string; value: string }[]; installHint?: string; provideClusterInfo?: boolean; interactiveMode?: string }
export interface Cluster { server: string; ca?: string; insecureSkipTlsVerify: boolean; serverName?: string; proxyUrl?: string }
export interface User { cert?: string; key?: string; token?: string; tokenFile?: string; username?: string; password?: string; exec?: ExecPlugin; impersonate?: string }
export interface Context { name: string; cluster: string; user: string; namespace: string }

export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contexts: readonly Context[];
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly users: ReadonlyMap<string, User>;
  /** What could not be read or understood, file by file; the rest is usable. */
  readonly problems: readonly string[];
}

type Raw = Record<string, unknown>;
const asRecord = (v: unknown): Raw => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Raw) : {});
const asList = (v: unknown): Raw[] => (Array.isArray(v) ? v.map(asRecord) : []);
const asText = (v: unknown): string | undefined => (typeof v === 'string' && v !== '' ? v : typeof v === 'number' ? String(v) : undefined);

/** The files kubectl would read: $KUBECONFIG's list, else ~/.kube/config. */
export function kubeconfigPaths(env: NodeJS.ProcessEnv = process.env): string[] {
  const list = (env['KUBECONFIG'] ?? '').split(delimiter).filter(p => p !== '');
  return list.length > 0 ? list : [join(homedir(), '.kube', 'config')];
}

/** Parses one text, or reads and merges files (missing ones are skipped, as kubectl does). Throws only on a text that is no mapping. */
export function loadKubeconfig(source: string | readonly string[]): Kubeconfig {
  const into = new Merge();
  if (typeof source === 'string') {
    into.add(source, process.cwd(), 'kubeconfig');
    if (into.problems.length > 0 && into.contexts.size === 0) throw new Error(into.problems.join('; '));
  } else {
    for (const path of source) {
      if (!existsSync(path)) continue;
      try { into.add(readFileSync(path, 'utf8'), dirname(path), path); } catch (error) { into.problems.push(`${path}: ${(error as Error).message}`); }
    }
  }
  return { currentContext: into.currentContext, contexts: [...into.contexts.values()], clusters: into.clusters, users: into.users, problems: into.problems };
}

class Merge {
  currentContext: string | undefined;
  readonly contexts = new Map<string, Context>();
  readonly clusters = new Map<string, Cluster>();
  readonly users = new Map<string, User>();
  readonly problems: string[] = [];

  add(text: string, dir: string, name: string): void {
    let root: Raw;
    try {
      const value: unknown = parse(text, { version: '1.1', merge: true });
      if (value === null) return;
      if (typeof value !== 'object' || Array.isArray(value)) throw new Error('not a mapping');
      root = value as Raw;
    } catch (error) {
      this.problems.push(`${name}: ${(error as Error).message}`);
      return;
    }
    this.currentContext ??= asText(root['current-context']);
    this.#each(root, 'clusters', 'cluster', name, this.clusters, c => cluster(c, dir));
    this.#each(root, 'users', 'user', name, this.users, u => user(u, dir));
    this.#each(root, 'contexts', 'context', name, this.contexts, (c, n) => ({ name: n, cluster: asText(c['cluster']) ?? '', user: asText(c['user']) ?? '', namespace: asText(c['namespace']) ?? 'default' }));
  }

  #each<T>(root: Raw, list: string, field: string, file: string, into: Map<string, T>, read: (raw: Raw, name: string) => T): void {
    for (const item of asList(root[list])) {
      const name = asText(item['name']);
      if (name === undefined || into.has(name)) continue;
      try { into.set(name, read(asRecord(item[field]), name)); } catch (error) { this.problems.push(`${file}: ${field} "${name}": ${(error as Error).message}`); }
    }
  }
}

/** Data in the file wins over a path. */
function material(raw: Raw, field: string, dir: string): string | undefined {
  const data = asText(raw[`${field}-data`]);
  if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
  const path = asText(raw[field]);
  return path === undefined ? undefined : readFileSync(isAbsolute(path) ? path : join(dir, path), 'utf8');
}

function cluster(raw: Raw, dir: string): Cluster {
  return {
    server: asText(raw['server']) ?? 'http://localhost:8080', ca: material(raw, 'certificate-authority', dir),
    insecureSkipTlsVerify: raw['insecure-skip-tls-verify'] === true, serverName: asText(raw['tls-server-name']), proxyUrl: asText(raw['proxy-url']),
  };
}

function user(raw: Raw, dir: string): User {
  const tokenFile = asText(raw['tokenFile']);
  const exec = asRecord(raw['exec']);
  return {
    cert: material(raw, 'client-certificate', dir), key: material(raw, 'client-key', dir),
    token: asText(raw['token']), tokenFile: tokenFile === undefined || isAbsolute(tokenFile) ? tokenFile : join(dir, tokenFile),
    username: asText(raw['username']), password: asText(raw['password']), impersonate: asText(raw['as']),
    exec: asText(exec['command']) === undefined ? undefined : (exec as unknown as ExecPlugin),
  };
}

/** What HttpTransport needs for a context (the current one without a name). Throws with kubectl's words if parts are missing. */
export function connectionOf(k: Kubeconfig, contextName = k.currentContext): HttpTransportOptions {
  const context = k.contexts.find(c => c.name === contextName);
  if (!context) throw new Error(contextName === undefined ? 'no current context is set' : `context "${contextName}" does not exist`);
  const c = k.clusters.get(context.cluster);
  if (!c) throw new Error(`cluster "${context.cluster}" does not exist`);
  const u = k.users.get(context.user);
  if (context.user !== '' && !u) throw new Error(`auth info "${context.user}" does not exist`);
  if (u?.exec && !u.token && !u.cert) throw new Error(`user "${context.user}" signs in through the program ${u.exec.command}, which is not supported yet`);
  // A file's token is read anew each time: it is rotated under us.
  const file = u?.tokenFile;
  return {
    server: c.server, ca: c.ca, insecureSkipTlsVerify: c.insecureSkipTlsVerify, serverName: c.serverName,
    cert: u?.cert, key: u?.key, username: u?.username, password: u?.password,
    token: u?.token ?? (file === undefined ? undefined : () => readFileSync(file, 'utf8').trim()),
  };
}
