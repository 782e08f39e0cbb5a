// Quotas, bounds and levels over HTTPS, as real clients meet them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi, type Reply } from '../harness/api-server.ts';
import { Kube, kubectls } from '../harness/kubectl.ts';

let api: TestApi;
beforeAll(async () => { api = await TestApi.start(); });
afterAll(() => api.stop());

const make = async (path: string, object: object): Promise<Reply> => api.call(path, { body: JSON.stringify(object) });
async function namespace(name: string, labels: Record<string, string> = {}): Promise<string> {
  await make('/api/v1/namespaces', { metadata: { name, labels } });
  await make(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  return `/api/v1/namespaces/${name}`;
}
const pod = (name: string, cpu: string): object => ({ metadata: { name }, spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] } });

describe('a quota under many hands', () => {
  it('12.3 is never exceeded by 64 clients that make and delete at once, and knows the truth in the end', async () => {
    const ns = await namespace('busy');
    expect((await make(`${ns}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { pods: '12', 'requests.cpu': '2' } } })).status).toBe(201);
    const codes = new Map<number, number>();
    let high = 0, done = false;
    const look = async (): Promise<void> => {
      while (!done) {
        const { items } = (await api.call(`${ns}/pods`)).json<{ items: unknown[] }>();
        const { status } = (await api.call(`${ns}/resourcequotas/q`)).json<{ status: { used?: { pods: string } } }>();
        high = Math.max(high, items.length, Number(status.used?.pods ?? 0));
      }
    };
    const client = async (c: number): Promise<void> => {
      for (let i = 0; i < 6; i++) {
        const name = `p${c}-${i}`, { status } = await make(`${ns}/pods`, pod(name, c % 2 ? '100m' : '250m'));
        codes.set(status, (codes.get(status) ?? 0) + 1);
        // Some stay for good, so that the last ones find it full.
        if (status === 201 && (c + i) % 5 > 0) await api.call(`${ns}/pods/${name}`, { method: 'DELETE', body: JSON.stringify({ gracePeriodSeconds: 0 }) });
      }
    };
    const looking = look();
    await Promise.all(Array.from({ length: 64 }, (_, c) => client(c)));
    done = true;
    await looking;
    expect(high).toBeLessThanOrEqual(12);
    expect([...codes.keys()].sort()).toEqual([201, 403]);
    const { items } = (await api.call(`${ns}/pods`)).json<{ items: { spec: { containers: { resources: { requests: { cpu: string } } }[] } }[] }>();
    const cpu = items.reduce((n, p) => n + Number.parseInt(p.spec.containers[0]!.resources.requests.cpu, 10), 0);
    expect(cpu).toBeLessThanOrEqual(2000);
    // What is given back is written a moment later.
    await expect.poll(async () => (await api.call(`${ns}/resourcequotas/q`)).json<{ status: unknown }>().status).toEqual({
      hard: { pods: '12', 'requests.cpu': '2' }, used: { pods: String(items.length), 'requests.cpu': cpu % 1000 ? `${cpu}m` : String(cpu / 1000) },
    });
  });
});

describe('what kubectl says', () => {
  const kubectl = async (...args: string[]): Promise<string> => { const r = await new Kube(kubectls().at(-1)!.binary, api.kubeconfig).try(args); return `${r.stdout}${r.stderr}`; };

  it('12.3 of quotas and limits', async () => {
    const ns = await namespace('told');
    await make(`${ns}/resourcequotas`, { metadata: { name: 'q' }, spec: { hard: { configmaps: '1', services: '2' } } });
    await make(`${ns}/configmaps`, { metadata: { name: 'a' } });
    expect(await kubectl('-n', 'told', 'create', 'configmap', 'b')).toContain('configmaps "b" is forbidden: exceeded quota: q, requested: configmaps=1, used: configmaps=1, limited: configmaps=1');
    expect(await kubectl('-n', 'told', 'describe', 'quota', 'q')).toBe('Name:       q\nNamespace:  told\nResource    Used  Hard\n--------    ----  ----\nconfigmaps  1     1\nservices    0     2\n');
    await make('/api/v1/namespaces/told/limitranges', { metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', max: { cpu: '1' } }] } });
    expect(await kubectl('describe', 'ns', 'told')).toMatch(/Resource Quotas\n {2}Name: +q\n[^]*configmaps {2}1 {5}1[^]*Resource Limits\n[^]*Container +cpu +- +1 +1 +1 +-/);
    expect(await kubectl('-n', 'told', 'run', 'p', '--image=i', '--overrides', JSON.stringify({ spec: { containers: [{ name: 'p', image: 'i', resources: { limits: { cpu: '2' } } }] } }))).toContain('pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2');
  });

  it('12.3 of pods that break the level of their namespace', async () => {
    await namespace('strict', { 'pod-security.kubernetes.io/enforce': 'baseline', 'pod-security.kubernetes.io/warn': 'restricted' });
    expect(await kubectl('-n', 'strict', 'run', 'p', '--image=i')).toMatch(/^(Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false [^\n]*\n)?pod\/p created\n(Warning: would violate[^\n]*\n)?$/);
    expect(await kubectl('-n', 'strict', 'run', 'q', '--image=i', '--privileged')).toContain('pods "q" is forbidden: violates PodSecurity "baseline:latest": privileged (container "q" must not set securityContext.privileged=true)');
    expect(await kubectl('label', '--overwrite', 'ns', 'strict', 'pod-security.kubernetes.io/enforce=restricted')).toContain('Warning: existing pods in namespace "strict" violate the new PodSecurity enforce level "restricted:latest"\nWarning: p: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile\n');
  });
});
