// K2: what keeps running, through the end and the return of its host, with real processes and volumes.
import { eventually, expect, type Stage, type Story } from './story.ts';

const SET = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  replicas: 2
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      terminationGracePeriodSeconds: 10
      containers:
      - name: main
        image: alpine
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'echo start $HOSTNAME >> /data/log; trap "echo end >> /data/log; exit 0" TERM; while :; do sleep 0.1; done']
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Mi}}}
`;
const DAEMONS = (word: string): string => `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      terminationGracePeriodSeconds: 2
      volumes: [{name: host, emptyDir: {}}]
      containers:
      - name: main
        image: alpine
        imagePullPolicy: IfNotPresent
        command: [sh, -c, 'echo ${word}; trap "exit 0" TERM; while :; do sleep 0.1; done']
`;

interface PodItem { metadata: { name: string; uid: string }; status: { podIP: string; containerStatuses: { containerID: string; restartCount: number; lastState: { terminated?: { exitCode: number } } }[] } }
const podsOf = async (s: Stage, app: string): Promise<PodItem[]> => (await s.k.json<{ items: PodItem[] }>(`get pods -l app=${app}`)).items;
const line = (p: PodItem): string => [p.metadata.name, p.metadata.uid, p.status.podIP, p.status.containerStatuses[0]!.containerID].join();

export const k2: Story = {
  id: 'K2', title: 'StatefulSet, DaemonSet and Job through ends and returns of the host', runtimes: [], campaign: ['docker', 'sandbox'], pods: 6, ownHost: true,
  async play(s) {
    const { k } = s;
    await s.create(SET);
    await s.apply(DAEMONS('one'));
    await k.run(['create', 'job', 'long', '--image=alpine:3.20', '--', 'sh', '-c', 'sleep 1']);
    await s.podsReady(2, 'app=store');
    const [daemon] = await s.podsReady(1, 'app=agent');
    await s.logsContain(daemon!, 'one');

    // A daemon is replaced in place, and the old state comes back by undo.
    await s.apply(DAEMONS('two'));
    expect(await k.run('rollout status ds/agent --timeout=60s', '', 70_000)).toContain('daemon set "agent" successfully rolled out');
    const [second] = await s.podsReady(1, 'app=agent');
    expect(second).not.toBe(daemon);
    await s.logsContain(second!, 'two');
    expect(await k.run('rollout undo ds/agent')).toBe('daemonset.apps/agent rolled back');
    await k.run('rollout status ds/agent --timeout=60s', '', 70_000);
    await s.logsContain((await s.podsReady(1, 'app=agent'))[0]!, 'one');

    // Killed, the host finds everything as it was: the same pods, addresses and processes.
    await s.podsReady(2, 'app=store');
    const before = [...await podsOf(s, 'store'), ...await podsOf(s, 'agent')];
    await s.restart('SIGKILL');
    await eventually('they are as they were', async () => { const now = [...await podsOf(s, 'store'), ...await podsOf(s, 'agent')]; expect(now.map(line)).toEqual(before.map(line)); return true; });
    await s.podsReady(2, 'app=store');
    for (const name of ['store-0', 'store-1']) expect((await k.run(`exec ${name} -- cat /data/log`)).split('\n')).toEqual([`start ${name}`]);

    // Ended in order, it ends them in order, and starts the same pods again on the same data.
    await s.restart('SIGTERM');
    await eventually('each has started again', async () => (await podsOf(s, 'store')).every(p => p.status.containerStatuses[0]?.restartCount === 1), 60_000);
    await s.podsReady(2, 'app=store');
    for (const name of ['store-0', 'store-1']) expect((await k.run(`exec ${name} -- cat /data/log`)).split('\n')).toEqual([`start ${name}`, 'end', `start ${name}`]);
    expect((await podsOf(s, 'store')).map(p => p.metadata.uid)).toEqual(before.slice(0, 2).map(p => p.metadata.uid));

    // A member that is deleted comes back with its name and its claim.
    await k.run('delete pod store-1');
    await s.podsReady(2, 'app=store');
    expect((await k.run('exec store-1 -- cat /data/log')).split('\n')).toEqual(['start store-1', 'end', 'start store-1', 'end', 'start store-1']);
    expect((await s.rows('get pvc')).map(r => r.split(/\s+/).slice(0, 2))).toEqual([['data-store-0', 'Bound'], ['data-store-1', 'Bound']]);
    await k.run('wait --for=condition=complete job/long --timeout=60s', '', 70_000);
    expect((await s.rows('get job long'))[0]).toMatch(/\s1\/1\s/);
  },
};
