// Logs and attach with real containers: rotation, what a follower sees over it, previous runs, programs that end at once.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FOREVER, RUNTIMES, RealNode, sh, statusOf } from './real-node.ts';

describe.each(RUNTIMES)('logs on %s', runtime => {
  let n: RealNode;
  beforeAll(async () => { n = await RealNode.start(runtime, { logMaxBytes: 64 << 10, logMaxFiles: 4 }); });
  afterAll(async () => { await n.close(); });
  const numbers = (text: string): number[] => text.split('\n').filter(l => l.startsWith('line ')).map(l => Number(l.slice(5, 11)));

  it('rotate by size; what is kept is read whole and in order, and bounded', async () => {
    // 4000 lines of 60 bytes: a quarter of a megabyte, the limit is four files of 64 KiB with what the runtime writes beside each line.
    const text = await n.output('rotates', { containers: [sh('i=0; while [ $i -lt 4000 ]; do printf "line %06d ------------------------------------------------\\n" $i; i=$((i+1)); done')] });
    const seen = numbers(text);
    expect(seen.at(-1)).toBe(3999);
    expect(seen.length).toBeGreaterThan(1000);
    expect(seen.length).toBeLessThan(4000);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => seen[0]! + i));
    expect(Buffer.byteLength(text)).toBeLessThan(4 * (64 << 10));
  });

  it('a follower loses nothing over rotations', async () => {
    await n.run('followed', { restartPolicy: 'Never', containers: [sh('sleep 0.5; i=0; while [ $i -lt 6000 ]; do printf "line %06d ------------------------------------------------\\n" $i; i=$((i+1)); [ $((i % 100)) = 0 ] && sleep 0.05; done; true')] });
    await n.until('followed', p => statusOf(p)?.state?.running);
    const seen = numbers(await n.logs('followed', 'main', { follow: true }));
    expect(seen.length).toBe(6000);
    expect(seen).toEqual(Array.from({ length: 6000 }, (_, i) => i));
  });

  it('options: tail over rotated files, since, limit, timestamps, a stream alone, the previous run', async () => {
    await n.run('opts', { restartPolicy: 'Never', containers: [sh('i=0; while [ $i -lt 2500 ]; do printf "line %06d ------------------------------------------------\\n" $i; i=$((i+1)); done; sleep 1.5; echo late; echo wrong >&2')] });
    const p = await n.until('opts', x => x?.status?.phase === 'Succeeded');
    const tail = await n.logs('opts', 'main', { tailLines: 1002 });
    expect(tail.split('\n').length).toBe(1003);
    const end = Date.parse(statusOf(p)!.state!.terminated!.finishedAt!);
    expect((await n.logs('opts', 'main', { sinceTime: end - 500 })).split('\n').sort()).toEqual(['', 'late', 'wrong']);
    expect(await n.logs('opts', 'main', { limitBytes: 7, sinceTime: end - 500, stream: 'Stdout' })).toBe('late\n');
    expect(await n.logs('opts', 'main', { tailLines: 1, stream: 'Stderr' })).toBe('wrong\n');
    expect(await n.logs('opts', 'main', { tailLines: 1, stream: 'Stdout', timestamps: true })).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z late\n$/);
    await n.run('prev', { containers: [sh('echo "run $(date +%s)"; sleep 0.3; exit 2')] });
    await n.until('prev', x => (statusOf(x)?.restartCount ?? 0) >= 1 && statusOf(x)?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(await n.logs('prev', 'main', { previous: true })).toMatch(/^run \d+\n$/);
    await n.run('fresh', { containers: [sh(FOREVER)] });
    await n.ready('fresh');
    await expect(n.logs('fresh', 'main', { previous: true })).rejects.toThrow('previous terminated container "main" in pod "fresh" not found');
    await expect(n.logs('fresh', 'nope')).rejects.toThrow('container nope is not valid for pod fresh');
  });

  it('lines longer than a page and output without an end come whole', async () => {
    const text = await n.output('long', { containers: [sh('head -c 40000 /dev/zero | tr "\\0" x; echo; printf end')] });
    expect(text).toBe(`${'x'.repeat(40_000)}\nend`);
  });

  it('whoever attaches first to a program run to be talked to once sees all it said', async () => {
    const once = { stdin: true, stdinOnce: true };
    await n.run('talk', { restartPolicy: 'Never', containers: [sh('echo first; read x; echo "got $x"; echo y; echo y', once)] });
    await n.until('talk', p => statusOf(p)?.state?.running);
    await n.eventually('its first word', async () => (await n.logs('talk')).includes('first'));
    expect(await n.attach('talk', 'hello\n')).toBe('first\ngot hello\ny\ny\n');
    // Again and again: said before, while or after somebody comes.
    for (let i = 0; i < 8; i++) {
      await n.run(`quick${i}`, { restartPolicy: 'Never', containers: [sh(`sleep 0.${i}; printf 'a\\na\\n'; sleep 0.05; printf 'a\\nb'`, once)] });
      await n.until(`quick${i}`, p => statusOf(p)?.state?.running ?? statusOf(p)?.state?.terminated);
      let said: string;
      try { said = await n.attach(`quick${i}`); } catch (e) {
        // It has ended: kubectl reads the log then.
        expect((e as Error).message).toContain('container not found');
        said = await n.logs(`quick${i}`);
      }
      expect(said, `quick${i}`).toBe('a\na\na\nb');
    }
  });

  it('a terminal is there for those that ask for one', async () => {
    const said = 'test -t 1 && echo yes || echo no';
    expect(await n.output('tty', { containers: [sh(said, { tty: true })] })).toMatch(/^yes\r?\n$/);
    expect(await n.output('notty', { containers: [sh(said)] })).toBe('no\n');
  });

  it('who attaches to a program that lives on sees what is said from then on', async () => {
    await n.run('lives', { containers: [sh('echo early; while read x; do echo "got $x"; done; echo bye; sleep 100', { stdin: true })] });
    await n.ready('lives');
    await n.eventually('early', async () => (await n.logs('lives')).includes('early'));
    const all = n.attach('lives', 'one\n');
    await n.eventually('got', async () => (await n.logs('lives')).includes('got one'));
    await n.delete('lives', 0);
    const text = await all;
    expect(text).toContain('got one\n');
    expect(text).not.toContain('early');
  });
});
