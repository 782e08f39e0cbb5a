import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AuthenticationTokenRequest, Pod } from '../../api/types/kubernetes.ts';
import { formatTime } from '../../api/meta/time.ts';
import { FakeClock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import { PodVolumes } from './pod-volumes.ts';
import { Tokens } from './tokens.ts';

it('a token in a projected volume is renewed when 80 % of its life are over, and kept while the server is away', async () => {
  const clock = new FakeClock(); const dir = mkdtempSync(join(tmpdir(), 'tokens-'));
  let made = 0; let away = false;
  const create = async (_kind: unknown, r: AuthenticationTokenRequest): Promise<object> => {
    if (away) throw new Error('connection refused');
    return { status: { token: `token-${++made}`, expirationTimestamp: formatTime(clock.now() + r.spec!.expirationSeconds! * 1000) } };
  };
  const tokens = new Tokens({ create } as unknown as Client, clock);
  const pod: Pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [{ name: 'c', volumeMounts: [{ name: 't', mountPath: '/t' }] }], volumes: [{ name: 't', projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 600 } }] } }] } };
  const sources = { configMap: () => undefined, secret: () => undefined, services: () => [] };
  const storage = { claim: () => undefined, persistentVolume: () => undefined };
  const volumes = new PodVolumes(join(dir, 'p'), join(dir, 'm'), { sources, storage, image: () => Promise.reject(new Error('no images here')), tokens, clock, root: false, node: () => Promise.resolve({}), users: new Map(), recursiveReadOnly: true });
  const errors: string[] = [];
  const round = async (): Promise<string> => { if (tokens.due('u')) await volumes.refresh(pod, (_v, m) => errors.push(m)); return readFileSync(join(volumes.pathOf('t')!, 'token'), 'utf8'); };
  try {
    await volumes.setUp(pod, () => ({ podIPs: [], hostIPs: [], nodeName: 'n', allocatable: {} }));
    expect(await round()).toBe('token-1');
    await clock.advance(479_000);
    expect([tokens.due('u'), await round()]).toEqual([false, 'token-1']);
    await clock.advance(1_000);
    expect([tokens.due('u'), await round(), tokens.due('u')]).toEqual([true, 'token-2', false]);
    away = true;
    await clock.advance(480_000);
    expect([await round(), tokens.due('u'), errors]).toEqual(['token-2', true, []]);
    away = false;
    expect([await round(), made]).toEqual(['token-3', 3]);
  } finally { rmSync(dir, { recursive: true, force: true }); }
});
