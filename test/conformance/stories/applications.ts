// W5, W13: the two applications, from their manifests in resources/examples.
import { join } from 'node:path';
import { eventually, expect, type Story } from './story.ts';

const EXAMPLES = join(import.meta.dirname, '../../../resources/examples');

export const w5: Story = {
  id: 'W5', title: 'DockerCoins', runtimes: ['docker'], pods: 7,
  async play(s) {
    const { k } = s;
    await k.run('create deployment redis --image=redis:3.0');
    for (const n of ['hasher', 'rng', 'webui', 'worker']) await k.run(['create', 'deployment', n, `--image=dockercoins/${n}:v1`]);
    await s.podsReady(5);
    await s.logsContain('deploy/rng', 'listening on 80');
    await s.logsContain('deploy/worker', /ERROR: .*(ENOTFOUND|EAI_AGAIN|ECONNREFUSED)/);
    for (const [n, port] of [['redis', 6379], ['rng', 80], ['hasher', 80]]) expect(await k.run(`expose deployment ${n} --port ${port}`)).toBe(`service/${n} exposed`);
    await s.logsContain('deploy/worker', /units of work done/);
    expect(await k.run(['get', 'pods', '-l', 'app=worker', '-o', 'jsonpath={.items[0].status.containerStatuses[0].restartCount}'])).toBe('0');
    await k.run('expose deploy/webui --type=NodePort --port 80');
    const port = await k.run(['get', 'svc', 'webui', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    const url = `http://${await s.nodeIp()}:${port}`;
    const speed = async (): Promise<number> => {
      const ask = async (): Promise<{ hashes: number; now: number }> => JSON.parse(await s.curl(`${url}/json`)) as { hashes: number; now: number };
      const a = await ask();
      await new Promise(r => { setTimeout(r, 4000); });
      const b = await ask();
      return (b.hashes - a.hashes) / (b.now - a.now);
    };
    await eventually('page', async () => (await s.curl(url)).includes('DockerCoins Miner'));
    const one = await eventually('hashing speed above 0', async () => { const v = await speed(); return v > 0.5 ? v : 0; });
    await k.run('scale deploy/worker --replicas 3');
    await s.podsReady(3, 'app=worker');
    await eventually('three workers are faster than one', async () => (await speed()) > one * 1.5, 40_000);
  },
};

export const w13: Story = {
  id: 'W13', title: 'kiosk', runtimes: ['docker', 'sandbox'], pods: 12, alone: true,
  async play(s) {
    const { k } = s;
    const file = (n: string): string => join(EXAMPLES, 'kiosk', n);
    expect((await k.run(['create', '-f', file('10-secret.yaml')])).split('\n')).toEqual(['secret/mysql-user created', 'secret/mysql-root created']);
    expect(await k.run(['create', '-f', file('11-config.yaml')])).toBe('configmap/mysql-config created');
    await s.sh('rm -rf /mysql/data');
    for (const n of ['20-mysql.yaml', '21-redis.yaml', '30-kiosk.yaml', '31-recorder.yaml']) await k.run(['create', '-f', file(n)]);
    await s.podsReady(10, '', 120_000);
    await eventually('deployments available', async () => {
      const rows = await s.rows('get deployments');
      return [['kiosk-example', 5], ['lcredis', 1], ['lmysql', 1], ['recorder-example', 3]].every(([n, c]) => rows.some(r => new RegExp(`^${n}\\s+${c}/${c}\\s+${c}\\s+${c}\\s`).test(r)));
    });
    expect((await k.run(['get', 'pods', '-l', 'tier in (frontend, backend)', '--no-headers'])).split('\n')).toHaveLength(8);
    const port = await k.run(['get', 'svc', 'kiosk-service', '-o', 'jsonpath={.spec.ports[0].nodePort}']);
    const url = `http://${await s.nodeIp()}:${port}`;
    expect(await s.curl(`${url}/tickets`, '-X POST -F value=100')).toBe('SUCCESS');
    expect(await s.curl(`${url}/tickets`)).toBe('100');
    expect(await s.curl(`${url}/buy`, '-X POST')).toBe('TICKET 100');
    const mysql = async (): Promise<string> => k.run(['exec', 'deploy/lmysql', '--', 'mysql', '-uroot', '-pmysqlpass', '-N', '-e', 'select count(*) from kiosk.sold']);
    await eventually('sale recorded', async () => (await mysql()).endsWith('1'));
    await k.run('delete pod -l tier=database');
    await s.podsReady(1, 'tier=database', 60_000);
    await eventually('data still there', async () => (await mysql()).endsWith('1'));
    // Any kiosk pod may go: no request is lost.
    const victim = (await k.run(['get', 'pods', '-l', 'tier=frontend', '-o', 'jsonpath={.items[0].metadata.name}']));
    let failures = 0, running = true;
    const load = (async () => { while (running) { try { if (!/^\d+$/.test(await s.curl(`${url}/tickets`))) failures++; } catch { failures++; } } })();
    await k.run(`delete pod ${victim}`);
    await s.podsReady(5, 'tier=frontend');
    running = false;
    await load;
    expect(failures).toBe(0);
    expect(await s.curl(`${url}/buy`, '-X POST')).toBe('TICKET 99');
    await eventually('recorder reconnected', async () => (await mysql()).endsWith('2'), 40_000);
    await k.run('delete deployments --all');
    await eventually('all pods gone', async () => (await s.rows('get pods')).length === 0, 60_000);
    await s.sh('rm -rf /mysql/data');
  },
};
