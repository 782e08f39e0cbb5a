// The stories with real kubectl and real containers. The newest kubectl plays all of them on each runtime they name; every other
// version plays two in turn, so that each version is met in every run. All of them with all versions: `npm run campaign stories`.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '../harness/host.ts';
import type { Kubectl } from '../harness/kubectl.ts';
import { closeHost, gate, inNamespace, newest, openHost, versions } from './setting.ts';
import { stories } from './stories/index.ts';
import type { RuntimeName, Story } from './stories/story.ts';

const others = versions.slice(0, -1);
const only = process.env.STORIES?.split(',');
const all = process.env.STORIES_KUBECTL === 'all';
/** Stories are mostly waiting; three at a time keep the machine busy without making its clocks lie. */
const turn = gate(3);
const alone = gate(1), always = gate(Infinity);

async function play(story: Story, host: Host, kubectl: Kubectl, runtime: RuntimeName): Promise<void> {
  const own = story.ownHost ? await openHost(runtime) : undefined;
  let count = 0, last = own;
  try { count = await inNamespace(`${story.id.toLowerCase()}-${kubectl.minor}`, own ?? host, runtime, async s => { try { await story.play(s); } finally { if (own) last = s.host; } }, kubectl); }
  finally { expect(await closeHost(last)).toEqual([]); }
  expect(count, 'pods of the story').toBeGreaterThanOrEqual(story.pods);
}

for (const runtime of ['docker', 'sandbox'] as const) {
  if (process.env.STORIES_RUNTIME && process.env.STORIES_RUNTIME !== runtime) continue;
  const mine = stories.filter(s => (all || only ? s.campaign ?? s.runtimes : s.runtimes).includes(runtime) && (!only || only.includes(s.id)));
  if (mine.length === 0) continue;
  describe(`stories on ${runtime}`, () => {
    let host: Host;
    beforeAll(async () => { host = await openHost(runtime); }, 400_000);
    afterAll(async () => { expect(await closeHost(host)).toEqual([]); });

    mine.forEach((story, i) => {
      const extra = all && story.campaign ? others : runtime === 'sandbox' ? [] : all ? others : others.filter((_, j) => mine.length > 0 && (i - 2 * j + 2 * mine.length) % mine.length < 2 && ['W1', 'W3', 'W6', 'W9', 'W11', 'W12', 'W14', 'W7', 'W10'].includes(story.id));
      for (const kubectl of [newest, ...extra]) it.concurrent(`${story.id} ${story.title} (kubectl 1.${kubectl.minor})`, () => (story.alone ? alone : always)(() => (story.waits ? always : turn)(() => play(story, host, kubectl, runtime))), 900_000);
    });
  });
}
