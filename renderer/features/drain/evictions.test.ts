import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../core/api/types/kubernetes.ts';
import { AGAIN_MS, drainPlan, drainWords, evictAll, type Leaving } from './evictions.ts';

const pod = (name: string, owner?: string, more: { annotations?: Record<string, string>; phase?: string; emptyDir?: boolean } = {}): Pod => ({
  metadata: { name, namespace: 'default', annotations: more.annotations, ownerReferences: owner ? [{ apiVersion: 'apps/v1', kind: owner, name: 'x', uid: 'u', controller: true }] : undefined },
  spec: { containers: [], volumes: more.emptyDir ? [{ name: 'v', emptyDir: {} }] : undefined }, status: { phase: more.phase ?? 'Running' },
});
const names = (pods: readonly Pod[]): (string | undefined)[] => pods.map(p => p.metadata?.name);
const NONE = { force: false, emptyDir: false };

describe('what a drain takes away', () => {
  it('leaves pods of daemon sets and static pods; all others go', () => {
    const plan = drainPlan([pod('web-2', 'ReplicaSet'), pod('agent', 'DaemonSet'), pod('static', undefined, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), pod('web-1', 'ReplicaSet')], NONE);
    expect([names(plan.evict), names(plan.stay), plan.held]).toEqual([['web-1', 'web-2'], ['agent', 'static'], false]);
  });
  it('asks before it takes pods nobody makes again, or whose emptyDir goes with them; what has ended needs no asking', () => {
    const pods = [pod('alone'), pod('cache', 'ReplicaSet', { emptyDir: true }), pod('once', undefined, { phase: 'Succeeded', emptyDir: true })];
    const plan = drainPlan(pods, NONE);
    expect([names(plan.reserved.alone), names(plan.reserved.emptyDir), plan.held]).toEqual([['alone'], ['cache'], true]);
    expect(drainPlan(pods, { force: true, emptyDir: false }).held).toBe(true);
    expect(drainPlan(pods, { force: true, emptyDir: true }).held).toBe(false);
  });
  it('names the command that does the same', () => {
    expect(drainWords(['n1'], NONE).join(' ')).toBe('drain n1 --ignore-daemonsets');
    expect(drainWords(['n1', 'n2'], { force: true, emptyDir: true }).join(' ')).toBe('drain n1 n2 --ignore-daemonsets --delete-emptydir-data --force');
  });
});

describe('evictions', () => {
  const run = async (answers: Record<string, number[]>, stopAfter = Infinity): Promise<{ told: string[]; waits: number[] }> => {
    const told: string[] = [], waits: number[] = [];
    await evictAll(Object.keys(answers).map(n => pod(n)), {
      async evict(p) { const code = answers[p.metadata!.name!]!.shift() ?? 201; if (code !== 201) throw Object.assign(new Error(`answer ${code}`), { code }); },
      read: e => ({ code: (e as { code: number }).code, message: (e as Error).message }),
      async wait(ms) { waits.push(ms); },
      told: (p, now: Leaving) => { told.push(`${p.metadata?.name} ${now.state}`); },
      stopped: () => waits.length >= stopAfter,
    });
    return { told, waits };
  };
  it('are asked for again after a while where a budget puts them off; a pod that is gone has left', async () => {
    const { told, waits } = await run({ a: [429, 429], b: [], c: [404] });
    expect(told.filter(x => x.startsWith('a'))).toEqual(['a putOff', 'a putOff', 'a leaves']);
    expect(told).toEqual(expect.arrayContaining(['b leaves', 'c leaves']));
    expect(waits).toEqual([AGAIN_MS, AGAIN_MS]);
  });
  it('end with the first other refusal, and when they are called off', async () => {
    expect((await run({ a: [403, 201] })).told).toEqual(['a failed']);
    expect((await run({ a: [429, 429, 429] }, 1)).told).toEqual(['a putOff']);
  });
});
