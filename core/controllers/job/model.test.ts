// Random sequences of what users, nodes and kills do to a job. What holds at every request of the controller: no pod beyond parallelism, none
// for an index that has one or is done, none while suspended or over. What holds at the end: every pod that ended was counted exactly once,
// wherever the controller was killed; nothing is held any more. SEQUENCES says how many (40; 10000 takes minutes), SEED where to begin.
import { expect, it } from 'vitest';
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { isActive, isTerminal } from '../../api/meta/pod.ts';
import { failure } from '../../api/meta/status.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { Job, JobSpec, Pod } from '../../api/types/kubernetes.ts';
import type { Request } from '../../client/client.ts';
import { reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';
import { jobOf } from '../../../test/harness/jobs.ts';
import { random, type Random } from '../../../test/harness/random.ts';
import { isTracked } from './count.ts';
import { countOf, includes, parseIndexes } from './indexes.ts';
import { indexOf } from './per-index.ts';
import { finishedAs, jobCondition } from './status.ts';

const SEQUENCES = Number(process.env.SEQUENCES ?? 40), SEED = Number(process.env.SEED ?? 1);

function start(r: Random): Job {
  const indexed = r.chance(0.5), completions = 1 + r.upTo(4), policy = r.chance(0.3);
  const spec: Partial<JobSpec> = {
    parallelism: r.upTo(4), backoffLimit: 2 + r.upTo(6), suspend: r.chance(0.1), ...(indexed || r.chance(0.8) ? { completions } : {}), ...(indexed ? { completionMode: 'Indexed' } : {}),
    ...(indexed && r.chance(0.4) ? { backoffLimitPerIndex: r.upTo(2), ...(r.chance(0.5) ? { maxFailedIndexes: r.upTo(completions) } : {}) } : {}),
    ...(indexed && r.chance(0.2) ? { successPolicy: { rules: [{ succeededCount: r.upTo(completions) }] } } : {}),
    ...(policy ? { podFailurePolicy: { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [9] } }, { action: 'FailJob', onExitCodes: { operator: 'In', values: [99] } }] } } : {}),
    ...(r.chance(0.3) ? { podReplacementPolicy: 'Failed' } : {}), ...(r.chance(0.2) ? { activeDeadlineSeconds: 300 } : {}),
  };
  return jobOf(spec);
}

/** What the counters should say: noted when a pod's finalizer goes. */
interface Truth { readonly indexed: boolean; succeeded: number; failed: number }

function broken(w: World, q: Request): string | undefined {
  const job = w.api.get<Job>(jobKind, 'default/sums');
  if (!job?.spec || q.method !== 'POST' || !q.path.endsWith('/pods')) return undefined;
  const active = w.api.all<Pod>(podKind).filter(isActive), { completions, parallelism = 1, suspend } = job.spec, index = indexOf(q.body as Pod);
  if (suspend) return 'makes a pod while suspended';
  if (finishedAs(job) ?? jobCondition(job, 'FailureTarget') ?? jobCondition(job, 'SuccessCriteriaMet')) return 'makes a pod when it is over';
  if (active.length >= parallelism) return `makes one pod more than ${parallelism}`;
  if (index === undefined) return completions !== undefined && active.length + (job.status?.succeeded ?? 0) >= completions ? `makes a pod beyond ${completions} completions` : undefined;
  if (active.some(p => indexOf(p) === index)) return `makes a second pod of index ${index}`;
  if (index >= completions!) return `makes a pod of index ${index}, of ${completions}`;
  if (includes(parseIndexes(job.status?.completedIndexes, completions!), index)) return `makes a pod of index ${index}, which is done`;
  return includes(parseIndexes(job.status?.failedIndexes, completions!), index) ? `makes a pod of index ${index}, which has failed` : undefined;
}

function note(w: World, q: Request, truth: Truth): void {
  const finalizers = (q.body as { metadata?: Record<string, unknown> } | undefined)?.metadata?.['$deleteFromPrimitiveList/finalizers'];
  const p = q.method === 'PATCH' && finalizers ? w.api.get<Pod>(podKind, `default/${q.path.slice(q.path.lastIndexOf('/') + 1)}`) : undefined, job = w.api.get<Job>(jobKind, 'default/sums');
  if (!p || !job || !isTracked(p)) return;
  const over = jobCondition(job, 'FailureTarget') !== undefined, lost = p.status?.phase === 'Failed' || (job.spec!.podReplacementPolicy !== 'Failed' && p.metadata?.deletionTimestamp !== undefined);
  const ignored = job.spec!.podFailurePolicy !== undefined && p.status?.containerStatuses?.[0]?.state?.terminated?.exitCode === 9;
  // An index that the job no longer has counts for nothing.
  if (truth.indexed && indexOf(p)! >= job.spec!.completions!) return;
  if (p.status?.phase === 'Succeeded') { if (!truth.indexed) truth.succeeded++; } else if ((lost || over) && !ignored) truth.failed++;
}

