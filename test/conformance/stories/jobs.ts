// K1: jobs with real processes: what their codes, signals, memory and time limits come to.
import { eventually, expect, type Stage, type Story } from './story.ts';

const job = (name: string, script: string, spec = '', container = '', pod = ''): string => `apiVersion: batch/v1
kind: Job
metadata: {name: ${name}}
spec:
${spec}
  template:
    metadata: {labels: {of: ${name}}}
    spec:
      restartPolicy: ${pod.includes('OnFailure') ? 'OnFailure' : 'Never'}
      terminationGracePeriodSeconds: 20
      volumes: [{name: e, emptyDir: {}}]
      containers:
      - name: main
        image: alpine
        imagePullPolicy: IfNotPresent
        command: [sh, -c, '${script}']
        volumeMounts: [{name: e, mountPath: /e}]
${container}
`;

interface JobStatus { conditions?: { type: string; status: string; reason?: string; message?: string }[]; succeeded?: number; failed?: number; active?: number; completedIndexes?: string; failedIndexes?: string }
interface Ended { exitCode: number; reason: string; signal?: number }
interface PodItem { metadata: { name: string; annotations?: Record<string, string> }; status: { phase: string; containerStatuses?: { restartCount: number; state: { terminated?: Ended; waiting?: { reason: string } }; lastState: { terminated?: Ended } }[]; conditions?: { type: string; reason?: string }[] } }

const statusOf = async (s: Stage, name: string): Promise<JobStatus> => (await s.k.json<{ status: JobStatus }>(`get job ${name}`)).status;
const podsOf = async (s: Stage, name: string): Promise<PodItem[]> => (await s.k.json<{ items: PodItem[] }>(`get pods -l of=${name}`)).items;
const ended = (s: Stage, name: string, type: 'Complete' | 'Failed', ms = 90_000): Promise<JobStatus> => eventually(`job ${name} ${type}`, async () => {
  const status = await statusOf(s, name);
  if (status.conditions?.some(c => c.type === type && c.status === 'True')) return status;
  throw new Error(JSON.stringify(status));
}, ms, 300);
const verdict = (status: JobStatus) => status.conditions?.find(c => c.type === 'Failed');

