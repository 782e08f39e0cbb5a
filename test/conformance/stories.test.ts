// The stories with real kubectl and real containers. The newest kubectl plays all of them on each runtime they name; every other
// version plays two in turn, so that each version is met in every run. All of them with all versions: `npm run campaign stories`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHost, type Host } from '../harness/host.ts';
import { Kube, kubectls, type Kubectl } from '../harness/kubectl.ts';
import { stories } from './stories/index.ts';
import { Stage, type RuntimeName, type Story } from './stories/story.ts';

const versions = kubectls();
const newest = versions.at(-1)!;
const others = versions.slice(0, -1);
const only = process.env.STORIES?.split(',');
const all = process.env.STORIES_KUBECTL === 'all';
const IMAGES = join(import.meta.dirname, '../images');
const ARCHIVES = '/var/cache/pilothouse-test-images';

async function play(story: Story, host: Host, kubectl: Kubectl, runtime: RuntimeName): Promise<void> {
  const ns = `${story.id.toLowerCase()}-${kubectl.minor}`;
  const stage = new Stage(new Kube(kubectl.binary, host.ready.kubeconfig, ns), host, runtime);
  await stage.open();
  let count = 0;
  try { await story.play(stage); } finally { count = await stage.close(); }
  expect(count, 'pods of the story').toBeGreaterThanOrEqual(story.pods);
}

for (const runtime of ['docker', 'sandbox'] as const) {
  if (process.env.STORIES_RUNTIME && process.env.STORIES_RUNTIME !== runtime) continue;
  describe(`stories on ${runtime}`, () => {
    let host: Host;
    beforeAll(async () => {
      const out = runtime === 'sandbox' ? ['--out', ARCHIVES] : [];
      for (const [command, args] of [['bash', [join(IMAGES, 'build.sh'), ...out]], ['node', [join(IMAGES, 'examples.mjs'), ...out]]] as const) {
        const r = spawnSync(command, args, { encoding: 'utf8' });
        if (r.status !== 0) throw new Error(`${args[0]}: ${r.stderr}`);
      }
      host = await startHost(['--runtime', runtime], { timeoutMs: 120_000, env: { PILOTHOUSE_IMAGE_DIRS: ARCHIVES } });
    }, 400_000);
    afterAll(async () => { await host?.dispose(); });

    const mine = stories.filter(s => s.runtimes.includes(runtime) && (!only || only.includes(s.id)));
    mine.forEach((story, i) => {
      const extra = runtime === 'sandbox' ? [] : all ? others : others.filter((_, j) => mine.length > 0 && (i - 2 * j + 2 * mine.length) % mine.length < 2 && ['W1', 'W3', 'W6', 'W9', 'W11', 'W12', 'W14', 'W7', 'W10'].includes(story.id));
      for (const kubectl of [newest, ...extra]) it(`${story.id} ${story.title} (kubectl 1.${kubectl.minor})`, () => play(story, host, kubectl, runtime), 300_000);
    });
  });
}
