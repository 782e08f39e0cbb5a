// What a URL of the Kubernetes API asks for (contract 3.10, 6.6).
import { parse } from 'node:querystring';
import { badRequest } from '../../api/meta/status.ts';

/** Query parameters; repeated ones are arrays. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export type RequestVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface ResourceRequest {
  readonly group: string;
  readonly version: string;
  /** '' when the path names none. */
  readonly namespace: string;
  readonly plural: string;
  /** '' for a collection. */
  readonly name: string;
  /** '' for the object itself. */
  readonly subresource: string;
  /** What follows the subresource, with its leading slash: the path a proxy passes on. */
  readonly rest: string;
  /** The old `/watch/` prefix was used. */
  readonly oldWatch: boolean;
}

const EMPTY: Query = Object.freeze({});

export const parseQuery = (text: string): Query => (text === '' ? EMPTY : parse(text));

/** The first value of a parameter, '' when it is absent. */
export function first(query: Query, name: string): string {
  const v = query[name];
  return v === undefined ? '' : typeof v === 'string' ? v : (v[0] ?? '');
}

/** Go's strconv.ParseBool with Kubernetes' leniency: absent, '0', 'false' (any case) are false, all else is true. */
export function flag(query: Query, name: string): boolean {
  if (query[name] === undefined) return false;
  const v = first(query, name).toLowerCase();
  return v !== 'false' && v !== '0';
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  let text: string;
  try { text = decodeURIComponent(segment); } catch { throw badRequest(`invalid URL escape in ${JSON.stringify(segment)}`); }
  if (text.includes('/') || text === '..' || text === '.') throw badRequest(`invalid path segment ${JSON.stringify(segment)}`);
  return text;
}

/** undefined for paths that are not below /api/VERSION/… or /apis/GROUP/VERSION/… (discovery, health, …). */
export function resourceRequest(path: string): ResourceRequest | undefined {
  const s = path.split('/');
  let i: number, group: string, version: string;
  if (s[1] === 'api') { group = ''; version = s[2] ?? ''; i = 3; }
  else if (s[1] === 'apis') { group = s[2] ?? ''; version = s[3] ?? ''; i = 4; if (group === '') return undefined; }
  else return undefined;
  if (version === '' || s[i] === undefined || (s[i] === '' && s.length === i + 1)) return undefined;
  const oldWatch = s[i] === 'watch' && s.length > i + 1;
  if (oldWatch) i++;
  let namespace = '', plural = decode(s[i]!), name = '', subresource = '', restAt = s.length;
  if (plural === 'namespaces' && s.length > i + 2 && s[i + 2] !== '') {
    const third = s[i + 2]!;
    // /namespaces/NAME/status and /finalize are subresources of the namespace, everything else a resource inside it.
    if (third !== 'status' && third !== 'finalize') {
      namespace = decode(s[i + 1]!);
      plural = decode(third);
      i += 2;
    }
  }
  if (s.length > i + 1 && s[i + 1] !== '') name = decode(s[i + 1]!);
  if (name && s.length > i + 2 && s[i + 2] !== '') { subresource = decode(s[i + 2]!); restAt = i + 3; }
  if (subresource !== 'proxy' && s.length > restAt && !(s.length === restAt + 1 && s[restAt] === '')) subresource += `/${s.slice(restAt).join('/')}`;
  return { group, version, namespace, plural, name, subresource, rest: s.length > restAt ? `/${s.slice(restAt).join('/')}` : '', oldWatch };
}
