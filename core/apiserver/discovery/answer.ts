// What the handlers of non-resource paths give back, and the caching headers they share.
import { createHash } from 'node:crypto';
import { failure } from '../../api/meta/status.ts';
import type { ApiError } from '../../api/meta/status.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/** Request headers as node:http gives them: lower-case names. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

export const header = (headers: Headers, name: string): string | undefined => {
  const v = headers[name];
  return Array.isArray(v) ? v.join(', ') : v;
};

export const json = (value: unknown, status = 200): Answer => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
export const text = (body: string, status = 200): Answer =>
  ({ status, headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }, body });
export const statusAnswer = (e: ApiError): Answer => json(e.status, e.code);
export const notFound = (): Answer => statusAnswer(failure(404, 'NotFound', 'the server could not find the requested resource', { details: {} }));

/** A document that changes seldom: its bytes, media type and strong ETag, made once. */
export interface Document { readonly contentType: string; readonly body: Buffer; readonly etag: string; readonly hash: string }

/** The document of these bytes; its ETag is their SHA-512. */
export function documentOf(contentType: string, body: Buffer): Document {
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
  return { contentType, body, hash, etag: `"${hash}"` };
}

/** 304 when the client has it already, the whole document otherwise. */
export function serve(d: Document, headers: Headers, cacheControl = 'public'): Answer {
  const common = { etag: d.etag, vary: 'Accept', 'cache-control': cacheControl };
  const known = header(headers, 'if-none-match');
  if (known !== undefined && known.split(',').some(t => { const tag = t.trim().replace(/^W\//, ''); return tag === '*' || tag === d.etag; })) {
    return { status: 304, headers: common, body: '' };
  }
  return { status: 200, headers: { ...common, 'content-type': d.contentType }, body: d.body };
}
