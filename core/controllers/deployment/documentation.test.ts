// The numbers of a Deployment: those of Kubernetes' own tables (pkg/controller/deployment), and cases named by the sentences of its page
// (concepts/workloads/controllers/deployment) that they prove.
import { describe, expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as setKind } from '../../api/kinds/apps/replica-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import type { Deployment, Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import { reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';

type Spec = NonNullable<Deployment['spec']>;
const BOTH = ['deployment', 'replicaset'], template = (image: string): Spec['template'] => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } });
const rolling = (maxSurge: number | string, maxUnavailable: number | string): Spec['strategy'] => ({ type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } });
const deployment = (replicas: number, spec: Partial<Spec> = {}): Deployment => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, selector: { matchLabels: { app: 'web' } }, strategy: rolling('25%', '25%'), template: template('new'), ...spec },
});
const web = (w: World): Deployment => w.api.get<Deployment>(deploymentKind, 'default/web')!;
const sets = (w: World): ReplicaSet[] => w.api.all<ReplicaSet>(setKind);
const pods = (w: World): Pod[] => w.api.all<Pod>(podKind);
const imageOf = (o: ReplicaSet): string | undefined => o.spec?.template?.spec?.containers[0]?.image;
const change = (w: World, f: (s: Spec) => void): void => { w.api.change<Deployment>(deploymentKind, 'default/web', d => { f(d.spec!); d.metadata!.generation!++; }); };
const setImage = (w: World, image: string): void => { change(w, s => { s.template = template(image); }); };
const condition = (w: World, type: string): string | undefined => { const c = web(w).status?.conditions?.find(x => x.type === type); return c && `${c.status} ${c.reason}`; };
async function converge(w: World): Promise<void> {
  for (let i = 0; i < 40; i++) { await w.settle(); if (runPods(w.api) + reapPods(w.api) === 0 && i > 2) break; }
  await w.settle();
}

/** A set as it stands in the tables: the younger the higher its number; the new one has the current template. */
function standing(name: string, replicas: number, of: { age: number; isNew: boolean; desired: number; surge: number; available?: number }): ReplicaSet {
  return {
    apiVersion: 'apps/v1', kind: 'ReplicaSet',
    metadata: {
      name, namespace: 'default', labels: { app: 'web' }, creationTimestamp: `2016-05-20T0${2 - of.age}:00:00Z`,
      annotations: { 'deployment.kubernetes.io/desired-replicas': String(of.desired), 'deployment.kubernetes.io/max-replicas': String(of.desired + of.surge) },
    },
    spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: template(of.isNew ? 'new' : name) },
    status: { replicas, ...(of.available === undefined ? {} : { availableReplicas: of.available }) },
  };
}

describe('Deployment: scaled in proportion', () => {
  // Sizes are of the new set, then of old ones, the younger first; null where there is no new set.
  const cases: [string, [from: number, to: number], before: (number | null)[], after: (number | null)[], more?: { surge?: [number, number]; unavailable?: number; desired?: (number | undefined)[] }][] = [
    ['normal scaling event', [10, 12], [10], [12]], ['normal scaling event', [10, 5], [10], [5]],
    ['proportional scaling', [5, 10], [2, 3], [4, 6]], ['proportional scaling', [5, 3], [2, 3], [1, 2]], ['proportional scaling', [9, 4], [8, 1], [4, 0]],
    ['proportional scaling', [7, 10], [2, 3, 2], [3, 4, 3]], ['proportional scaling', [13, 8], [2, 8, 3], [1, 5, 2]],
    ['leftover distribution', [3, 4], [1, 1, 1], [2, 1, 1]], ['leftover distribution', [3, 2], [1, 1, 1], [1, 1, 0]],
    ['no new set', [4, 5], [null, 2, 2], [null, 3, 2]], ['to zero', [6, 0], [3, 2, 1], [0, 0, 0]], ['from zero', [6, 6], [0, 0, 0], [6, 0, 0]],
    ['a set that could not be sized before', [5, 5], [2, 1, 1], [2, 2, 1], { desired: [undefined, 3] }],
    ['surge pods', [10, 20], [6, 6], [11, 11], { surge: [2, 2] }], ['both surge and size', [10, 50], [5, 8], [22, 34], { surge: [3, 6] }],
    ['both size and template', [10, 14], [null, 7, 3], [null, 10, 4]],
    ['saturated but broken new set does not affect old pods', [2, 2], [2, 1], [2, 1], { surge: [1, 1], unavailable: 1 }],
  ];
  it.each(cases)('%s: %j', async (_what, [from, to], before, after, more = {}) => {
    const [was = 0, is = 0] = more.surge ?? [], name = (i: number): string => `v${i}`;
    const w = await world(['deployment'], api => {
      for (const [i, n] of before.entries()) if (n !== null) api.put(setKind, standing(name(i), n, { age: i, isNew: i === 0, desired: more.desired?.[i] ?? from, surge: was }));
      // Paused, nothing but its size is looked at.
      api.put(deploymentKind, deployment(to, { paused: true, strategy: rolling(is, more.unavailable ?? 0) }));
    });
    expect(before.map((n, i) => (n === null ? null : w.api.get<ReplicaSet>(setKind, `default/${name(i)}`)!.spec!.replicas))).toEqual(after);
    await w.stop();
  });
});

