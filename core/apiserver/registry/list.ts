// LIST: consistent, chunked, selected (contract 6.1 to 6.5).
import type { ListMeta } from '../../api/meta/object.ts';
import { badRequest, failure, gone } from '../../api/meta/status.ts';
import { Compacted, FutureRevision, type Entry } from '../../store/store.ts';
import type { RequestContext, Result } from '../context.ts';
import { decodeToken, encodeToken } from './continue-token.ts';
import type { RegistryEnv } from './env.ts';
import { candidates } from './field-index.ts';
import { labelled } from './label-index.ts';
import { listOptions, revisionOf, type ListRequest } from './options.ts';
import type { Resource } from './resource.ts';
import { selectorOf, type Selection } from './selector.ts';

/** How long a list or watch waits for a revision that has not happened yet. */
const FRESHNESS_MS = 3000;
const SCAN = 1000;

export interface Selected { readonly entries: readonly Entry[]; readonly revision: number; readonly meta: ListMeta }

/**
 * A consistent list, or one page of it. Throws 400 for bad selectors and tokens, 410 for a revision that is compacted, 504 for one
 * that does not come.
 */
export async function list(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string): Promise<Result> {
  const o = listOptions(ctx.query, false);
  const wanted = o.continue === '' ? revisionOf(o.resourceVersion) : undefined;
  if (wanted !== undefined && wanted > env.store.revision) await waitForRevision(env, wanted);
  const { entries, meta } = selectEntries(env, resource, namespace, o);
  return { type: 'list', code: 200, resource, entries, meta };
}

/** Resolves when the store has reached `revision`, or rejects with 504 after 3 s. */
export function waitForRevision(env: RegistryEnv, revision: number): Promise<void> {
  if (env.store.revision >= revision) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const watcher = env.store.onRevision(r => { if (r >= revision) { end(); resolve(); } });
    const timer = env.clock.after(FRESHNESS_MS, () => { end(); reject(tooLargeVersion(revision, env.store.revision)); });
    const end = (): void => { watcher.close(); timer.cancel(); };
  });
}

const tooLargeVersion = (asked: number, current: number): Error =>
  failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
  });

/** The entries a list request asks for, and the list's metadata. */
export function selectEntries(env: RegistryEnv, resource: Resource, namespace: string, o: ListRequest): Selected {
  const selector = selectorOf(resource, namespace, o.labelSelector, o.fieldSelector);
  const prefix = resource.range(namespace);
  let revision: number | undefined, after: string | undefined;
  if (o.continue !== '') {
    if (o.resourceVersion !== '' && o.resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    const token = decodeToken(o.continue);
    revision = token.revision === -1 ? undefined : token.revision;
    after = resource.prefix + token.after;
  } else if (o.match === 'Exact' || (o.limit > 0 && o.match === '')) {
    // A limited list at a named revision has always meant exactly that one (Kubernetes' legacy rule).
    revision = revisionOf(o.resourceVersion);
  }
  try {
    if (selector.key !== undefined) return single(env, resource, selector, revision);
    const all = scan(env, resource, prefix, after, selector, o.limit, revision);
    const { entries } = all;
    const meta: ListMeta = { resourceVersion: String(all.revision) };
    if (all.more) {
      meta.continue = encodeToken({ revision: all.revision, after: `${entries.at(-1)!.key.slice(resource.prefix.length)}\0` });
      if (selector.matches === undefined) meta.remainingItemCount = all.remaining;
    }
    return { entries, revision: all.revision, meta };
  } catch (e) {
    if (e instanceof FutureRevision) throw tooLargeVersion(revision ?? 0, e.current);
    if (!(e instanceof Compacted)) throw e;
    if (after === undefined) throw gone('The resourceVersion for the provided list is too old.');
    const error = gone('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.');
    error.status.metadata = { continue: encodeToken({ revision: -1, after: after.slice(resource.prefix.length) }) };
    throw error;
  }
}

function single(env: RegistryEnv, resource: Resource, selector: Selection, revision: number | undefined): Selected {
  const key = selector.key!, at = revision ?? env.store.revision;
  const found = revision === undefined ? env.store.get(key) : env.store.range({ prefix: key, limit: 1, revision }).entries.find(e => e.key === key);
  const entries = found && (selector.matches === undefined || selector.matches(resource.objectOf(found))) ? [found] : [];
  return { entries, revision: at, meta: { resourceVersion: String(at) } };
}

function scan(env: RegistryEnv, resource: Resource, prefix: string, from: string | undefined, selector: Selection, limit: number, revision: number | undefined): { entries: Entry[]; more: boolean; remaining: number; revision: number } {
  const { matches } = selector;
  if (matches === undefined) return env.store.range({ prefix, from, limit: limit || undefined, revision });
  // Indexes know the newest state only.
  const newest = env.store.revision;
  const few = revision === undefined || revision === newest ? candidates(env.store, resource, prefix, selector.pinned) ?? labelled(env.store, resource, prefix, selector.labels) : undefined;
  if (few) {
    const rest = from === undefined ? few : few.filter(e => e.key >= from!);
    const found = rest.filter(e => matches(resource.objectOf(e)));
    const more = limit > 0 && found.length > limit;
    return { entries: more ? found.slice(0, limit) : found, more, remaining: 0, revision: newest };
  }
  if (limit === 0) {
    const all = env.store.range({ prefix, from, revision });
    return { ...all, entries: all.entries.filter(e => matches(resource.objectOf(e))), more: false };
  }
  const entries: Entry[] = [];
  let at = revision;
  for (;;) {
    const page = env.store.range({ prefix, from, limit: SCAN, revision: at });
    at ??= page.revision;
    for (const e of page.entries) {
      if (!matches(resource.objectOf(e))) continue;
      // One more than asked proves that there is more to come.
      if (entries.length === limit) return { entries, more: true, remaining: 0, revision: at };
      entries.push(e);
    }
    if (!page.more) return { entries, more: false, remaining: 0, revision: at };
    from = `${page.entries.at(-1)!.key}\0`;
  }
}
