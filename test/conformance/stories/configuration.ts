// W11, W12: secrets and config maps, as files and as environment.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, expect, type Story } from './story.ts';

const pod = (name: string, command: string, container: string, spec = '', policy = 'Never'): string => `apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: ${policy}
${spec}
  containers:
  - name: c
    image: alpine
    imagePullPolicy: IfNotPresent
    command: [/bin/sh, -c, '${command}']
${container}
---
`;

export const w11: Story = {
  id: 'W11', title: 'secret as file and as environment', runtimes: ['docker', 'sandbox'], pods: 6,
  async play(s) {
    const { k } = s;
    const file = s.file('mypassword.txt', 'mypassword');
    expect(await k.run(['create', 'secret', 'generic', 'mypassword', `--from-file=mypassword=${file}`])).toBe('secret/mypassword created');
    const yaml = await k.run('get secret mypassword -o yaml');
    expect(yaml).toMatch(/^type: Opaque$/m);
    expect(yaml).toMatch(/^ {2}mypassword: bXlwYXNzd29yZA==$/m);
    const volume = (items: string): string => `  volumes: [{name: secret-vol, secret: {secretName: mypassword${items}}}]`;
    const mount = '    volumeMounts: [{name: secret-vol, mountPath: /secret, readOnly: true}]';
    await s.create(pod('secret-access', 'cat /secret/password-example; mount | grep " /secret "', mount, volume(', items: [{key: mypassword, path: password-example}]')));
    await s.field('pod secret-access', '{.status.phase}', 'Succeeded');
    const log = await k.run('logs secret-access');
    expect(log).toMatch(/^mypassword/);
    expect(log).toContain('type tmpfs');
    expect(await k.run('describe pod secret-access')).toMatch(/\/secret from secret-vol \(ro\)/);
    await s.create(pod('no-items', 'cat /secret/mypassword', mount, volume('')));
    await s.field('pod no-items', '{.status.phase}', 'Succeeded');
    expect(await k.run('logs no-items')).toBe('mypassword');
    // The seed's own mistake: a stray "done" is a shell error; exit 2 and back-off.
    await s.create(pod('stray', 'cat /secret/password-example ; done', mount, volume(', items: [{key: mypassword, path: password-example}]'), 'Always'));
    await eventually('CrashLoopBackOff', async () => (await s.rows('get pod stray'))[0]?.includes('CrashLoopBackOff'), 40_000);
    expect(await k.run(['get', 'pod', 'stray', '-o', 'jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}'])).toBe('2');
    const env = '    env: [{name: MY_PASSWORD, valueFrom: {secretKeyRef: {name: mypassword, key: mypassword}}}]';
    await s.create(pod('secret-access-ev', 'while : ;do echo $MY_PASSWORD; sleep 1; done', env));
    await s.logsContain('secret-access-ev', 'mypassword');
    await k.run('delete pod secret-access-ev no-items');
    await k.run('delete secret mypassword');
    await s.create(pod('late-volume', 'cat /secret/mypassword', mount, volume('')) + pod('late-env', 'echo $MY_PASSWORD', env));
    await eventually('ContainerCreating with FailedMount', async () => (await s.rows('get pod late-volume'))[0]?.includes('ContainerCreating') && (await s.events('FailedMount')).some(m => m.includes('secret "mypassword" not found') || m.includes('"mypassword" not found')));
    await eventually('CreateContainerConfigError', async () => (await s.rows('get pod late-env'))[0]?.includes('CreateContainerConfigError'));
    expect(await s.create('apiVersion: v1\nkind: Secret\nmetadata: {name: mypassword}\ntype: Opaque\ndata: {mypassword: bXlwYXNzd29yZA==}\n')).toBe('secret/mypassword created');
    for (const name of ['late-volume', 'late-env']) {
      await s.field(`pod ${name}`, '{.status.phase}', 'Succeeded', 90_000);
      expect(await k.run(`logs ${name}`)).toBe('mypassword');
    }
    await s.sh(`head -c 1100000 /dev/zero > ${join(s.dir, 'big')}`);
    expect(await k.fails(['create', 'secret', 'generic', 'big', `--from-file=${join(s.dir, 'big')}`])).toMatch(/Too long|must have at most|Request entity too large/);
    await k.run('create secret docker-registry reg --docker-server=localhost:5000 --docker-username=u --docker-password=p --docker-email=e@example.com');
    expect(await k.run(['get', 'secret', 'reg', '-o', 'jsonpath={.type}'])).toBe('kubernetes.io/dockerconfigjson');
  },
};

export const w12: Story = {
  id: 'W12', title: 'config map as file and as environment', runtimes: ['docker'], pods: 2,
  async play(s) {
    const { k } = s;
    mkdirSync(join(s.dir, 'config'));
    s.file('config/app.properties', 'name=DevOps with Kubernetes\nport=4420\n');
    s.file('config/database.properties', 'endpoint=k8s.us-east-1.rds.example.com\nport=1521\n');
    await k.run(['create', 'configmap', 'example', `--from-file=${join(s.dir, 'config/app.properties')}`, `--from-file=${join(s.dir, 'config/database.properties')}`]);
    const d = await k.run('describe configmap example');
    for (const t of ['app.properties:\n----\n', 'port=4420', 'database.properties:\n----\n', 'port=1521']) expect(d).toContain(t);
    await k.run(['create', 'configmap', 'twin', `--from-file=${join(s.dir, 'config')}`]);
    expect(await k.run(['get', 'cm', 'twin', '-o', 'jsonpath={.data}'])).toBe(await k.run(['get', 'cm', 'example', '-o', 'jsonpath={.data}']));
    await s.create(pod('configmap-vol', 'while : ;do cat /src/app/config/database.properties; sleep 1; done', '    volumeMounts: [{name: config, mountPath: /src/app/config}]', '  volumes: [{name: config, configMap: {name: example}}]'));
    await s.create(pod('config-ev', 'while : ;do echo $DATABASE_ENDPOINT; sleep 1; done', '    env: [{name: DATABASE_ENDPOINT, valueFrom: {configMapKeyRef: {name: example, key: database.properties}}}]'));
    await s.logsContain('configmap-vol', /endpoint=k8s\S+\nport=1521/);
    await s.logsContain('config-ev', /endpoint=k8s\S+ port=1521\n/);
    await k.run(['patch', 'configmap', 'example', '-p', '{"data":{"database.properties":"endpoint=changed\\nport=1522\\n"}}']);
    await s.logsContain('configmap-vol --tail=4', /port=1522/, 90_000);
    expect(await k.run('logs config-ev --tail=1')).toContain('port=1521');
    await k.run(['create', 'configmap', 'literal', '--from-literal=app.properties.name=name=DevOps']);
    expect(await k.run(['get', 'cm', 'literal', '-o', 'jsonpath={.data.app\\.properties\\.name}'])).toBe('name=DevOps');
  },
};
