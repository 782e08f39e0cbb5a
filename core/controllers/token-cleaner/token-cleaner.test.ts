// Named by the sentences of Kubernetes' page "Authenticating with Bootstrap Tokens".
import { afterEach, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { secret as secretKind } from '../../api/kinds/core/secret.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { ConfigMap, Secret } from '../../api/types/kubernetes.ts';
import { world, type World } from '../../../test/harness/controllers.ts';
import { detachedSignature } from '../bootstrap-signer/controller.ts';

let w: World;
afterEach(async () => { expect(w.complaints).toEqual([]); await w.stop(); });
const BEGIN = Date.UTC(2026, 0, 1), MINUTE = 60_000;
const b64 = (o: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, Buffer.from(v).toString('base64')]));
const token = (id: string, more: Record<string, string> = {}, name = `bootstrap-token-${id}`, namespace = 'kube-system', type = 'bootstrap.kubernetes.io/token'): Secret =>
  ({ metadata: { name, namespace }, type, data: b64({ 'token-id': id, 'token-secret': '0123456789abcdef', 'usage-bootstrap-signing': 'true', ...more }) });
const left = (): (string | undefined)[] => w.api.all(secretKind).map(s => s.metadata?.name).sort();

it('expired tokens are deleted by the TokenCleaner controller', async () => {
  w = await world(['tokencleaner'], api => {
    api.put(secretKind, token('aaaaaa', { expiration: formatTime(BEGIN - 1000) }));
    api.put(secretKind, token('bbbbbb', { expiration: formatTime(BEGIN + 10 * MINUTE) }));
    api.put(secretKind, token('cccccc'));
    api.put(secretKind, token('dddddd', { expiration: 'tomorrow' }));
    api.put(secretKind, token('eeeeee', { expiration: formatTime(BEGIN - 1000) }, 'e', 'default'));
    api.put(secretKind, token('ffffff', { expiration: formatTime(BEGIN - 1000) }, 'f', 'kube-system', 'Opaque'));
  });
  expect(left()).toEqual(['bootstrap-token-bbbbbb', 'bootstrap-token-cccccc', 'e', 'f']);
  await w.clock.advance(9.9 * MINUTE);
  expect(left()).toHaveLength(4);
  await w.clock.advance(MINUTE);
  expect(left()).toEqual(['bootstrap-token-cccccc', 'e', 'f']);
});

it('a token whose expiration is moved on lives on', async () => {
  w = await world(['tokencleaner'], api => { api.put(secretKind, token('aaaaaa', { expiration: formatTime(BEGIN + MINUTE) })); });
  w.api.change<Secret>(secretKind, 'kube-system/bootstrap-token-aaaaaa', s => { s.data!['expiration'] = Buffer.from(formatTime(BEGIN + 5 * MINUTE)).toString('base64'); });
  await w.clock.advance(2 * MINUTE);
  expect(left()).toHaveLength(1);
  await w.clock.advance(4 * MINUTE);
  expect(left()).toEqual([]);
});

const info = (data: Record<string, string>): ConfigMap => ({ metadata: { name: 'cluster-info', namespace: 'kube-public' }, data });
const signatures = (): Record<string, string> => Object.fromEntries(Object.entries(w.api.get<ConfigMap>(configMapKind, 'kube-public/cluster-info')?.data ?? {}).filter(([k]) => k.startsWith('jws-')));

it('tokens are used to create a signature for a specific ConfigMap used in a "discovery" process', async () => {
  w = await world(['bootstrapsigner'], api => { api.put(configMapKind, info({ kubeconfig: 'one', 'jws-kubeconfig-old000': 'stale' })); api.put(secretKind, token('abcdef')); });
  expect(signatures()).toEqual({ 'jws-kubeconfig-abcdef': detachedSignature('one', 'abcdef', '0123456789abcdef') });
  w.api.change<ConfigMap>(configMapKind, 'kube-public/cluster-info', m => { m.data!['kubeconfig'] = 'two'; });
  await w.settle();
  expect(signatures()).toEqual({ 'jws-kubeconfig-abcdef': detachedSignature('two', 'abcdef', '0123456789abcdef') });
  w.api.remove(secretKind, 'kube-system/bootstrap-token-abcdef');
  await w.settle();
  expect(signatures()).toEqual({});
});

it('usage-bootstrap-signing: the token may be used to sign the cluster-info ConfigMap; no other token, expired, misnamed or incomplete, is', async () => {
  w = await world(['bootstrapsigner'], api => {
    api.put(configMapKind, info({ kubeconfig: 'one' }));
    api.put(secretKind, token('aaaaaa', { 'usage-bootstrap-signing': 'false' }));
    api.put(secretKind, token('bbbbbb', { expiration: formatTime(BEGIN - 1) }));
    api.put(secretKind, token('cccccc', { expiration: 'soon' }));
    api.put(secretKind, token('dddddd', {}, 'bootstrap-token-other'));
    api.put(secretKind, token('eeeeee', { 'token-secret': '' }));
    api.put(secretKind, token('ffffff', { expiration: formatTime(BEGIN + MINUTE) }));
  });
  expect(Object.keys(signatures())).toEqual(['jws-kubeconfig-ffffff']);
});

it('without a kubeconfig in it there is nothing to sign', async () => {
  w = await world(['bootstrapsigner'], api => { api.put(configMapKind, info({ other: 'x' })); api.put(secretKind, token('abcdef')); });
  expect(signatures()).toEqual({});
});