async function play(seed: number): Promise<void> {
  const r = random(seed), wrong: string[] = [], done: string[] = [];
  const w = await world(['job'], api => { api.put(jobKind, start(r)); });
  const job = (): Job => w.api.get<Job>(jobKind, 'default/sums')!, pods = (): Pod[] => w.api.all<Pod>(podKind);
  const truth: Truth = { indexed: job().spec!.completionMode === 'Indexed', succeeded: 0, failed: 0 };
  let dead = Infinity;
  w.api.intercept = q => {
    // A killed controller reaches nobody: what it had begun stays as it is.
    if (dead-- <= 0) throw failure(503, 'ServiceUnavailable', 'killed');
    const why = broken(w, q);
    if (why) wrong.push(why);
    note(w, q, truth);
  };
  const change = (f: (s: JobSpec) => void): void => { if (!finishedAs(job())) w.api.change<Job>(jobKind, 'default/sums', j => { f(j.spec!); j.metadata!.generation!++; }); };
  const end = (p: Pod | undefined, exitCode: number): void => {
    // One that leaves before it has a node is failed by the collector of pods.
    if (!p || isTerminal(p) || (!p.spec?.nodeName && p.metadata?.deletionTimestamp === undefined)) return;
    const at = formatTime(w.clock.now());
    w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { o.status = { phase: exitCode ? 'Failed' : 'Succeeded', containerStatuses: [{ name: 'main', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated: { exitCode, finishedAt: at } } }] }; });
  };
  const some = (): Pod | undefined => r.pick<Pod | undefined>(pods());
  const acts: Record<string, () => unknown> = {
    scale: () => change(s => { s.parallelism = r.upTo(4); }),
    suspend: () => change(s => { s.suspend = !s.suspend; }),
    elastic: () => change(s => { if (s.completionMode === 'Indexed' && s.successPolicy === undefined) { s.completions = s.parallelism = 1 + r.upTo(4); } }),
    succeed: () => end(some(), 0), fail: () => end(some(), r.pick([1, 1, 9, 99])),
    remove: () => { const p = some(); if (p) return w.api.request({ method: 'DELETE', path: `/api/v1/namespaces/default/pods/${p.metadata!.name}` }); return undefined; },
    // What is being deleted ends, mostly badly.
    grace: () => end(pods().find(p => p.metadata?.deletionTimestamp !== undefined), r.chance(0.8) ? 143 : 0),
    run: () => { runPods(w.api, () => r.chance(0.7)); }, reap: () => { reapPods(w.api); },
    wait: () => w.clock.advance(r.pick([1, 11, 40, 100]) * 1000),
    restart: () => w.restart(),
    kill: async () => { dead = r.upTo(4); change(s => { s.parallelism = 1 + r.upTo(3); }); end(some(), 0); end(some(), 1); await w.clock.advance(5); dead = Infinity; await w.restart(); },
  };
  for (let i = 0; i < 40; i++) {
    const act = r.pick(['run', 'run', 'run', 'reap', 'wait', 'succeed', 'succeed', ...Object.keys(acts)]);
    done.push(act);
    await acts[act]!();
    await w.clock.advance(r.chance(0.3) ? 0 : 20);
  }
  change(s => { s.suspend = false; s.parallelism = Math.max(2, s.parallelism ?? 0); if (s.completionMode === 'Indexed' && s.completions === s.parallelism) s.parallelism = s.completions; });
  for (let i = 0; i < 80 && !finishedAs(job()); i++) {
    await w.clock.advance(100_000);
    runPods(w.api);
    await w.clock.advance(20);
    for (const p of pods()) end(p, p.metadata?.deletionTimestamp === undefined ? 0 : 143);
    await w.clock.advance(20);
    reapPods(w.api);
  }
  await w.settle();
  const said = `seed ${seed}: ${JSON.stringify({ ...job().spec, template: undefined, selector: undefined })} ${done.join(' ')}`, s = job().status!;
  expect(wrong, said).toEqual([]);
  expect(finishedAs(job()), said).toBeDefined();
  expect([s.active ?? 0, s.ready, s.terminating, s.uncountedTerminatedPods], said).toEqual([0, 0, 0, {}]);
  expect(pods().filter(isTracked).length, said).toBe(0);
  expect(s.succeeded ?? 0, said).toBe(truth.indexed ? countOf(parseIndexes(s.completedIndexes, job().spec!.completions!)) : truth.succeeded);
  const why = s.conditions?.find(c => c.type === finishedAs(job()))?.reason;
  // What lingers when enough have succeeded is neither.
  if (why !== 'SuccessPolicy') expect(s.failed ?? 0, said).toBe(truth.failed);
  if (why === 'CompletionsReached' && job().spec!.completions !== undefined && !done.includes('elastic')) expect(s.succeeded, said).toBe(job().spec!.completions);
  if (why === 'BackoffLimitExceeded') expect(s.failed!, said).toBeGreaterThan(job().spec!.backoffLimit!);
  expect(w.complaints.filter(c => c.includes('forbidden')), said).toEqual([]);
  await w.stop();
}

it(`${SEQUENCES} random sequences keep the bounds of a job and count each pod once`, async () => {
  for (let i = 0; i < SEQUENCES; i++) await play(SEED + i);
}, 30_000 + SEQUENCES * 1_000);
