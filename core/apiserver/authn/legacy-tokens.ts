// Tokens that lie in secrets have no end of their own. So that the unused ones can be found and taken away, each use leaves the day on its
// secret, and a secret that was marked invalid is a token no more.
import { beginOfDay, dayOf, TOKEN_INVALID_SINCE, TOKEN_LAST_USED, TOKEN_TRACKING } from '../../api/meta/legacy-token.ts';
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';

interface TokenSecret { metadata?: { namespace?: string; name?: string; uid?: string; labels?: Readonly<Record<string, string>> } }

/** Whether the token of a secret still holds as far as its labels say. */
export const isInvalidated = (s: TokenSecret): boolean => Boolean(s.metadata?.labels?.[TOKEN_INVALID_SINCE]);

/** Notes on secrets the day (UTC) their token was last used: one write per secret and day. */
export function legacyTokenUse(client: Client, secrets: ResourceType, clock: Clock, log: Log): (s: TokenSecret) => void {
  const writing = new Set<string>();
  return ({ metadata: m }) => {
    const day = dayOf(clock.now()), uid = m?.uid ?? '';
    if (m?.labels?.[TOKEN_LAST_USED] === day || writing.has(uid)) return;
    writing.add(uid);
    // The request does not wait for it.
    client.patch(secrets, m?.namespace, m?.name ?? '', 'application/merge-patch+json', { metadata: { uid, labels: { [TOKEN_LAST_USED]: day } } })
      .catch((error: unknown) => { if (!isNotFound(error) && !isConflict(error)) log.warn('the use of a token could not be noted', { secret: `${m?.namespace ?? ''}/${m?.name ?? ''}`, error }); })
      .finally(() => { writing.delete(uid); });
  };
}

/** Writes down since when uses are noted, where that is not known yet: what was not used before then may only not have been seen. */
export async function trackedSince(client: Client, configMaps: ResourceType, clock: Clock): Promise<void> {
  const since = dayOf(clock.now());
  try { await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: TOKEN_TRACKING, data: { since } } as KubeObject); return; } catch (error) { if (!isAlreadyExists(error)) throw error; }
  const found = await client.get<KubeObject & { data?: Record<string, string> }>(configMaps, TOKEN_TRACKING.namespace, TOKEN_TRACKING.name);
  if (Number.isNaN(beginOfDay(found.data?.['since']))) await client.update(configMaps, { ...found, data: { since } } as KubeObject);
}
