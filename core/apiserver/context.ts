// What travels with one request through the chain, and what comes out of it; the same for sockets and in-process callers.
import type { Column, KindSpec } from '../api/kinds/kind.ts';
import type { KubeObject, ListMeta } from '../api/meta/object.ts';
import type { Entry, Narrow } from '../store/store.ts';
import type { Query } from './http/request-info.ts';
import type { Resource } from './registry/resource.ts';

export interface UserInfo {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** A request body: bytes from a socket, or a value an in-process caller handed over (which must not be mutated). */
export type Body = { readonly bytes: Buffer; readonly contentType: string | undefined } | { readonly value: unknown; readonly contentType: string | undefined };

export interface RequestContext {
  readonly method: string;
  readonly user: UserInfo;
  readonly query: Query;
  readonly body: Body;
  readonly userAgent: string;
  /** Texts for Warning headers. */
  readonly warnings: string[];
  /** Annotations for the audit log, when one is kept. */
  readonly audit?: Record<string, string>;
}

/** An answer before it is written: stored objects stay stored bytes as long as nobody needs them decoded. */
export type Result =
  | { readonly type: 'entry'; readonly code: number; readonly resource: Resource; readonly entry: Entry }
  /** `columns`: of an object that is none of the resource's kind and has a table all the same (a Scale). */
  | { readonly type: 'object'; readonly code: number; readonly object: object; readonly spec?: KindSpec; readonly columns?: readonly Column[] }
  | { readonly type: 'list'; readonly code: number; readonly resource: Resource; readonly entries: readonly Entry[]; readonly meta: ListMeta }
  /** A list of what is not stored. */
  | { readonly type: 'objects'; readonly code: number; readonly resource: Resource; readonly objects: readonly KubeObject[]; readonly meta: ListMeta }
  | { readonly type: 'watch'; readonly resource: Resource; readonly watch: WatchRequest };

export interface WatchRequest {
  /** Key prefix to watch; a single object's watch narrows it. */
  readonly prefix: string;
  /** Only this key of the prefix, when the selector names one object. */
  readonly key: string | undefined;
  /** undefined: everything matches. */
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  /** What the selector asks of one field or label, so that events which do not concern it need not come. */
  readonly narrow?: Narrow | undefined;
  /** Start after this revision. */
  readonly after: number;
  /** Current state to send first as ADDED. */
  readonly initial: readonly Entry[];
  /** Revision for the bookmark that ends the initial events (6.11). */
  readonly initialBookmark: number | undefined;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}
