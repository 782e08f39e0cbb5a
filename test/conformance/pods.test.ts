// What a pod may ask of its node, seen by kubectl, the same on every runtime with real processes.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../harness/host.ts';
import { Registry } from '../harness/registry.ts';
import { closeHost, eventually, gate, inNamespace, openHost } from './setting.ts';
import type { RuntimeName, Stage } from './stories/story.ts';

/** A pod of one container running a shell script. `container` and `spec` are YAML flow fields with a comma in front. */
const pod = (name: string, script: string, container = '', spec = '', image = 'alpine:3.20'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {l1: v1}}\nspec: {restartPolicy: Never, terminationGracePeriodSeconds: 1, containers: [{name: c, image: "${image}", imagePullPolicy: IfNotPresent, command: ${JSON.stringify(['sh', '-c', script])}${container}}]${spec}}\n---\n`;

for (const runtime of ['docker', 'sandbox'] as const satisfies RuntimeName[]) {
  describe(`pods on ${runtime}`, () => {
    let host: Host, count = 0;
    const turn = gate(2);
    beforeAll(async () => { host = await openHost(runtime); }, 400_000);
    afterAll(async () => { expect(await closeHost(host)).toEqual([]); });
    const at = (play: (s: Stage) => Promise<void>) => (): Promise<unknown> => turn(() => inNamespace(`node-${++count}`, host, runtime, play));
    const ended = async (s: Stage, name: string, phase = 'Succeeded'): Promise<string> => { await s.field(`pod ${name}`, '{.status.phase}', phase, 60_000); return s.k.run(`logs ${name}`); };
    const event = (s: Stage, name: string, reason: string): Promise<string> => eventually(`${reason} of ${name}`, () => s.k.run(['get', 'events', '--field-selector', `involvedObject.name=${name},reason=${reason}`, '-o', 'jsonpath={.items[*].message}']), 60_000, 300);

    it.concurrent('init containers in order, sidecar with startup probe between them, and it ends last', at(async s => {
      const mount = 'volumeMounts: [{name: w, mountPath: /w}]';
      const init = (name: string, script: string, more = ''): string => `{name: ${name}, image: "alpine:3.20", command: ${JSON.stringify(['sh', '-c', script])}, ${mount}${more}}`;
      await s.create(pod('p', 'cat /w/f', `, ${mount}`, `, volumes: [{name: w, emptyDir: {}}], initContainers: [${init('one', 'sleep 1; echo one > /w/f')}, ${init('side', 'trap "exit 0" TERM; echo side >> /w/f; while :; do sleep 0.1; done', ', restartPolicy: Always, startupProbe: {exec: {command: [grep, side, /w/f]}, periodSeconds: 1}')}, ${init('two', 'echo two >> /w/f')}]`));
      expect(await ended(s, 'p')).toBe('one\nside\ntwo');
      await s.field('pod p', '{.status.initContainerStatuses[1].state.terminated.exitCode}', '0');
    }), 240_000);

    it.concurrent('environment, downward API, projected volumes, subPath, memory volume', at(async s => {
      await s.create('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {k1: "v1"}\n');
      await s.create(pod('p', 'echo "$POD_IP $NODE $NS $L1 $MEM $CPU"; cat /d/labels; echo; cut -c1-3 /proj/token; cat /proj/k1; echo; cat /sub/k1; echo; grep " /m " /proc/mounts; dd if=/dev/zero of=/m/x bs=1M count=20 2>&1 | grep -o "No space"; hostname; grep foo.bar /etc/hosts',
        ', env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}, {name: NS, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}, {name: L1, valueFrom: {fieldRef: {fieldPath: "metadata.labels[\'l1\']"}}}, {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}, {name: CPU, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}], resources: {requests: {cpu: 50m}, limits: {memory: 100Mi}}'
        + ', volumeMounts: [{name: d, mountPath: /d}, {name: proj, mountPath: /proj}, {name: cm, mountPath: /sub/k1, subPath: k1}, {name: m, mountPath: /m}]',
        ', hostname: myhost, hostAliases: [{ip: 1.2.3.4, hostnames: [foo.bar]}], volumes: [{name: m, emptyDir: {medium: Memory, sizeLimit: 8Mi}}, {name: cm, configMap: {name: cm}}, {name: d, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}, {name: proj, projected: {sources: [{serviceAccountToken: {path: token, audience: vault}}, {configMap: {name: cm}}]}}]'));
      const lines = (await ended(s, 'p')).split('\n');
      expect(lines[0]).toMatch(new RegExp(`^10\\.\\d+\\.\\d+\\.\\d+ \\S+ ${s.ns} v1 100 50$`));
      expect(lines.slice(1, 5)).toEqual(['l1="v1"', 'eyJ', 'v1', 'v1']);
      expect(lines[5]).toContain('tmpfs');
      expect(lines.slice(6)).toEqual(['No space', 'myhost', '1.2.3.4\tfoo.bar']);
    }), 240_000);

    it.concurrent('security context', at(async s => {
      await s.create(pod('user', 'id -u; id -g; touch /x 2>&1 | grep -o "Read-only"; touch /w/y && stat -c %g /w/y; grep -E "NoNewPrivs|CapEff" /proc/self/status | tr -s "\\t" " "', ', volumeMounts: [{name: w, mountPath: /w}], securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}', ', securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000}, volumes: [{name: w, emptyDir: {}}]')
        + pod('caps', 'grep CapEff /proc/self/status | tr -s "\\t" " "', ', securityContext: {capabilities: {add: [NET_ADMIN], drop: [CHOWN]}}') + pod('nonroot', 'true', ', securityContext: {runAsNonRoot: true}'));
      const user = (await ended(s, 'user')).split('\n');
      expect(user.slice(0, 4)).toEqual(['1000', '3000', 'Read-only', '2000']);
      expect(user).toContain('NoNewPrivs: 1');
      expect(user).toContain('CapEff: 0000000000000000');
      const caps = BigInt(`0x${(await ended(s, 'caps')).split(' ')[1]}`);
      expect([caps >> 12n & 1n, caps & 1n]).toEqual([1n, 0n]);
      await s.field('pod nonroot', '{.status.containerStatuses[0].state.waiting.reason}', 'CreateContainerConfigError');
    }), 240_000);

    it.concurrent('probes: readiness decides endpoints, liveness restarts, hooks run; the last run keeps its log', at(async s => {
      await s.create('apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {l1: v1}, ports: [{port: 80}]}\n');
      await s.create(pod('ready', 'sleep 1; touch /tmp/ok; sleep 1000', ', readinessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 1, failureThreshold: 1}, lifecycle: {postStart: {exec: {command: [touch, /tmp/post]}}, preStop: {exec: {command: [sh, -c, "echo before the end > /proc/1/fd/1"]}}}'));
      await eventually('endpoint', async () => (await s.k.run(['get', 'endpoints', 'web', '-o', 'jsonpath={.subsets[0].addresses[0].targetRef.name}'])) === 'ready');
      expect(await s.k.run(['exec', 'ready', '--', 'ls', '/tmp/post'])).toBe('/tmp/post');
      await s.k.run(['exec', 'ready', '--', 'rm', '/tmp/ok']);
      await eventually('no endpoint', async () => (await s.k.run(['get', 'endpoints', 'web', '-o', 'jsonpath={.subsets[*].addresses[*].ip}'])) === '');
      expect(await event(s, 'ready', 'Unhealthy')).toContain('Readiness probe failed');
      const follow = s.k.start('logs -f ready');
      await s.k.run('delete pod ready');
      await eventually('hook before the end', () => follow.out().includes('before the end'));
      follow.stop();
      await s.create(pod('live', 'echo run; touch /tmp/ok; sleep 1; rm /tmp/ok; sleep 1000', ', livenessProbe: {exec: {command: [cat, /tmp/ok]}, periodSeconds: 1, failureThreshold: 1}', '').replace('restartPolicy: Never', 'restartPolicy: Always'));
      await s.field('pod live', '{.status.containerStatuses[0].restartCount}', /^[1-9]/, 60_000);
      expect(await event(s, 'live', 'Killing')).toContain('failed liveness probe, will be restarted');
      expect(await s.k.run('logs live --previous')).toBe('run');
    }), 240_000);

    it.concurrent('ends: back-off, messages, grace, programs that are not there', at(async s => {
      await s.create(pod('crash', 'echo here; exit 3').replace('restartPolicy: Never', 'restartPolicy: Always') + pod('says', 'echo bye > /dev/termination-log; exit 5') + pod('log', 'echo last words; exit 1', ', terminationMessagePolicy: FallbackToLogsOnError')
        + pod('none', 'x').replace(/command: \[.*?\]/, 'command: [/no/such]') + pod('stubborn', 'trap "" TERM; while :; do sleep 0.2; done').replace('Seconds: 1', 'Seconds: 3'));
      await s.field('pod crash', '{.status.containerStatuses[0].state.waiting.reason}', 'CrashLoopBackOff', 60_000);
      expect(await s.k.run('logs crash --previous')).toBe('here');
      await s.field('pod says', '{.status.containerStatuses[0].state.terminated.exitCode}/{.status.containerStatuses[0].state.terminated.message}', '5/bye');
      await s.field('pod log', '{.status.containerStatuses[0].state.terminated.message}', 'last words');
      await s.field('pod none', '{.status.containerStatuses[0].state.terminated.reason}', 'StartError');
      await s.field('pod stubborn', '{.status.phase}', 'Running');
      const from = performance.now();
      await s.k.run('delete pod stubborn');
      expect(performance.now() - from).toBeGreaterThan(2500);
      expect(performance.now() - from).toBeLessThan(9000);
    }), 240_000);

    it.concurrent('host paths and host ports', at(async s => {
      const dir = join(s.dir, 'made'), file = join(s.dir, 'file');
      const port = 20000 + Math.floor(Math.random() * 5000);
      await s.create(pod('made', 'echo hi > /a/x; echo yo > /b', ', volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b}]', `, volumes: [{name: a, hostPath: {path: ${dir}, type: DirectoryOrCreate}}, {name: b, hostPath: {path: ${file}, type: FileOrCreate}}]`)
        + pod('bad', 'true', ', volumeMounts: [{name: a, mountPath: /a}]', `, volumes: [{name: a, hostPath: {path: ${s.dir}/none, type: Directory}}]`)
        + `apiVersion: v1\nkind: Pod\nmetadata: {name: port}\nspec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: "nginx:1.12.0", ports: [{containerPort: 80, hostPort: ${port}}]}]}\n`);
      await ended(s, 'made');
      expect([existsSync(join(dir, 'x')), existsSync(file)]).toEqual([true, true]);
      expect(await event(s, 'bad', 'FailedMount')).toMatch(/is not a directory/);
      await eventually('host port', async () => (await s.curl(`http://127.0.0.1:${port}/`)).includes('Welcome'));
      await s.create(`apiVersion: v1\nkind: Pod\nmetadata: {name: taken}\nspec: {containers: [{name: c, image: "nginx:1.12.0", ports: [{containerPort: 80, hostPort: ${port}}]}]}\n`);
      expect(await event(s, 'taken', 'FailedScheduling')).toContain("1 node(s) didn't have free ports for the requested pod ports");
      rmSync(dir, { recursive: true, force: true });
    }), 240_000);

    it.concurrent('a registry with a password: refused without, pulled with imagePullSecrets', at(async s => {
      const registry = await Registry.start();
      try {
        const dir = join(s.dir, 'images');
        execFileSync('bash', [join(import.meta.dirname, '../images/build.sh'), '--out', dir, 'busybox:latest'], { stdio: 'ignore' });
        registry.add('team/app', runtime, join(dir, 'busybox_latest.tar'));
        const image = `${registry.host}/team/app:${runtime}`;
        await s.create(pod('without', 'true', '', '', image) + pod('unknown', 'true', '', ', imagePullSecrets: [{name: reg}]', `${registry.host}/team/none:1`));
        await s.field('pod without', '{.status.containerStatuses[0].state.waiting.reason}', /^(ErrImagePull|ImagePullBackOff)$/);
        expect(await event(s, 'without', 'Failed')).toMatch(/unauthorized|may require authorization|authentication required|no basic auth credentials/i);
        expect(registry.pulls).toBe(0);
        await s.k.run(['create', 'secret', 'docker-registry', 'reg', `--docker-server=${registry.host}`, `--docker-username=${registry.user}`, `--docker-password=${registry.password}`]);
        await s.create(pod('with', 'echo pulled', '', ', imagePullSecrets: [{name: reg}]', image));
        expect(await ended(s, 'with')).toBe('pulled');
        expect(registry.pulls).toBeGreaterThan(0);
        expect(await event(s, 'with', 'Pulled')).toMatch(/Successfully pulled image/);
        expect(await event(s, 'unknown', 'Failed')).toMatch(/not found|manifest unknown|unauthorized|authorization|basic auth/i);
        if (runtime === 'docker') await s.sh(`docker rmi -f ${image}`).catch(() => { /* still in use by the pod that ends with the namespace */ });
      } finally { await registry.close(); }
    }), 240_000);
  });
}