describe('Deployment: a step of a rolling update', () => {
  // [replicas, surge, unavailable], old size and how many of it are available, new size: what both come to while nothing else moves.
  it.each([
    [[10, 2, 0], [10, 10], 0, [10, 2]], [[10, 2, 0], [5, 5], 0, [5, 7]], [[10, 2, 0], [10, 10], 2, [10, 2]], [[10, 2, 0], [2, 2], 11, [2, 10]],
    [[10, 0, 0], [10, 10], 0, [9, 1]], [[10, 0, 2], [10, 10], 0, [8, 2]], [[10, 0, 2], [10, 8], 0, [8, 2]], [[10, 0, 2], [10, 9], 0, [8, 2]], [[10, 0, 2], [8, 8], 2, [8, 2]],
  ] as const)('%j, old %j, new %i: %j', async ([replicas, surge, unavailable], [old, available], fresh, after) => {
    const w = await world(['deployment'], api => {
      const put = (name: string, n: number, isNew: boolean, up: number): void => { api.put(setKind, standing(name, n, { age: isNew ? 0 : 1, isNew, desired: replicas, surge, available: up })); };
      put('old', old, false, available);
      put('fresh', fresh, true, 0);
      api.put(deploymentKind, deployment(replicas, { strategy: rolling(surge, unavailable) }));
    });
    // What is available never exceeds what there is.
    w.api.change<ReplicaSet>(setKind, 'default/old', o => { o.status = { replicas: o.spec!.replicas!, availableReplicas: Math.min(available, o.spec!.replicas!) }; });
    await w.settle();
    expect(['old', 'fresh'].map(name => w.api.get<ReplicaSet>(setKind, `default/${name}`)!.spec!.replicas)).toEqual(after);
    await w.stop();
  });
});

