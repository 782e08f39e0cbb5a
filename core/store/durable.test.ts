import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, cpSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createLog, silentLog } from '../base/log.ts';
import { openStore } from './open.ts';
import { recordEnd } from './record.ts';
import { StoreDamaged } from './recover.ts';
import type { Op, Store } from './store.ts';

const dirs: string[] = [];
const fresh = (): string => { const d = mkdtempSync(join(tmpdir(), 'store-')); dirs.push(d); return d; };
afterEach(() => { for (const d of dirs.splice(0)) rmSync(d, { recursive: true, force: true }); });

const open = (dir: string, minLogBytes?: number): Promise<Store> => openStore({ dir, log: silentLog, clock: systemClock, minLogBytes });
const put = (key: string, value: string): Op => ({ type: 'put', key, value: Buffer.from(value) });
/** Closes `s` after a write; what is read when it is opened again is what it held. */
async function goesOn(s: Store, dir: string): Promise<void> {
  await s.txn([put('/after', 'x')]);
  const after = dump(s);
  await s.close();
  const again = await open(dir);
  expect(dump(again)).toEqual(after);
  await again.close();
}
const dump = (s: Store): unknown => s.range({ prefix: '' }).entries.map(e => [e.key, String(e.value), e.revision, e.createRevision]);
const segment = (dir: string): string => join(dir, readdirSync(dir).filter(n => /^log-\d+$/.test(n)).sort().at(-1)!);

/** Where a segment's last record ends; room may follow. */
function soundLength(path: string): number {
  const b = readFileSync(path);
  let at = 0;
  for (let end = recordEnd(b, at); end !== undefined; end = recordEnd(b, at)) at = end;
  return at;
}

