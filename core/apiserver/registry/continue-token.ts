// Opaque continue tokens: the revision a chunked list is consistent at, and the key after which it goes on (contract 6.2).
import { badRequest } from '../../api/meta/status.ts';

export interface Token { readonly revision: number; readonly after: string }

export const encodeToken = (t: Token): string => Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: t.revision, start: t.after })).toString('base64url');

/** Throws 400 on what was not made by `encodeToken`. A revision of -1 asks for the newest state. */
export function decodeToken(text: string): Token {
  try {
    const v = JSON.parse(Buffer.from(text, 'base64url').toString()) as { v?: unknown; rv?: unknown; start?: unknown };
    if (v.v === 'meta.k8s.io/v1' && Number.isSafeInteger(v.rv) && typeof v.start === 'string' && v.start !== '') return { revision: v.rv as number, after: v.start };
  } catch (e) { if (!(e instanceof SyntaxError)) throw e; }
  throw badRequest('continue key is not valid: unrecognized encoded version');
}
