// postStart and preStop: exec, httpGet, sleep.
import type { LifecycleHandler } from '../api/types/kubernetes.ts';
import { execHook, httpGet, type Target } from './probes/handlers.ts';

/** Runs a hook; rejects with kubelet's words when it fails or `signal` aborts. */
export async function runHook(kind: 'PostStart' | 'PreStop', h: LifecycleHandler, t: Target, signal: AbortSignal): Promise<void> {
  if (h.exec) {
    const { code, output } = await execHook(h.exec, t, signal);
    if (code !== 0) throw new Error(`Exec lifecycle hook ([${(h.exec.command ?? []).join(' ')}]) for Container "${t.container.name}" failed - error: command '${(h.exec.command ?? []).join(' ')}' exited with ${code}: ${output}, message: ${JSON.stringify(output)}`);
  } else if (h.httpGet) {
    const r = await httpGet({ ...h.httpGet, httpHeaders: [{ name: 'User-Agent', value: 'kube-lifecycle/1.36' }, ...(h.httpGet.httpHeaders ?? [])] }, t, 30_000);
    if (r.code < 200 || r.code >= 400) throw new Error(`HTTP lifecycle hook (${h.httpGet.path ?? '/'}) for Container "${t.container.name}" failed with status code ${r.code}`);
  } else if (h.sleep) {
    await new Promise<void>(resolve => {
      const timer = t.clock.after(h.sleep!.seconds * 1000, done);
      function done(): void { timer.cancel(); signal.removeEventListener('abort', done); resolve(); }
      signal.addEventListener('abort', done, { once: true });
    });
  } else throw new Error(`invalid handler: no ${kind} handler is given`);
}
