import { readFile } from 'node:fs/promises';
import { LABEL } from './pod-record.ts';
import type { ContainerState, Runtime } from './runtime/runtime.ts';

/** Kubernetes' limits of a termination message. */
const MAX_BYTES = 4096;
const LOG_LINES = 80;
const LOG_BYTES = 2048;

/** What the container left in its termination log; with FallbackToLogsOnError the end of its output when it failed and left nothing. */
export async function terminationMessage(runtime: Runtime, s: ContainerState): Promise<string | undefined> {
  const file = s.labels[LABEL.messageFile];
  let message = '';
  if (file) {
    try { message = (await readFile(file)).subarray(0, MAX_BYTES).toString(); }
    catch (e) { if ((e as NodeJS.ErrnoException).code !== 'ENOENT') message = `Error on reading termination log ${file}: ${(e as Error).message}`; }
  }
  if (message === '' && s.exitCode !== 0 && s.labels[LABEL.messagePolicy] === 'FallbackToLogsOnError') {
    const lines: Buffer[] = [];
    for await (const l of runtime.logs(s.id, { follow: false, tailLines: LOG_LINES, signal: new AbortController().signal })) lines.push(l.data);
    const all = Buffer.concat(lines);
    message = all.subarray(Math.max(0, all.length - LOG_BYTES)).toString();
  }
  return message === '' ? undefined : message;
}