describe('Deployment', () => {
  it('"If you update a Deployment while an existing rollout is in progress, the Deployment creates a new ReplicaSet as per the update and start scaling that up, and rolls over the ReplicaSet that it was scaling up previously"', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(5)); });
    setImage(w, 'nginx:1.16.1');
    await w.settle();
    setImage(w, 'nginx:1.17');
    await w.settle();
    // "It does not wait for the 5 replicas of nginx:1.14.2 to be created before changing course."
    expect(sets(w).find(s => imageOf(s) === 'nginx:1.17')!.spec!.replicas).toBeGreaterThan(0);
    await converge(w);
    expect(sets(w).filter(s => s.spec!.replicas !== 0).map(imageOf)).toEqual(['nginx:1.17']);
    expect(web(w).metadata!.annotations!['deployment.kubernetes.io/revision']).toBe('3');
    await w.stop();
  });

  it('"Explicitly setting this field to 0, will result in cleaning up all the history of your Deployment thus that Deployment will not be able to roll back."', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(2, { revisionHistoryLimit: 0 })); });
    await converge(w);
    setImage(w, 'nginx:2');
    await converge(w);
    expect(sets(w).map(imageOf)).toEqual(['nginx:2']);
    await w.stop();
  });

  it('"This Progressing condition will retain a status value of "True" until a new rollout is initiated. The condition holds even when availability of replicas changes (which does instead affect the Available condition)."', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(4, { progressDeadlineSeconds: 30 })); });
    await converge(w);
    for (const p of pods(w)) w.api.change<Pod>(podKind, `default/${p.metadata!.name}`, o => { o.status = { ...o.status, conditions: [{ type: 'Ready', status: 'False' }] }; });
    await w.clock.advance(120_000);
    expect([condition(w, 'Progressing'), condition(w, 'Available')]).toEqual(['True NewReplicaSetAvailable', 'False MinimumReplicasUnavailable']);
    await w.stop();
  });

  it('"Note: If you pause a Deployment rollout, Kubernetes does not check progress against your specified deadline."', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(2, { progressDeadlineSeconds: 30 })); });
    change(w, s => { s.paused = true; });
    await w.clock.advance(120_000);
    expect(condition(w, 'Progressing')).toBe('Unknown DeploymentPaused');
    change(w, s => { s.paused = false; });
    await w.clock.advance(10_000);
    expect(condition(w, 'Progressing')).toBe('Unknown DeploymentResumed');
    await w.clock.advance(60_000);
    expect(condition(w, 'Progressing')).toBe('False ProgressDeadlineExceeded');
    await w.stop();
  });

  it('"You cannot rollback a paused Deployment until you resume it."', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(1)); });
    await converge(w);
    setImage(w, 'nginx:2');
    await converge(w);
    change(w, s => { s.paused = true; });
    w.api.change<Deployment>(deploymentKind, 'default/web', d => { d.metadata!.annotations = { ...d.metadata!.annotations, 'deprecated.deployment.rollback.to': '1' }; });
    await converge(w);
    expect(web(w).spec!.template.spec!.containers[0]!.image).toBe('nginx:2');
    change(w, s => { s.paused = false; });
    await converge(w);
    expect(web(w).spec!.template.spec!.containers[0]!.image).toBe('new');
    expect(w.events).toContain('Deployment/web Normal DeploymentRollback Rolled back deployment "web" to revision 1');
    await w.stop();
  });

  it('"You can set the .spec.revisionHistoryLimit field … By default, 10": a set with pods, or whose pods are not counted yet, is never cleared away', async () => {
    const w = await world(BOTH, api => { api.put(deploymentKind, deployment(1, { revisionHistoryLimit: 2 })); });
    for (const image of ['b', 'c', 'd', 'e']) { await converge(w); setImage(w, image); }
    await converge(w);
    expect(sets(w).map(imageOf)).toEqual(['c', 'd', 'e']);
    expect(w.api.writes.filter(x => x.startsWith('DELETE replicasets')).length).toBe(2);
    await w.stop();
  });

  it('names a set within what a name may have, and says nothing of sets that cannot be made because the namespace is going', async () => {
    const name = 'w'.repeat(253), long = deployment(0);
    const w = await world(BOTH, api => { api.put(deploymentKind, { ...long, metadata: { ...long.metadata, name } }); });
    expect(sets(w).map(s => s.metadata!.name!.length)).toEqual([253]);
    await w.stop();
    const going = await world(BOTH, api => {
      api.intercept = r => { if (r.method === 'POST') throw failure(403, 'Forbidden', 'replicasets.apps "web-x" is forbidden: unable to create new content in namespace default because it is being terminated'); };
      api.put(deploymentKind, deployment(1));
    });
    expect(going.events).toEqual([]);
    await going.stop();
  });

  it('keeps the time since when no pod can be made', async () => {
    let allowed = true;
    const w = await world(BOTH, api => {
      api.put(deploymentKind, deployment(2));
      api.intercept = r => { if (!allowed && r.method === 'POST' && r.path.endsWith('/pods')) throw failure(403, 'Forbidden', 'no'); };
    });
    allowed = false;
    change(w, s => { s.replicas = 3; });
    await w.clock.advance(5_000);
    const since = sets(w)[0]!.status!.conditions!.find(c => c.type === 'ReplicaFailure')!.lastTransitionTime;
    expect(web(w).status!.conditions!.find(c => c.type === 'ReplicaFailure')).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'no', lastTransitionTime: since, lastUpdateTime: since });
    await w.stop();
  });
});