describe('durable store', () => {
  it('comes back with every object, revision, creation and history', async () => {
    const dir = fresh();
    const a = await open(dir);
    await a.txn([put('/a', '1'), put('/b', 'é\u{1f600}')]);
    await a.txn([put('/a', '2')]);
    await a.txn([{ type: 'delete', key: '/b' }, put('/empty', '')]);
    const before = dump(a);
    await a.close();
    const b = await open(dir);
    expect(dump(b)).toEqual(before);
    expect(b.revision).toBe(a.revision);
    const seen: string[] = [];
    b.watch('/', 1, ev => { seen.push(...ev.map(e => `${e.type} ${e.entry.key} ${e.revision}`)); });
    expect(seen).toEqual(['PUT /a 2', 'PUT /b 3', 'PUT /a 4', 'DELETE /b 5', 'PUT /empty 6']);
    await b.txn([put('/a', '3')]);
    expect(b.get('/a')).toMatchObject({ revision: 7, createRevision: 2 });
    await b.close();
  });

  it('cut at any byte, keeps what was acknowledged before and nothing half', async () => {
    const dir = fresh();
    const s = await open(dir);
    const states: { bytes: number; dump: unknown }[] = [{ bytes: 0, dump: [] }];
    for (let i = 0; i < 6; i++) {
      await s.txn([put(`/a/${i}`, 'v'.repeat(i * 5)), put('/both', String(i))]);
      states.push({ bytes: soundLength(segment(dir)), dump: dump(s) });
    }
    await s.close();
    const size = states.at(-1)!.bytes;
    for (let cut = 0; cut <= size; cut++) {
      const copy = fresh();
      cpSync(dir, copy, { recursive: true });
      truncateSync(segment(copy), cut);
      const r = await open(copy);
      expect(dump(r), `cut at ${cut}`).toEqual(states.findLast(st => st.bytes <= cut)!.dump);
      await goesOn(r, copy);
      rmSync(copy, { recursive: true });
    }
  }, 60_000);

  it('when the power fails while a record goes into the room made for it, keeps what was acknowledged before and goes on behind it', async () => {
    const dir = fresh();
    const s = await open(dir);
    await s.txn([put('/a', '1')]);
    const before = dump(s), first = soundLength(segment(dir));
    await s.txn([put('/b', 'x'.repeat(300))]);
    // As a killed host leaves it: with its room.
    const left = readFileSync(segment(dir)), second = soundLength(segment(dir));
    await s.close();
    expect(left.length).toBeGreaterThan(second + 1000);
    expect(statSync(segment(dir)).size).toBe(second);
    for (let lost = 0; lost < second - first; lost += 7) {
      for (const part of [[first, first + lost], [first + lost, second]] as const) {
        const copy = fresh(), bytes = Buffer.from(left).fill(0, ...part), whole = part[0] === part[1];
        writeFileSync(join(copy, 'log-0000000000000002'), bytes);
        const r = await open(copy);
        if (!whole) expect(dump(r), `zeros from ${part[0]} to ${part[1]}`).toEqual(before);
        await goesOn(r, copy);
        expect(readdirSync(copy).some(n => n.includes('.cut-'))).toBe(!whole && (part[0] > first || part[1] < second));
        rmSync(copy, { recursive: true });
      }
    }
  }, 30_000);

  it('goes on in the room a killed host left, also when a later segment follows it', async () => {
    const dir = fresh();
    const s = await open(dir, 5_000);
    await s.txn([put('/a', '1')]);
    const path = segment(dir), left = readFileSync(path);
    await s.close();
    writeFileSync(path, left);
    const r = await open(dir, 5_000);
    for (let i = 0; i < 50; i++) await r.txn([put('/b', 'x'.repeat(200))]);
    const before = dump(r);
    await r.close();
    const again = await open(dir);
    expect(dump(again)).toEqual(before);
    await again.close();
  });

  it('puts a cut tail aside and says so', async () => {
    const dir = fresh();
    const s = await open(dir);
    await s.txn([put('/a', '1')]);
    await s.close();
    truncateSync(segment(dir), statSync(segment(dir)).size - 1);
    const lines: string[] = [];
    await (await openStore({ dir, log: createLog('warn', l => { lines.push(l); }), clock: systemClock })).close();
    expect(lines.join('')).toContain('unfinished write');
    expect(readdirSync(dir).some(n => n.includes('.cut-'))).toBe(true);
  });

  it('refuses to start when any byte in the middle is flipped, naming the file, and changes nothing', async () => {
    const dir = fresh();
    const s = await open(dir);
    for (let i = 0; i < 3; i++) await s.txn([put(`/a/${i}`, 'value')]);
    const first = soundLength(segment(dir));
    await s.txn([put('/last', 'value')]);
    await s.close();
    const good = readFileSync(segment(dir));
    for (let i = 0; i < first; i++) {
      const bad = Buffer.from(good);
      bad[i] = bad[i]! ^ 0x40;
      writeFileSync(segment(dir), bad);
      await expect(open(dir), `byte ${i}`).rejects.toThrow(StoreDamaged);
      expect(readFileSync(segment(dir)).equals(bad)).toBe(true);
    }
  }, 30_000);

  it('takes snapshots while writing, forgets old segments and comes back the same', async () => {
    const dir = fresh();
    const s = await open(dir, 50_000);
    for (let i = 0; i < 2000; i++) await s.txn([put(`/k/${i % 50}`, 'x'.repeat(200)), ...(i % 7 ? [] : [{ type: 'delete', key: `/k/${(i * 3) % 50}` } as Op])]);
    const before = dump(s);
    await s.close();
    const names = readdirSync(dir);
    expect(names.filter(n => n.startsWith('snapshot-'))).toHaveLength(1);
    expect(names.filter(n => n.startsWith('log-')).length).toBeLessThanOrEqual(2);
    const r = await open(dir, 50_000);
    expect(dump(r)).toEqual(before);
    expect(r.revision).toBe(s.revision);
    await r.close();
  });

  it('starts from the older snapshot when the newer was never finished', async () => {
    const dir = fresh();
    const s = await open(dir);
    await s.txn([put('/a', '1')]);
    const before = dump(s);
    await s.close();
    writeFileSync(join(dir, 'snapshot-0000000000000002.tmp'), 'half');
    const r = await open(dir);
    expect(dump(r)).toEqual(before);
    expect(readdirSync(dir).some(n => n.endsWith('.tmp'))).toBe(false);
    await r.close();
  });

  it('says when a segment is missing', async () => {
    const dir = fresh();
    const s = await open(dir);
    await s.txn([put('/a', '1')]);
    await s.close();
    rmSync(segment(dir));
    writeFileSync(join(dir, 'log-0000000000000003'), '');
    await expect(open(dir)).rejects.toThrow(/one is missing/);
  });
});
