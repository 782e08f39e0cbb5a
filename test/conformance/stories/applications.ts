// W5, W13, W15: applications, the first two from their manifests in resources/examples.
import { join } from 'node:path';
import { deployment, eventually, expect, type Story } from './story.ts';

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

export const w15: Story = {
  id: 'W15', title: 'recipes: two services, history, undo, scaling', runtimes: ['docker'], campaign: ['docker', 'sandbox'], pods: 19,
  async play(s) {
    const { k } = s, docker = s.runtime === 'docker', built = docker ? `pilothouse-test/recipe-api:${s.ns}` : 'recipe-api:v1';
    const probe = (more = ''): string => `        ports: [{containerPort: 8080}]\n        readinessProbe: {httpGet: {path: /healthz, port: 8080}, periodSeconds: 1}${more}`;
    const web = (tag: string): string => deployment('web-api', `web-api:${tag}`, 3, '', probe()).replace('terminationGracePeriodSeconds: 2', 'terminationGracePeriodSeconds: 10');
    // An image built against the node's own daemon is there for its pods: no registry.
    if (docker) await s.sh(`printf 'FROM recipe-api:v1\\nLABEL story=w15\\n' | docker build -q -t ${built} -`);
    try {
      const recipe = deployment('recipe-api', built, 5, '', probe('\n        env: [{name: SLOW_START, value: "3"}]')).replace('terminationGracePeriodSeconds: 2', 'terminationGracePeriodSeconds: 10').replace('IfNotPresent', 'Never');
      expect(await s.apply(recipe)).toBe('deployment.apps/recipe-api created');
      expect(await s.apply(web('v1'))).toBe('deployment.apps/web-api created');
      for (const n of ['recipe-api', 'web-api']) await k.run(`expose deployment ${n} --port=80 --target-port=8080`);
      await eventually('5/5 and 3/3', async () => { const rows = await s.rows('get deployment'); return /^recipe-api\s+5\/5\s+5\s+5\s/.test(rows[0]!) && /^web-api\s+3\/3\s+3\s+3\s/.test(rows[1]!); }, 60_000);
      const ip = await k.run(['get', 'svc', 'web-api', '-o', 'jsonpath={.spec.clusterIP}']), recipes = await k.run(['get', 'svc', 'recipe-api', '-o', 'jsonpath={.spec.clusterIP}']);
      const page = await eventually('a page with recipes', async () => { const text = await s.curl(`http://${ip}/`); return text.includes('Lentil soup') && text; });
      expect(page).toMatch(/<h1>Recipes v1<\/h1>[\s\S]*web-api-\S+ asked recipe-api-/);
      expect(await k.run(['get', '--raw', `/api/v1/namespaces/${s.ns}/services/http:web-api:/proxy/`])).toContain('<h1>Recipes v1</h1>');

      // New pods first: never fewer than three available, never more than four, and no request fails.
      const watch = k.start('get pods -w -l app=web-api');
      await eventually('the watch lists', () => watch.out().split('\n').length > 3);
      let failures = 0, running = true;
      const load = (async () => { while (running) { try { if (!(await s.curl(`http://${ip}/`)).includes('Lentil soup')) failures++; } catch { failures++; } } })();
      const bounds: string[] = [];
      const seen = k.start('get deployment web-api -w --no-headers -o custom-columns=R:.status.replicas,A:.status.availableReplicas');
      expect(await s.apply(web('v2'))).toBe('deployment.apps/web-api configured');
      expect(await k.run(['annotate', 'deployment/web-api', 'kubernetes.io/change-cause=recipes v2'])).toBe('deployment.apps/web-api annotated');
      expect(await k.run('rollout status deployment/web-api --timeout=90s', '', 100_000)).toContain('successfully rolled out');
      running = false;
      await load;
      bounds.push(...seen.out().trim().split('\n').filter(l => { const [r, a] = l.trim().split(/\s+/).map(Number); return r! > 4 || !(a! >= 3); }));
      seen.stop(); watch.stop();
      expect({ failures, bounds }).toEqual({ failures: 0, bounds: [] });
      expect(watch.out()).toMatch(/web-api-\S+\s+1\/1\s+Running[\s\S]*Terminating/);
      // The rollout is over when the last old pod is told to go; the service hears of it a moment later.
      const serves = (what: string): Promise<unknown> => eventually(what, async () => (await s.curl(`http://${ip}/`)).includes(what), 10_000);
      await serves('Recipes v2');
      await eventually('the old set at 0, the new at 3', async () => (await s.rows('get rs -l app=web-api')).map(r => r.split(/\s+/).slice(1, 4).join('/')).sort().join() === '0/0/0,3/3/3');
      const history = async (): Promise<string[]> => (await k.run('rollout history deployment.v1.apps/web-api')).split('\n').slice(2).map(l => l.trim().replace(/\s+/, ' '));
      await eventually('the cause', async () => (await history()).join() === '1 <none>,2 recipes v2');
      expect(await k.run('rollout history deployment.v1.apps/web-api --revision=2')).toContain('web-api:v2');
      expect(await k.run('rollout undo deployment.v1.apps/web-api --to-revision=1')).toBe('deployment.apps/web-api rolled back');
      await k.run('rollout status deployment/web-api --timeout=90s', '', 100_000);
      await serves('Recipes v1');
      expect((await history()).map(l => l.split(' ')[0])).toEqual(['2', '3']);

      // Twice as many: those that are not ready yet get no request.
      const grows = k.start('get deployment recipe-api -w --no-headers');
      await eventually('the watch lists', () => grows.out().includes('5/5'));
      running = true; failures = 0;
      const more = (async () => { while (running) { try { if (!(await s.curl(`http://${recipes}/recipes`)).includes('Lentil soup')) failures++; } catch { failures++; } } })();
      expect(await k.run('scale deployment.apps/recipe-api --replicas=10')).toBe('deployment.apps/recipe-api scaled');
      await s.podsReady(10, 'app=recipe-api');
      await eventually('10/10', () => /10\/10\s+10\s+10/.test(grows.out()));
      running = false;
      await more;
      grows.stop();
      expect(grows.out()).toMatch(/\s5\/10\s+10\s+5\s/);
      expect(failures).toBe(0);
    } finally {
      await k.run('delete deployments --all');
      await eventually('pods gone', async () => (await s.rows('get pods')).length === 0, 60_000);
      if (docker) await s.sh(`docker rmi -f ${built}`);
    }
  },
};
