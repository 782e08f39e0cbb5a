// What people do with running containers: shells, files, ports, logs, one-shots, debugging. Exec and port-forward changed their
// protocol between kubectl versions, so every version plays them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../harness/host.ts';
import { closeHost, eventually, gate, inNamespace, newest, openHost, versions } from './setting.ts';
import type { RuntimeName, Stage } from './stories/story.ts';

const sleeper = (name: string, command = 'exec sleep 1000'): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: "alpine:3.20", command: [sh, -c, '${command}']}]
---
`;

for (const runtime of ['docker', 'sandbox'] as const satisfies RuntimeName[]) {
  describe(`kubectl and containers on ${runtime}`, () => {
    let host: Host, count = 0;
    const turn = gate(2);
    beforeAll(async () => { host = await openHost(runtime); }, 400_000);
    afterAll(async () => { expect(await closeHost(host)).toEqual([]); });
    const at = (play: (s: Stage) => Promise<void>, kubectl = newest) => (): Promise<unknown> => turn(() => inNamespace(`pods-${++count}`, host, runtime, play, kubectl));

    for (const kubectl of runtime === 'docker' ? versions : [newest]) {
      it.concurrent(`0.6, 10.1, 10.11, 16 exec, attach, cp, port-forward, proxy, logs (kubectl 1.${kubectl.minor})`, at(async s => {
        const { k } = s;
        await s.create(sleeper('one', 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done')
          + 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: "nginx:1.13.1"}]}\n---\n'
          + 'apiVersion: v1\nkind: Pod\nmetadata: {name: echo}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: "alpine:3.20", stdin: true, command: [sh, -c, "while read x; do echo got $x; done"]}]}\n');
        await s.podsReady(3);
        expect(await k.run(['exec', 'one', '--', 'echo', 'a b'])).toBe('a b');
        expect((await k.try(['exec', 'one', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
        const both = await k.try(['exec', 'one', '--', 'sh', '-c', 'echo out; echo err >&2']);
        expect([both.stdout, both.stderr]).toEqual(['out\n', 'err\n']);
        expect((await k.try(['exec', '-i', 'one', '--', 'cat'], 'from stdin')).stdout).toBe('from stdin');
        const big = 'x'.repeat(3_000_000);
        expect((await k.try(['exec', '-i', 'one', '--', 'wc', '-c'], big)).stdout.trim()).toBe('3000000');
        expect((await k.try(['exec', 'one', '--', 'head', '-c', '3000000', '/dev/zero'])).stdout).toHaveLength(3_000_000);
        expect(await k.fails(['exec', 'one', '--', '/no/such'])).toMatch(/no such file|not found|exit code 12[67]/);
        expect(await k.fails(['exec', 'one', '-c', 'nope', '--', 'ls'])).toContain('nope');
        expect(await s.sh(`script -qec "${k.binary} --kubeconfig ${k.kubeconfig} -n ${s.ns} exec -it one -- sh -c 'tty; stty size'" /dev/null </dev/null`)).toMatch(/\/dev\/pts\/\d/);
        s.file('f.txt', 'data\n');
        await k.run(['cp', join(s.dir, 'f.txt'), 'one:/tmp/f.txt']);
        expect(await k.run(['exec', 'one', '--', 'cat', '/tmp/f.txt'])).toBe('data');
        await k.run(['cp', 'one:/tmp/f.txt', join(s.dir, 'g.txt')]);
        expect(readFileSync(join(s.dir, 'g.txt'), 'utf8')).toBe('data\n');
        const attached = await k.try(['attach', '-i', 'echo'], 'hello\n', 3000);
        expect(attached.stdout).toContain('got hello');
        const forward = k.start('port-forward pod/web :80');
        const port = (await eventually('forwarding', () => /127\.0\.0\.1:(\d+) -> 80/.exec(forward.out())))[1];
        for (let i = 0; i < 5; i++) expect(await s.curl(`http://127.0.0.1:${port}/`)).toContain('Welcome to nginx!');
        expect((await Promise.all(Array.from({ length: 8 }, () => s.curl(`http://127.0.0.1:${port}/`)))).every(x => x.includes('Welcome'))).toBe(true);
        forward.stop();
        const proxy = k.start('proxy --port=0');
        const p = (await eventually('proxy', () => /127\.0\.0\.1:(\d+)/.exec(proxy.out())))[1];
        expect(await s.curl(`http://127.0.0.1:${p}/api/v1/namespaces/${s.ns}/pods/web:80/proxy/`)).toContain('Welcome to nginx!');
        proxy.stop();
        expect(await k.run('logs one --tail=1 --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line \d+$/);
        expect((await k.run('logs one --limit-bytes=10')).length).toBeLessThanOrEqual(10);
        expect(await k.run('logs -l app=one --prefix --tail=1')).toMatch(/^\[pod\/one\/c\] line/);
        const follow = k.start('logs -f one --tail=1');
        await eventually('follows', () => follow.out().split('\n').length > 4);
        await k.run('delete pod one');
        await eventually('follow ends with its pod', () => follow.child.exitCode === 0);
      }, kubectl), 240_000);
    }

    it.concurrent('9.9, 10.11, 16 run --rm, exit codes, jobs, debug, forward to a service', at(async s => {
      const { k } = s;
      expect(await k.run(['run', 'tmp', '--image=alpine:3.20', '--restart=Never', '--rm', '-i', '--', 'sh', '-c', 'sleep 2; echo hello-from-run'])).toMatch(/hello-from-run[\s\S]*pod "tmp" deleted/);
      const coded = await k.try(['run', 'coded', '--image=alpine:3.20', '--restart=Never', '--rm', '-i', '--', 'sh', '-c', 'sleep 2; echo out; exit 3']);
      expect(coded.code).toBe(3);
      expect(await s.sh(`script -qec "${k.binary} --kubeconfig ${k.kubeconfig} -n ${s.ns} run -it --rm term --image=alpine:3.20 --restart=Never -- sh -c 'read x; tty; echo got \\$x'" /dev/null < <(sleep 3; echo typed; sleep 1)`)).toMatch(/\/dev\/pts\/\d[\s\S]*got typed/);
      await k.run(['create', 'job', 'once', '--image=alpine:3.20', '--', 'sh', '-c', 'echo from a job']);
      await k.run('wait --for=condition=complete job/once --timeout=60s', '', 70_000);
      expect(await k.run('logs job/once')).toBe('from a job');
      await k.run(['create', 'cronjob', 'tick', '--image=alpine:3.20', '--schedule=0 0 1 1 *', '--', 'date']);
      await k.run('create job --from=cronjob/tick now');
      await k.run('wait --for=condition=complete job/now --timeout=60s', '', 70_000);
      expect(await k.run(['get', 'job', 'now', '-o', 'jsonpath={.metadata.ownerReferences[0].kind}'])).toBe('CronJob');
      await s.create(sleeper('target'));
      await k.run('wait --for=condition=Ready pod/target --timeout=60s', '', 70_000);
      await k.run(['debug', 'target', '--image=busybox', '--image-pull-policy=IfNotPresent', '-c', 'dbg', '--target=c', '--profile=general', '--', 'sleep', '100']);
      await s.field('pod target', '{.status.ephemeralContainerStatuses[0].state.running.startedAt}', /\d/);
      expect(await k.run(['exec', 'target', '-c', 'dbg', '--', 'sh', '-c', 'hostname'])).toBe('target');
      expect(await k.run('describe pod target')).toMatch(/Ephemeral Containers:/);
      // A copy of it with a debugger beside, which sees the copy's processes.
      await k.run(['debug', 'target', '--copy-to=copy', '--share-processes', '--image=alpine:3.20', '-c', 'dbg', '--profile=general', '--', 'sleep', '1001']);
      await k.run('wait --for=condition=Ready pod/copy --timeout=60s', '', 70_000);
      expect(await k.run(['get', 'pod', 'copy', '-o', 'jsonpath={.spec.shareProcessNamespace} {.spec.containers[*].name}'])).toBe('true c dbg');
      expect(await k.run(['exec', 'copy', '-c', 'dbg', '--', 'ps', '-o', 'args'])).toContain('sleep 1000');
      const node = (await k.run('get nodes -o name')).split('/')[1]!;
      await k.run(['debug', `node/${node}`, '--image=alpine:3.20', '--profile=general', '--', 'sh', '-c', 'ls /host/etc/debian_version; hostname']);
      await eventually('node debugger done', async () => (await s.rows('get pods')).find(r => r.startsWith('node-debugger'))?.includes('Completed'));
      await k.run('create deployment web --image=nginx:1.12.0 --port=80');
      await k.run('expose deploy/web --port=8080 --target-port=80');
      await k.run('rollout status deploy/web --timeout=60s', '', 70_000);
      const forward = k.start('port-forward svc/web :8080');
      const port = (await eventually('forwarding', () => /127\.0\.0\.1:(\d+) -> 80/.exec(forward.out())))[1];
      expect(await s.curl(`http://127.0.0.1:${port}/`)).toContain('1.12.0');
      forward.stop();
      expect(await k.run(['exec', 'deploy/web', '--', 'cat', '/etc/nginx/conf.d/default.conf'])).toContain('listen');
      const direct = await k.run(['get', '--raw', `/api/v1/namespaces/${s.ns}/services/web:8080/proxy/`]);
      expect(direct).toContain('1.12.0');
      expect(await k.fails('port-forward pod/nosuch 1:80')).toContain('not found');
    }), 240_000);
  });
}
