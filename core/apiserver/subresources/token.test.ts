import { expect, it } from 'vitest';
import { alsoServed } from '../../api/kinds/also-served.ts';
import { kinds } from '../../api/kinds/index.ts';
import { inProcess, podWith, refused, type Loose } from '../../../test/harness/in-process.ts';

const claims = (t: string): { exp: number; iat: number; 'kubernetes.io': { warnafter?: number } } => JSON.parse(Buffer.from(t.split('.')[1]!, 'base64url').toString()) as ReturnType<typeof claims>;

it('9.8 the token every pod gets outlives the time asked for, and its use after that is noted', async () => {
  const api = await inProcess({ kinds: [...kinds, ...alsoServed] });
  await api.call('POST', '/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'sa' } });
  await api.call('POST', '/api/v1/namespaces/a/pods', podWith('p', undefined, { serviceAccountName: 'sa' }));
  const ask = async (spec: object): Promise<Loose & { status: { token: string; expirationTimestamp: string } }> => await api.call('POST', '/api/v1/namespaces/a/serviceaccounts/sa/token', { spec }) as never;
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'p' };
  const { status, spec } = await ask({ boundObjectRef, expirationSeconds: 3607 }), c = claims(status.token);
  expect(c.exp - c.iat).toBe(365 * 24 * 3600);
  expect(c['kubernetes.io'].warnafter).toBe(c.iat + 3607);
  expect(spec!['expirationSeconds']).toBe(3607);
  expect(Date.parse(status.expirationTimestamp)).toBe((c.iat + 3607) * 1000);
  for (const other of [{ boundObjectRef, expirationSeconds: 3600 }, { expirationSeconds: 3607 }, { boundObjectRef, expirationSeconds: 3607, audiences: ['vault'] }]) {
    const t = claims((await ask(other)).status.token);
    expect([t.exp - t.iat, t['kubernetes.io'].warnafter]).toEqual([other.expirationSeconds, undefined]);
  }
  const review = async (): Promise<unknown> => (await api.call('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: status.token } })).status!['authenticated'];
  const figures = async (): Promise<string[]> => String(await api.call('GET', '/metrics')).split('\n').filter(l => /^serviceaccount_\w+_tokens_total /.test(l));
  expect(await review()).toBe(true);
  await api.clock.advance(3_700_000);
  expect(await review()).toBe(true);
  expect(await figures()).toEqual(['serviceaccount_valid_tokens_total 1', 'serviceaccount_stale_tokens_total 1']);
  expect(await refused(ask({ boundObjectRef: { apiVersion: 'v1', kind: 'ConfigMap', name: 'x' } }))).toMatchObject({ code: 400, message: 'cannot bind token to object of type /v1, Kind=ConfigMap' });
  await api.call('POST', '/api/v1/namespaces/a/pods', podWith('q', undefined, { serviceAccountName: 'other' }));
  expect(await refused(ask({ boundObjectRef: { ...boundObjectRef, name: 'q' } }))).toMatchObject({ code: 400, message: 'cannot bind token for serviceaccount "sa" to pod running with different serviceaccount name.' });
  expect((await refused(ask({ boundObjectRef: { ...boundObjectRef, uid: 'x' } }))).message).toBe('Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (x) does not match the UID in record. The object might have been deleted and then recreated');
});