export const k1: Story = {
  id: 'K1', title: 'jobs: exit codes, indexes, memory, signals, deadlines, hand-started runs of a CronJob', runtimes: [], campaign: ['docker', 'sandbox'], pods: 13,
  async play(s) {
    const { k } = s;
    await Promise.all([
      (async () => {
        // Each index computes its own share; one fails for good and takes no other with it.
        await s.create(job('squares', 'i=$JOB_COMPLETION_INDEX; [ $i = 3 ] && exit 42; echo $((i*i))', '  completions: 5\n  parallelism: 3\n  completionMode: Indexed\n  backoffLimitPerIndex: 2\n  podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [42]}}]}'));
        const status = await ended(s, 'squares', 'Failed');
        expect(status).toMatchObject({ completedIndexes: '0-2,4', failedIndexes: '3', succeeded: 4, failed: 1 });
        expect(verdict(status)).toMatchObject({ reason: 'FailedIndexes', message: 'Job has failed indexes' });
        for (const p of (await podsOf(s, 'squares')).filter(x => x.status.phase === 'Succeeded')) {
          const i = Number(p.metadata.annotations?.['batch.kubernetes.io/job-completion-index']);
          expect(await k.run(`logs ${p.metadata.name}`)).toBe(String(i * i));
        }
      })(),
      (async () => {
        await s.create(job('codes', 'exit 42', '  backoffLimit: 6\n  podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [40, 41, 42]}}]}'));
        const status = await ended(s, 'codes', 'Failed'), [pod] = await podsOf(s, 'codes');
        expect(verdict(status)).toMatchObject({ reason: 'PodFailurePolicy', message: `Container main for pod ${s.ns}/${pod!.metadata.name} failed with exit code 42 matching FailJob rule at index 0` });
        expect(status.failed).toBe(1);
      })(),
      (async () => {
        // An eviction is no failure of the job's; the next pod finishes the work.
        await s.create(job('ignored', 'trap "exit 1" TERM; while [ ! -e /e/done ]; do sleep 0.1; done', '  backoffLimit: 0\n  podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}'));
        const [first] = await s.podsReady(1, 'of=ignored');
        await k.run(['create', '--raw', `/api/v1/namespaces/${s.ns}/pods/${first}/eviction`, '-f', s.file('eviction.json', JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: first, namespace: s.ns } }))]);
        const next = await eventually('another pod', async () => (await s.rows('get pods -l of=ignored')).find(r => !r.startsWith(first!) && /\sRunning\s/.test(r))?.split(/\s+/)[0], 40_000);
        await k.run(`exec ${next} -- touch /e/done`);
        expect(await ended(s, 'ignored', 'Complete')).toMatchObject({ succeeded: 1 });
        expect((await statusOf(s, 'ignored')).failed ?? 0).toBe(0);
      })(),
      (async () => {
        await s.create(job('memory', 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done', '  backoffLimit: 1', '        resources: {limits: {memory: 24Mi}}', 'OnFailure'));
        const seen = await eventually('OOMKilled', async () => { const c = (await podsOf(s, 'memory'))[0]?.status.containerStatuses?.[0]; return c?.restartCount && (c.lastState.terminated ?? c.state.terminated); }, 40_000, 100);
        expect(seen).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
        expect(verdict(await ended(s, 'memory', 'Failed'))).toMatchObject({ reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' });
      })(),
      (async () => {
        // The same pod and what it has written; the first start after a failure does not wait.
        await s.create(job('again', 'echo x >> /e/runs; [ $(wc -l < /e/runs) -ge 2 ] || exit 7; cat /e/runs | wc -l', '  backoffLimit: 4', '', 'OnFailure'));
        expect(await ended(s, 'again', 'Complete')).toMatchObject({ succeeded: 1 });
        const [pod, ...more] = await podsOf(s, 'again');
        expect([more.length, pod!.status.containerStatuses![0]!.restartCount, (await k.run('logs job/again')).trim()]).toEqual([0, 1, '2']);
        expect(await k.run(`logs ${pod!.metadata.name} --previous`)).toBe('');
      })(),
      (async () => {
        await s.create(job('slow', 'trap "echo told; exit 3" TERM; echo up; while :; do sleep 0.1; done', '  activeDeadlineSeconds: 600'));
        const [pod] = await s.podsReady(1, 'of=slow'), said = k.start(`logs -f ${pod}`);
        await eventually('somebody listens', () => said.out().includes('up'));
        await k.run(['patch', 'job', 'slow', '--type=merge', '-p', '{"spec":{"activeDeadlineSeconds":1}}']);
        expect(verdict(await ended(s, 'slow', 'Failed'))).toMatchObject({ reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' });
        await eventually('its process is told', () => said.out().includes('told'), 20_000);
        said.stop();
      })(),
      (async () => {
        // Suspended, it gives its processes their time; resumed, it begins with new ones.
        await s.create(job('pause', 'trap "sleep 1; echo ended in time; exit 0" TERM; echo up; while [ ! -e /e/done ]; do sleep 0.1; done', '  backoffLimit: 0'));
        const [pod] = await s.podsReady(1, 'of=pause'), said = k.start(`logs -f ${pod}`);
        await eventually('somebody listens', () => said.out().includes('up'));
        await k.run(['patch', 'job', 'pause', '--type=merge', '-p', '{"spec":{"suspend":true}}']);
        await eventually('suspended', async () => (await statusOf(s, 'pause')).conditions?.some(c => c.type === 'Suspended' && c.status === 'True' && c.reason === 'JobSuspended'));
        await eventually('it went in order', () => said.out().includes('ended in time'), 20_000);
        said.stop();
        await eventually('its pod is gone', async () => (await s.rows('get pods -l of=pause')).length === 0, 40_000);
        await k.run(['patch', 'job', 'pause', '--type=merge', '-p', '{"spec":{"suspend":false}}']);
        const [next] = await s.podsReady(1, 'of=pause');
        await k.run(`exec ${next} -- touch /e/done`);
        expect(await ended(s, 'pause', 'Complete')).toMatchObject({ succeeded: 1 });
      })(),
      (async () => {
        await k.run(['create', 'cronjob', 'nightly', '--image=alpine', '--schedule=0 3 * * *', '--', 'sh', '-c', 'echo by hand']);
        await k.run(['patch', 'cronjob', 'nightly', '--type=merge', '-p', '{"spec":{"jobTemplate":{"spec":{"template":{"spec":{"containers":[{"name":"nightly","image":"alpine","imagePullPolicy":"IfNotPresent","command":["sh","-c","echo by hand"]}]}}}}}}']);
        expect(await k.run('create job --from=cronjob/nightly now')).toBe('job.batch/now created');
        await k.run('wait --for=condition=complete job/now --timeout=60s', '', 70_000);
        expect(await k.run('logs job/now')).toBe('by hand');
        expect(await k.run(['get', 'job', 'now', '-o', 'jsonpath={.metadata.annotations.cronjob\\.kubernetes\\.io/instantiate} {.metadata.ownerReferences[0].kind}'])).toBe('manual CronJob');
        expect((await s.rows('get cronjob nightly'))[0]).toMatch(/^nightly\s+0 3 \* \* \*\s+<none>\s+False\s+0\s+<none>/);
      })(),
    ]);
  },
};
