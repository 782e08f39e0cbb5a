// W18: a kind of one's own, and the operator that makes it work.
import { join } from 'node:path';
import { eventually, expect, type Story } from './story.ts';

const OPERATOR = join(import.meta.dirname, '../../../resources/examples/operator');

export const w18: Story = {
  id: 'W18', title: 'memcached operator', runtimes: ['docker'], campaign: ['docker', 'sandbox'], pods: 3, alone: true,
  async play(s) {
    const { k } = s, system = 'memcached-operator-system', manager = 'memcached-operator-controller-manager';
    const install = (await k.in(system).run(['apply', '-f', OPERATOR])).split('\n');
    try {
      expect(install).toEqual(expect.arrayContaining([`namespace/${system} created`, 'customresourcedefinition.apiextensions.k8s.io/memcacheds.cache.example.com created', `serviceaccount/${manager} created`, `deployment.apps/${manager} created`]));
      await eventually('controller-manager 1/1', async () => /1\/1\s+1\s+1/.test((await s.rows(`get deployment -n ${system}`))[0] ?? ''), 60_000);
      expect(await k.run('get crd memcacheds.cache.example.com -o name')).toContain('memcacheds.cache.example.com');
      expect(await eventually('the kind is explained', async () => { const r = await k.try(['explain', 'memcached.spec']); return r.code === 0 && r.stdout; })).toMatch(/size\s+<integer>/);
      expect(await k.run(['apply', '-f', join(OPERATOR, 'samples/cache_v1alpha1_memcached.yaml')])).toBe('memcached.cache.example.com/memcached-sample created');
      expect((await s.podsReady(1))[0]).toMatch(/^memcached-sample-[a-z0-9]+-[a-z0-9]{5}$/);
      await s.logsContain(`-n ${system} deployment/${manager}`, new RegExp(`Creating a new Deployment\\s.*"Deployment.Namespace":"${s.ns}","Deployment.Name":"memcached-sample"`));
      expect(await k.run(['patch', 'memcached', 'memcached-sample', '--type=merge', '-p', '{"spec":{"size":3}}'])).toBe('memcached.cache.example.com/memcached-sample patched');
      const names = (await s.podsReady(3)).sort();
      await s.field('memcached memcached-sample', '{.status.nodes[*]}', names.join(' '));
      await eventually('columns', async () => /^memcached-sample\s+3\s+3\s/.test((await s.rows('get memcached'))[0]!));
      expect(await k.fails(['patch', 'memcached', 'memcached-sample', '--type=merge', '-p', '{"spec":{"size":-1}}'])).toMatch(/The Memcached "memcached-sample" is invalid:\s+(\* )?spec\.size: Invalid value: -1: spec\.size in body should be greater than or equal to 0/);
      expect(await k.run('describe memcached memcached-sample')).toMatch(/Created\s+.*memcached-controller\s+Created Deployment memcached-sample/);
      const stats = await k.run(['exec', names[0]!, '--', 'bash', '-c', "exec 3<>/dev/tcp/127.0.0.1/11211; printf 'version\\r\\nquit\\r\\n' >&3; cat <&3"]);
      expect(stats).toMatch(/^VERSION 1\./);
      // The controller killed: another takes its lease, and the wish changed meanwhile is met.
      await k.run(`delete pod -n ${system} -l control-plane=controller-manager --wait=false`);
      expect(await k.run('scale memcached memcached-sample --replicas=2')).toContain('memcached-sample scaled');
      await s.podsReady(2);
      await k.run('delete memcached memcached-sample');
      await eventually('the Deployment and its pods are collected', async () => (await s.rows('get deployments,rs,pods')).length === 0);
    } finally {
      await k.in(system).run(['delete', '-f', OPERATOR, '--ignore-not-found', '--timeout=60s'], '', 70_000);
      await eventually('no container left', async () => (await s.sh(`docker ps -aq --filter label=io.kubernetes.pod.namespace=${system}`)) === '', 20_000);
    }
  },
};
