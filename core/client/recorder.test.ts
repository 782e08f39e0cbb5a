import { describe, expect, it } from 'vitest';
import { notFoundError } from '../api/meta/status.ts';
import type { CoreEvent } from '../api/types/kubernetes.ts';
import { FakeClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { Client, type Request } from './client.ts';
import { createRecorder, EVENTS } from './create-recorder.ts';

function setup() {
  const requests: Request[] = [];
  let expired = false;
  const transport = {
    request: (r: Request): Promise<unknown> => { requests.push(r); return expired && r.method === 'PATCH' ? Promise.reject(notFoundError(EVENTS, 'x')) : Promise.resolve(r.body); },
    watch: () => Promise.resolve(),
  };
  const clock = new FakeClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const recorder = createRecorder(new Client(transport, 'test'), { component: 'kubelet', host: 'n1', clock, log: silentLog });
  return { requests, clock, recorder, expire: () => { expired = true; } };
}
const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: '7' } };

describe('event recorder', () => {
  it('writes a core/v1 Event and counts the same one up on it', async () => {
    const { requests, clock, recorder } = setup();
    recorder.event(POD, 'Warning', 'BackOff', 'Back-off restarting failed container', 'spec.containers{web}');
    await recorder.idle();
    await clock.advance(60_000);
    recorder.event(POD, 'Warning', 'BackOff', 'Back-off restarting failed container', 'spec.containers{web}');
    await recorder.idle();
    const [create, patch] = requests;
    expect(create!.path).toBe('/api/v1/namespaces/shop/events');
    const e = create!.body as CoreEvent;
    expect(e).toMatchObject({ count: 1, firstTimestamp: '2026-01-02T03:04:05Z', source: { component: 'kubelet', host: 'n1' }, involvedObject: { kind: 'Pod', name: 'web', uid: 'u1', fieldPath: 'spec.containers{web}' } });
    expect(e.metadata!.name).toMatch(/^web\.[0-9a-f]{16}$/);
    expect(patch).toMatchObject({ method: 'PATCH', path: `/api/v1/namespaces/shop/events/${e.metadata!.name}`, body: { count: 2, lastTimestamp: '2026-01-02T03:05:05Z' } });
  });

  it('events of two components about one object in one millisecond have names of their own', async () => {
    const names = (await Promise.all([setup(), setup()].map(async ({ requests, recorder }) => {
      recorder.event(POD, 'Normal', 'Seen', 'seen');
      await recorder.idle();
      return (requests[0]!.body as CoreEvent).metadata!.name;
    })));
    expect(names[0]).not.toBe(names[1]);
  });

  it('loses none of 2,000 pods\' events, writes several at a time, and each object\'s one by one', async () => {
    const pending: (() => void)[] = [], sent: Request[] = [];
    const transport = { request: (r: Request): Promise<unknown> => { sent.push(r); return new Promise(resolve => { pending.push(() => resolve(r.body)); }); }, watch: () => Promise.resolve() };
    const recorder = createRecorder(new Client(transport, 'test'), { component: 'kubelet', host: 'n1', clock: new FakeClock(), log: silentLog });
    const pod = (i: number): typeof POD => ({ ...POD, metadata: { ...POD.metadata, name: `p${i}`, uid: `u${i}` } });
    for (let i = 0; i < 2000; i++) for (const reason of ['Pulled', 'Started']) recorder.event(pod(i), 'Normal', reason, 'x');
    await Promise.resolve();
    expect(pending.length).toBe(16);
    // Again while the first is on its way: it waits, and counts on.
    recorder.event(pod(0), 'Normal', 'Pulled', 'x');
    let idle = false;
    const done = recorder.idle().finally(() => { idle = true; });
    while (!idle) { for (const go of pending.splice(0)) go(); await new Promise(resolve => { setImmediate(resolve); }); }
    await done;
    expect(sent).toHaveLength(4001);
    expect(sent.filter(r => r.method === 'PATCH')).toMatchObject([{ body: { count: 2 } }]);
  });

  it('counts what repeats before its turn in one object', async () => {
    const { requests, recorder } = setup();
    for (let i = 0; i < 5; i++) recorder.event(POD, 'Warning', 'BackOff', 'again');
    await recorder.idle();
    expect(requests.map(r => [r.method, (r.body as CoreEvent).count])).toEqual([['POST', 5]]);
  });

  it('starts a new object with the old count when the event has expired', async () => {
    const { requests, recorder, expire } = setup();
    recorder.event(POD, 'Normal', 'Pulled', 'x');
    await recorder.idle();
    expire();
    recorder.event(POD, 'Normal', 'Pulled', 'x');
    await recorder.idle();
    expect(requests.map(r => r.method)).toEqual(['POST', 'PATCH', 'POST']);
    const [first, , last] = requests.map(r => r.body as CoreEvent);
    expect(last!.count).toBe(2);
    expect(last!.metadata!.name).not.toBe(first!.metadata!.name);
  });

  it('mutes an object after 25 events and lets one through every five minutes', async () => {
    const { requests, clock, recorder } = setup();
    for (let i = 0; i < 40; i++) recorder.event(POD, 'Normal', `R${i}`, 'x');
    await recorder.idle();
    expect(requests).toHaveLength(25);
    await clock.advance(300_000);
    recorder.event(POD, 'Normal', 'Late', 'x');
    recorder.event(POD, 'Normal', 'Later', 'x');
    recorder.event({ ...POD, metadata: { ...POD.metadata, uid: 'u2' } }, 'Normal', 'Other', 'x');
    await recorder.idle();
    expect(requests.slice(25).map(r => (r.body as CoreEvent).reason)).toEqual(['Late', 'Other']);
  });

  it('combines many alike whose messages differ', async () => {
    const { requests, recorder } = setup();
    for (let i = 0; i < 13; i++) { recorder.event(POD, 'Warning', 'FailedScheduling', `try ${i}`); await recorder.idle(); }
    const events = requests.map(r => r.body as CoreEvent);
    expect(events.filter(e => e.message?.startsWith('(combined from similar events): try'))).toHaveLength(3);
    expect(requests.map(r => r.method).filter(m => m === 'PATCH')).toHaveLength(2);
  });
});
