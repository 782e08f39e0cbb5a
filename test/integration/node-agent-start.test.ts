// The start of a pod on a runtime that creates containers while their sandbox starts: what is gained, and that nothing is left when it goes wrong.
import { afterEach, expect, it } from 'vitest';
import { pod as pods } from '../../core/api/kinds/core/pod.ts';
import { FakeClock } from '../../core/base/clock.ts';
import { ContainerError, type Runtime } from '../../core/node/runtime/runtime.ts';
import { createSimulatedRuntime } from '../../core/node/runtime/simulated/simulated.ts';
import { TestNode } from '../harness/node.ts';

let node: TestNode | undefined;
afterEach(async () => { await node?.close(); node = undefined; });

interface Seen { calls: string[]; /** Lets the sandbox that is starting run, or fail. */ finish(error?: Error): void; starting(): boolean }

/** A node whose sandboxes are created at once and run when told. */
async function slowStart(): Promise<{ node: TestNode; seen: Seen }> {
  const clock = new FakeClock(Date.now());
  const inner = await createSimulatedRuntime({ nodeName: 'n1', clusterId: 'test' }, clock);
  const calls: string[] = [];
  let settle: ((error?: Error) => void) | undefined;
  const own: Partial<Runtime> = {
    async runSandbox(spec, created) {
      const box = await inner.runSandbox(spec);
      calls.push('sandbox created');
      created?.(box.id);
      try { await new Promise<void>((resolve, reject) => { settle = e => { settle = undefined; if (e) reject(e); else resolve(); }; }); } catch (e) {
        calls.push('sandbox failed');
        await inner.stopSandbox(box.id);
        throw e;
      }
      calls.push('sandbox runs');
      return box;
    },
    async createContainer(id, spec) { const made = await inner.createContainer(id, spec); calls.push(`create ${spec.name}_${spec.attempt}`); return made; },
    async startContainer(id) { await inner.startContainer(id); calls.push('start'); },
    async removeContainer(id) { await inner.removeContainer(id); calls.push('remove'); },
    async imageStatus(ref) { calls.push('image'); return await inner.imageStatus(ref); },
    async container(id) { calls.push('inspect'); return await inner.container(id); },
  };
  const runtime = new Proxy(inner, { get: (target, key) => { const mine = (own as Record<PropertyKey, unknown>)[key]; if (mine !== undefined) return mine; const v: unknown = Reflect.get(target, key, target); return typeof v === 'function' ? v.bind(target) as unknown : v; } });
  node = await TestNode.start({ runtime, clock });
  return { node, seen: { calls, finish: e => { if (!settle) throw new Error('no sandbox is starting'); settle(e); }, starting: () => settle !== undefined } };
}

it('creates the containers while their sandbox starts, and asks nothing twice', async () => {
  const { node: n, seen } = await slowStart();
  await n.run('web', { containers: [{ name: 'a', image: 'nginx:1' }, { name: 'b', image: 'nginx:1' }] });
  await n.until('both to be created', () => seen.calls.filter(c => c.startsWith('create')).length === 2);
  expect(seen.calls).not.toContain('sandbox runs');
  expect(seen.calls).not.toContain('start');
  seen.finish();
  await n.ready('web');
  expect(seen.calls.filter(c => c.startsWith('create'))).toEqual(['create a_0', 'create b_0']);
  // The image before the create, the state after the start: nothing else is waited for.
  expect(['image', 'inspect', 'start'].map(what => seen.calls.filter(c => c === what).length)).toEqual([2, 2, 2]);
});

it('creates only what comes first', async () => {
  const { node: n, seen } = await slowStart();
  await n.run('web', { initContainers: [{ name: 'init', image: 'busybox:1', command: ['sh', '-c', 'exit 0'] }], containers: [{ name: 'a', image: 'nginx:1' }] });
  await n.until('the first to be created', () => seen.calls.includes('create init_0'));
  expect(seen.calls).not.toContain('create a_0');
  seen.finish();
  await n.ready('web');
  expect(seen.calls.filter(c => c.startsWith('create'))).toEqual(['create init_0', 'create a_0']);
});

it('a sandbox that does not start takes what was created with it, and the next try begins anew', async () => {
  const { node: n, seen } = await slowStart();
  await n.run('web', {});
  await n.until('the container to be created', () => seen.calls.includes('create main_0'));
  seen.finish(new ContainerError('CreatePodSandboxError', 'no network'));
  await n.until('the next try', () => seen.starting(), 1000);
  await n.until('the container to be created again', () => seen.calls.filter(c => c === 'create main_0').length === 2);
  expect(seen.calls.filter(c => c === 'remove')).toHaveLength(1);
  seen.finish();
  const p = await n.ready('web');
  expect(p.status?.containerStatuses?.[0]?.restartCount).toBe(0);
  expect(await n.events('web')).toContain('FailedCreatePodSandBox: Failed to create pod sandbox: no network');
});

it('tells what failed early when it is its turn', async () => {
  const { node: n, seen } = await slowStart();
  await n.run('web', { containers: [{ name: 'main', image: 'nginx:1', env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } }] }] });
  await n.until('the sandbox to start', () => seen.starting());
  seen.finish();
  await n.pod('web', p => p.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerConfigError');
  expect(seen.calls).not.toContain('start');
});

it('a pull that takes long holds no other pod, even where pods start one at a time', async () => {
  const clock = new FakeClock(Date.now());
  const inner = await createSimulatedRuntime({ nodeName: 'n1', clusterId: 'test' }, clock);
  let pulls = 0;
  const runtime = new Proxy(inner, { get: (target, key) => { if (key === 'pullImage') return (ref: string, ...rest: [undefined, AbortSignal]) => { if (ref !== 'slow:1') return inner.pullImage(ref, ...rest); pulls++; return new Promise(() => { /* never */ }); }; const v: unknown = Reflect.get(target, key, target); return typeof v === 'function' ? v.bind(target) as unknown : v; } });
  const n = node = await TestNode.start({ runtime, clock, config: { maxParallelStarts: 1 } });
  await n.run('slow', { containers: [{ name: 'main', image: 'slow:1' }] });
  await n.until('its pull', () => pulls === 1);
  await n.run('quick', {});
  await n.ready('quick');
});

it('a pod deleted while its sandbox starts leaves nothing', async () => {
  const { node: n, seen } = await slowStart();
  await n.run('web', { terminationGracePeriodSeconds: 1 });
  await n.until('the container to be created', () => seen.calls.includes('create main_0'));
  await n.client.delete(pods, 'default', 'web', { gracePeriodSeconds: 1 });
  seen.finish();
  await n.gone('web');
  expect(seen.calls).not.toContain('start');
  expect(await n.runtime.list()).toEqual([]);
});
