import { describe, expect, it } from 'vitest';
import { configMap as configMapKind } from '../../api/kinds/core/config-map.ts';
import { namespace as namespaceKind } from '../../api/kinds/core/namespace.ts';
import { serviceAccount as serviceAccountKind } from '../../api/kinds/core/service-account.ts';
import type { ConfigMap } from '../../api/types/kubernetes.ts';
import { world } from '../../../test/harness/controllers.ts';

describe('every namespace', () => {
  it('has its service account and the CA, gets them back when they are deleted or changed, and not while it ends', async () => {
    const w = await world(['serviceaccount-controller', 'root-ca-cert-publisher'], api => { for (const name of ['default', 'shop']) api.put(namespaceKind, { metadata: { name } }); }, { rootCa: 'PEM' });
    const accounts = (): string[] => w.api.all(serviceAccountKind).map(o => `${o.metadata?.namespace}/${o.metadata?.name}`).sort();
    expect(accounts()).toEqual(['default/default', 'shop/default']);
    w.api.remove(serviceAccountKind, 'shop/default');
    w.api.remove(configMapKind, 'shop/kube-root-ca.crt');
    w.api.change<ConfigMap>(configMapKind, 'default/kube-root-ca.crt', m => { m.data = { 'ca.crt': 'forged', more: 'x' }; });
    await w.settle();
    expect(accounts()).toEqual(['default/default', 'shop/default']);
    expect(w.api.all<ConfigMap>(configMapKind).map(m => m.data)).toEqual([{ 'ca.crt': 'PEM' }, { 'ca.crt': 'PEM' }]);
    w.api.change(namespaceKind, 'shop', n => { n.metadata!.deletionTimestamp = '2026-01-01T00:00:00Z'; n.metadata!.finalizers = ['x']; });
    w.api.remove(serviceAccountKind, 'shop/default');
    w.api.remove(configMapKind, 'shop/kube-root-ca.crt');
    await w.settle();
    expect(accounts()).toEqual(['default/default']);
    expect(w.api.all(configMapKind).length).toBe(1);
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('kube-root-ca.crt: a description of somebody else\'s stays, a missing one comes back, and nothing is published without an authority', async () => {
    const w = await world(['root-ca-cert-publisher'], api => { api.put(namespaceKind, { metadata: { name: 'shop' } }); }, { rootCa: 'PEM' });
    const of = (): string | undefined => w.api.get<ConfigMap>(configMapKind, 'shop/kube-root-ca.crt')?.metadata?.annotations?.['kubernetes.io/description'];
    expect(of()).toMatch(/^Contains a CA bundle that can be used to verify the kube-apiserver/);
    w.api.change<ConfigMap>(configMapKind, 'shop/kube-root-ca.crt', m => { m.metadata!.annotations!['kubernetes.io/description'] = 'mine'; });
    await w.settle();
    expect(of()).toBe('mine');
    w.api.change<ConfigMap>(configMapKind, 'shop/kube-root-ca.crt', m => { delete m.metadata!.annotations; });
    await w.settle();
    expect(of()).toMatch(/^Contains/);
    await w.stop();
    const none = await world(['root-ca-cert-publisher'], api => { api.put(namespaceKind, { metadata: { name: 'shop' } }); });
    expect(none.api.all(configMapKind)).toEqual([]);
    await none.stop();
  });
});
