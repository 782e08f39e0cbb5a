// Container output as `kubectl logs` prints it.
import { failure } from '../api/meta/status.ts';
import type { ContainerStatus, Pod } from '../api/types/kubernetes.ts';
import type { Clock } from '../base/clock.ts';
import type { Run } from './pod-record.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { LogQuery } from './server/backend.ts';

const refuse = (message: string): never => { throw failure(400, 'BadRequest', message); };

/** Which run of a container its log request means. Throws ApiError in kubelet's words. */
export function chooseRun(pod: Pod, container: string, runs: readonly Run[] | undefined, status: ContainerStatus | undefined, previous: boolean): Run {
  const name = pod.metadata?.name ?? '';
  if (!runs) return refuse(`container ${container} is not valid for pod ${name}`);
  const last = runs.at(-1);
  if (previous) {
    // While the next run waits (back-off), the newest dead run is the previous one.
    const dead = last?.state.phase === 'exited' && status?.state?.waiting ? last : runs.at(-2);
    return dead?.state.phase === 'exited' ? dead : refuse(`previous terminated container "${container}" in pod "${name}" not found`);
  }
  if (last && last.state.phase !== 'created') return last;
  const reason = status?.state?.waiting?.reason;
  if (reason === 'ErrImagePull') return refuse(`container "${container}" in pod "${name}" is waiting to start: image can't be pulled`);
  if (reason === 'ImagePullBackOff') return refuse(`container "${container}" in pod "${name}" is waiting to start: trying and failing to pull image`);
  return refuse(`container "${container}" in pod "${name}" is waiting to start${reason ? `: ${reason}` : ' - no logs yet'}`);
}

/** The log as bytes: tail, since, stream, timestamps and limitBytes applied; partial lines are joined as they were written. */
export async function* logBytes(runtime: Runtime, containerId: string, q: LogQuery, clock: Clock): AsyncGenerator<Buffer> {
  let left = q.limitBytes ?? Number.POSITIVE_INFINITY;
  if (left <= 0) return;
  let atStart = true;
  // With a stream chosen the tail counts that stream's lines only, so it is cut here.
  const chosen = q.stream !== undefined && q.tailLines !== undefined;
  const source = runtime.logs(containerId, { follow: q.follow && !chosen, ...(q.tailLines === undefined || chosen ? {} : { tailLines: q.tailLines }), ...(q.sinceTime === undefined ? {} : { since: q.sinceTime }), signal: q.signal });
  const emit = function* (line: { time: string; data: Buffer }): Generator<Buffer> {
    const bytes = q.timestamps && atStart ? Buffer.concat([Buffer.from(`${line.time} `), line.data]) : line.data;
    atStart = line.data.at(-1) === 10;
    const cut = bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= cut.length;
    yield cut;
  };
  const kept: { time: string; data: Buffer }[] = [];
  for await (const line of source) {
    if (q.stream && line.stream !== q.stream.toLowerCase()) continue;
    if (chosen) { kept.push(line); if (kept.length > q.tailLines!) kept.shift(); continue; }
    yield* emit(line);
    if (left <= 0) return;
  }
  for (const line of kept) { yield* emit(line); if (left <= 0) return; }
  if (chosen && q.follow && !q.signal.aborted) {
    for await (const line of runtime.logs(containerId, { follow: true, since: clock.now(), signal: q.signal })) {
      if (line.stream !== q.stream!.toLowerCase()) continue;
      yield* emit(line);
      if (left <= 0) return;
    }
  }
}
