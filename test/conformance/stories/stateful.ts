// W17: Redis as a pod, as a Deployment, and as a StatefulSet whose pods know each other by name.
import { eventually, expect, type Story } from './story.ts';

const SET = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis-sfs}
spec:
  serviceName: redis-sfs
  replicas: 2
  selector: {matchLabels: {app: redis-sfs}}
  template:
    metadata: {labels: {app: redis-sfs}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: redis-sfs
        image: redis
        imagePullPolicy: IfNotPresent
        command:
        - bash
        - -c
        - |
          ordinal=\${HOSTNAME##*-}
          if [ "$ordinal" = 0 ]; then : > /tmp/redis.conf; else echo "slaveof redis-sfs-0.redis-sfs 6379" > /tmp/redis.conf; fi
          printf 'protected-mode no\\ndir /store\\nsave 1 1\\n' >> /tmp/redis.conf
          exec redis-server /tmp/redis.conf
        volumeMounts: [{name: store, mountPath: /store}]
  volumeClaimTemplates:
  - metadata: {name: store}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
`;
const SERVICE = `apiVersion: v1
kind: Service
metadata: {name: redis-sfs}
spec: {clusterIP: None, ports: [{port: 6379}], selector: {app: redis-sfs}}
`;

export const w17: Story = {
  id: 'W17', title: 'Redis: pod, Deployment, StatefulSet with headless Service', runtimes: ['docker', 'sandbox'], pods: 5,
  async play(s) {
    const { k } = s;
    expect(await k.run('run redis --image=redis --image-pull-policy=IfNotPresent')).toBe('pod/redis created');
    await s.podsReady(1);
    await eventually('PONG', async () => (await k.try('exec redis -- redis-cli ping'.split(' '))).stdout.trim() === 'PONG');
    await k.run('create deployment redis-deployment --image=redis:3.0');
    const [first] = await s.podsReady(1, 'app=redis-deployment');
    await k.run(`delete pod redis ${first} --grace-period=1`);
    expect(await s.podsReady(1)).not.toContain(first);
    await k.run('delete deployment redis-deployment');

    expect(await s.create(SET)).toBe('statefulset.apps/redis-sfs created');
    expect(await k.run('rollout status sts/redis-sfs --timeout=60s', '', 70_000)).toContain('partitioned roll out complete: 2 new pods have been updated...');
    const starts = (await k.json<{ items: { metadata: { name: string; creationTimestamp: string }; status: { containerStatuses: { state: { running: { startedAt: string } } }[] } }[] }>('get pods -l app=redis-sfs')).items;
    expect(starts.map(p => p.metadata.name)).toEqual(['redis-sfs-0', 'redis-sfs-1']);
    // -0 was Running before -1 was made.
    expect(Date.parse(starts[0]!.status.containerStatuses[0]!.state.running.startedAt)).toBeLessThanOrEqual(Date.parse(starts[1]!.metadata.creationTimestamp));
    expect(await s.events('SuccessfulCreate')).toEqual(expect.arrayContaining(['create Pod redis-sfs-0 in StatefulSet redis-sfs successful', 'create Pod redis-sfs-1 in StatefulSet redis-sfs successful']));
    expect(await k.run('exec redis-sfs-1 -- hostname')).toBe('redis-sfs-1');
    await s.logsContain('redis-sfs-1', /(Connecting to MASTER redis-sfs-0\.redis-sfs:6379|Unable to connect to MASTER)/);

    expect(await s.create(SERVICE)).toBe('service/redis-sfs created');
    expect((await s.rows('get service redis-sfs'))[0]).toMatch(/redis-sfs\s+ClusterIP\s+None\s+<none>\s+6379\/TCP/);
    await s.logsContain('redis-sfs-1', 'Finished with success', 90_000);
    const far = 'exec redis-sfs-1 -- redis-cli -h redis-sfs-0.redis-sfs.' + s.ns + '.svc.cluster.local';
    expect(await k.run(`${far} set greeting hello`)).toBe('OK');
    await eventually('the replica has it', async () => (await k.run('exec redis-sfs-1 -- redis-cli get greeting')) === 'hello');

    const before = await k.run(['get', 'pod', 'redis-sfs-0', '-o', 'jsonpath={.metadata.uid}']);
    await k.run('delete pod redis-sfs-0');
    await s.podsReady(2, 'app=redis-sfs');
    expect(await k.run(['get', 'pod', 'redis-sfs-0', '-o', 'jsonpath={.metadata.uid}'])).not.toBe(before);
    await eventually('its DNS name is back', async () => (await k.try(`${far} ping`.split(' '))).stdout.trim() === 'PONG');
    // WL18: with its name it has its claim again, and what was on it.
    expect((await s.rows('get pvc')).map(r => r.split(/\s+/).slice(0, 2))).toEqual([['store-redis-sfs-0', 'Bound'], ['store-redis-sfs-1', 'Bound']]);
    await eventually('its data is there', async () => (await k.try(`${far} get greeting`.split(' '))).stdout.trim() === 'hello');
    expect(await k.run('exec redis-sfs-1 -- redis-cli role')).toMatch(/^slave/);
    await k.run('scale sts redis-sfs --replicas=1');
    await eventually('the last goes first', async () => (await s.rows('get pods -l app=redis-sfs')).length === 1);
    expect((await s.rows('get pods -l app=redis-sfs'))[0]).toMatch(/^redis-sfs-0\s/);
    await k.run('delete sts redis-sfs');
    await eventually('all gone', async () => (await s.rows('get pods -l app=redis-sfs')).length === 0);
    expect(await s.rows('get pvc')).toHaveLength(2);
  },
};
