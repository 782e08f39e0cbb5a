// Named by the sentences of Kubernetes' page "Managing Service Accounts".
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { serviceAccount as accountKind } from '../../api/kinds/core/service-account.ts';
import { dayOf } from '../../api/meta/legacy-token.ts';
import type { Pod, Secret, ServiceAccount } from '../../api/types/kubernetes.ts';
import type { FakeApi } from '../../../test/harness/fake-api.ts';
import { world, type World } from '../../../test/harness/controllers.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const b64 = (text: string): string => Buffer.from(text).toString('base64');
const account = (name: string, secrets: string[] = []): ServiceAccount => ({ metadata: { name, namespace: 'a', uid: `uid-of-${name}` }, secrets: secrets.map(n => ({ name: n })) });
const token = (name: string, of: string, more: Partial<Secret> = {}, uid?: string): Secret =>
  ({ metadata: { name, namespace: 'a', annotations: { 'kubernetes.io/service-account.name': of, ...(uid ? { 'kubernetes.io/service-account.uid': uid } : {}) }, ...more.metadata }, type: more.type ?? 'kubernetes.io/service-account-token', ...(more.data ? { data: more.data } : {}) });
const data = (name: string): Record<string, string> | undefined => {
  const s = w.api.get<Secret>(secretKind, `a/${name}`);
  return s && Object.fromEntries(Object.entries(s.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64').toString()]));
};

describe('token controller', () => {
  const start = (setup: (api: FakeApi) => void): Promise<World> => world(['serviceaccount-token'], setup, { rootCa: 'PEM', signSecretToken: async (namespace, a, secret) => `token of ${namespace}/${a.name} in ${secret}` });

  it('watches for Secret addition, and ensures the referenced ServiceAccount exists, and adds a token to the Secret if needed', async () => {
    w = await start(api => { api.put(accountKind, account('build')); api.put(secretKind, token('t', 'build')); api.put(secretKind, token('opaque', 'build', { type: 'Opaque' })); });
    expect(data('t')).toEqual({ 'ca.crt': 'PEM', namespace: 'a', token: 'token of a/build in t' });
    expect(w.api.get<Secret>(secretKind, 'a/t')?.metadata?.annotations?.['kubernetes.io/service-account.uid']).toBe('uid-of-build');
    expect(data('opaque')).toEqual({});
  });

  it('keeps what is there, and renews the authority alone', async () => {
    w = await start(api => { api.put(accountKind, account('build')); api.put(secretKind, token('t', 'build', { data: { 'ca.crt': b64('old'), namespace: b64('mine'), token: b64('mine'), extra: b64('x') } }, 'uid-of-build')); });
    expect(data('t')).toEqual({ 'ca.crt': 'PEM', namespace: 'mine', token: 'mine', extra: 'x' });
    const writes = w.api.writes.length;
    w.api.change<Secret>(secretKind, 'a/t', s => { s.metadata!.labels = { a: 'b' }; });
    await w.settle();
    expect(w.api.writes.length).toBe(writes);
    w.api.change<Secret>(secretKind, 'a/t', s => { delete s.data!['token']; });
    await w.settle();
    expect(data('t')?.['token']).toBe('token of a/build in t');
  });

  it('watches for ServiceAccount deletion and deletes all corresponding ServiceAccount token Secrets', async () => {
    w = await start(api => { api.put(accountKind, account('build')); api.put(accountKind, account('other')); for (const [n, of] of [['t', 'build'], ['u', 'build'], ['v', 'other']] as const) api.put(secretKind, token(n, of)); });
    w.api.remove(accountKind, 'a/build');
    await w.settle();
    expect(w.api.all(secretKind).map(s => s.metadata?.name)).toEqual(['v']);
  });

  it('deletes one whose account never was, or is another of the same name', async () => {
    w = await start(api => { api.put(accountKind, account('build')); api.put(secretKind, token('lost', 'nobody')); api.put(secretKind, token('stale', 'build', {}, 'older')); });
    expect(w.api.all(secretKind)).toEqual([]);
  });

  it('watches for Secret deletion and removes a reference from the corresponding ServiceAccount if needed', async () => {
    w = await start(api => { api.put(accountKind, account('build', ['t', 'pull'])); api.put(accountKind, account('other', ['t'])); api.put(secretKind, token('t', 'build')); api.put(secretKind, token('pull', 'build', { type: 'Opaque' })); });
    w.api.remove(secretKind, 'a/t');
    w.api.remove(secretKind, 'a/pull');
    await w.settle();
    expect(['build', 'other'].map(n => w.api.get<ServiceAccount>(accountKind, `a/${n}`)?.secrets?.map(s => s.name))).toEqual([['pull'], ['t']]);
  });
});

describe('legacy ServiceAccount token cleaner', () => {
  const DAY = 86_400_000, YEAR = 365 * DAY;
  let api: FakeApi;
  const names = (): (string | undefined)[] => w.api.all(secretKind).map(s => s.metadata?.name).sort();
  const invalid = (name: string): string | undefined => w.api.get<Secret>(secretKind, `a/${name}`)?.metadata?.labels?.['kubernetes.io/legacy-token-invalid-since'];
  beforeEach(async () => {
    w = await world(['legacy-serviceaccount-token-cleaner-controller'], a => {
      api = a;
      a.put(configMapKind, { metadata: { name: 'kube-apiserver-legacy-service-account-token-tracking', namespace: 'kube-system' }, data: { since: '2026-01-01' } } as never);
      a.put(accountKind, account('build', ['auto', 'used', 'mounted', 'gone']));
      for (const n of ['auto', 'used', 'mounted', 'manual']) a.put(secretKind, token(n, 'build'));
      a.put(podKind, { metadata: { name: 'p', namespace: 'a' }, spec: { containers: [], volumes: [{ name: 'v', secret: { secretName: 'mounted' } }] } } as Pod);
    });
  });

  it('auto-generated Secret-based tokens that have not been used for one year, and are not mounted by a pod, are marked as invalid', async () => {
    await w.clock.advance(YEAR - DAY);
    expect(invalid('auto')).toBeUndefined();
    api.change<Secret>(secretKind, 'a/used', s => { s.metadata!.labels = { 'kubernetes.io/legacy-token-last-used': dayOf(w.clock.now()) }; });
    await w.clock.advance(4 * DAY);
    expect(['auto', 'used', 'mounted', 'manual'].map(n => invalid(n) !== undefined)).toEqual([true, false, false, false]);
  });

  it('users are given another year to notice before the invalid tokens are removed', async () => {
    await w.clock.advance(YEAR + 3 * DAY);
    await w.clock.advance(YEAR - 2 * DAY);
    expect(names()).toContain('auto');
    await w.clock.advance(5 * DAY);
    expect(names()).toEqual(['manual', 'mounted']);
  });

  it('you can prevent it: a token that is used again after its label was taken off stays', async () => {
    await w.clock.advance(YEAR + 3 * DAY);
    api.change<Secret>(secretKind, 'a/auto', s => { s.metadata!.labels = { 'kubernetes.io/legacy-token-last-used': dayOf(w.clock.now()) }; });
    await w.clock.advance(YEAR - 2 * DAY);
    expect([names().includes('auto'), invalid('auto')]).toEqual([true, undefined]);
  });

  it('knows nothing before it has tracked for so long', async () => {
    api.remove(configMapKind, 'kube-system/kube-apiserver-legacy-service-account-token-tracking');
    await w.clock.advance(3 * YEAR);
    expect(names()).toHaveLength(4);
    expect(invalid('auto')).toBeUndefined();
  });
});
