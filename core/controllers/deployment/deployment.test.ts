import { describe, expect, it } from 'vitest';
import { deployment as deploymentKind } from '../../api/kinds/apps/deployment.ts';
import { replicaSet as replicaSetKind } from '../../api/kinds/apps/replica-set.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { failure } from '../../api/meta/status.ts';
import type { Deployment, Pod, ReplicaSet } from '../../api/types/kubernetes.ts';
import { reapPods, runPods, world, type World } from '../../../test/harness/controllers.ts';

function deployment(replicas: number, image: string, spec: Partial<NonNullable<Deployment['spec']>> = {}): Deployment {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } }, ...spec,
    },
  };
}
const CONTROLLERS = ['deployment-controller', 'replicaset-controller'];
const sets = (w: World): ReplicaSet[] => w.api.all<ReplicaSet>(replicaSetKind);
const pods = (w: World): Pod[] => w.api.all<Pod>(podKind);
const web = (w: World): Deployment => w.api.get<Deployment>(deploymentKind, 'default/web')!;
const setImage = (w: World, image: string): void => { w.api.change<Deployment>(deploymentKind, 'default/web', d => { d.spec!.template.spec!.containers[0]!.image = image; d.metadata!.generation!++; }); };
const change = (w: World, f: (d: Deployment) => void): void => { w.api.change<Deployment>(deploymentKind, 'default/web', d => { f(d); d.metadata!.generation!++; }); };
const progressing = (w: World): string | undefined => web(w).status?.conditions?.find(c => c.type === 'Progressing')?.reason;
async function converge(w: World): Promise<void> {
  for (let i = 0; i < 40; i++) { await w.settle(); if (runPods(w.api) + reapPods(w.api) === 0 && i > 2) break; }
  await w.settle();
}

describe('Deployment', () => {
  it('makes one ReplicaSet named by the template hash, its pods, and says it is complete', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(3, 'nginx:1')); });
    const [rs] = sets(w);
    expect(rs?.metadata?.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]+$/);
    expect(rs?.metadata?.labels?.['pod-template-hash']).toBe(rs?.metadata?.name?.slice(4));
    expect(rs?.metadata?.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '3', 'deployment.kubernetes.io/max-replicas': '4',
    });
    expect(w.events).toContain(`Deployment/web Normal ScalingReplicaSet Scaled up replica set ${rs?.metadata?.name} from 0 to 3`);
    expect(w.events.filter(e => e.includes('SuccessfulCreate Created pod: ')).length).toBe(3);
    await converge(w);
    expect(web(w).status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3, observedGeneration: 1 });
    expect(progressing(w)).toBe('NewReplicaSetAvailable');
    expect(web(w).metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('1');
    expect(w.complaints).toEqual([]);
    await w.stop();
  });

  it('rolls within its bounds, keeps the old set at 0, and reuses it with a history when rolled back', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(4, 'nginx:1', { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } })); });
    await converge(w);
    const [first] = sets(w);
    setImage(w, 'nginx:2');
    let most = 0; let least = 4;
    for (let i = 0; i < 40; i++) {
      await w.settle();
      const live = pods(w).filter(p => !p.metadata?.deletionTimestamp);
      most = Math.max(most, live.length);
      least = Math.min(least, live.filter(p => p.status?.phase === 'Running').length);
      runPods(w.api, p => p === pods(w).find(x => x.status?.phase === 'Pending'));
      reapPods(w.api);
    }
    expect(most).toBe(5);
    expect(least).toBeGreaterThanOrEqual(3);
    const second = sets(w).find(s => s !== first && s.metadata?.uid !== first?.metadata?.uid);
    expect([sets(w)[0]?.spec?.replicas, second?.spec?.replicas]).toEqual([0, 4]);
    expect(second?.metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
    setImage(w, 'nginx:1');
    await converge(w);
    expect(sets(w).length).toBe(2);
    const again = w.api.get<ReplicaSet>(replicaSetKind, `default/${first?.metadata?.name}`);
    expect(again?.spec?.replicas).toBe(4);
    expect(again?.metadata?.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' });
    expect(web(w).metadata?.annotations?.['deployment.kubernetes.io/revision']).toBe('3');
    await w.stop();
  });

  it('puts back a ReplicaSet that was scaled by hand', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(3, 'nginx:1')); });
    await converge(w);
    w.api.change<ReplicaSet>(replicaSetKind, `default/${sets(w)[0]?.metadata?.name}`, rs => { rs.spec!.replicas = 1; });
    await converge(w);
    expect(sets(w)[0]?.spec?.replicas).toBe(3);
    expect(pods(w).length).toBe(3);
    await w.stop();
  });

  it('scales in proportion in mid-rollout', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(10, 'nginx:1', { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } })); });
    await converge(w);
    setImage(w, 'nginx:bad');
    for (let i = 0; i < 5; i++) { await w.settle(); reapPods(w.api); }
    const sizes = (): (number | undefined)[] => sets(w).map(s => s.spec?.replicas);
    expect(sizes()).toEqual([8, 5]);
    change(w, d => { d.spec!.replicas = 15; });
    await w.settle();
    // The page on Deployments has this very example: of 5 more, 3 go to the old set and 2 to the new.
    expect(sizes()).toEqual([11, 7]);
    await w.stop();
  });

  it('recreates: no new pod before the last old one is gone', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(2, 'nginx:1', { strategy: { type: 'Recreate' } })); });
    await converge(w);
    setImage(w, 'nginx:2');
    await w.settle();
    expect(pods(w).every(p => p.metadata?.deletionTimestamp !== undefined)).toBe(true);
    expect(sets(w).length).toBe(1);
    reapPods(w.api);
    await w.settle();
    expect(sets(w).length).toBe(2);
    expect(pods(w).map(p => p.spec?.containers[0]?.image)).toEqual(['nginx:2', 'nginx:2']);
    await w.stop();
  });

  it('reports a rollout that hangs once its deadline has passed, and heals by rolling back', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(2, 'nginx:1', { progressDeadlineSeconds: 60 })); });
    await converge(w);
    setImage(w, 'nginx:nope');
    await w.settle();
    expect(progressing(w)).toBe('ReplicaSetUpdated');
    await w.clock.advance(70_000);
    expect(progressing(w)).toBe('ProgressDeadlineExceeded');
    expect(web(w).status?.conditions?.find(c => c.type === 'Progressing')?.message).toMatch(/^ReplicaSet "web-\w+" has timed out progressing\.$/);
    expect(web(w).status?.availableReplicas).toBe(2);
    setImage(w, 'nginx:1');
    await converge(w);
    expect(progressing(w)).toBe('NewReplicaSetAvailable');
    await w.stop();
  });

  it('does not roll while paused, still scales, and clears old revisions beyond the limit', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(1, 'nginx:1', { revisionHistoryLimit: 1 })); });
    await converge(w);
    change(w, d => { d.spec!.paused = true; });
    await w.settle();
    expect(progressing(w)).toBe('DeploymentPaused');
    setImage(w, 'nginx:2');
    change(w, d => { d.spec!.replicas = 3; });
    await converge(w);
    expect(sets(w).map(s => s.spec?.replicas)).toEqual([3]);
    change(w, d => { d.spec!.paused = false; });
    await converge(w);
    for (const image of ['nginx:3', 'nginx:4']) { setImage(w, image); await converge(w); }
    await converge(w);
    expect(sets(w).length).toBe(2);
    expect(sets(w).map(s => s.metadata?.annotations?.['deployment.kubernetes.io/revision']).sort()).toEqual(['3', '4']);
    await w.stop();
  });

  it('copies the change cause to the set and waits minReadySeconds before it counts a pod', async () => {
    const w = await world(CONTROLLERS, api => {
      const d = deployment(1, 'nginx:1', { minReadySeconds: 5 });
      d.metadata!.annotations = { 'kubernetes.io/change-cause': 'first' };
      api.put(deploymentKind, d);
    });
    await w.settle();
    runPods(w.api);
    await w.settle();
    expect(web(w).status?.readyReplicas).toBe(1);
    expect(web(w).status?.availableReplicas).toBeUndefined();
    await w.clock.advance(5_100);
    expect(web(w).status?.availableReplicas).toBe(1);
    expect(sets(w)[0]?.metadata?.annotations?.['kubernetes.io/change-cause']).toBe('first');
    await w.stop();
  });

  it('goes round a set of another\'s that has its name, and counts how often', async () => {
    const first = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(1, 'nginx:1')); });
    const taken = sets(first)[0]!.metadata!.name!;
    await first.stop();
    const w = await world(CONTROLLERS, api => {
      // The same name and labels, but somebody else's and with another template.
      api.put(replicaSetKind, { ...structuredClone(sets(first)[0]!), metadata: { name: taken, namespace: 'default', labels: { other: 'one' }, ownerReferences: [{ apiVersion: 'example.com/v1', kind: 'Thing', name: 'x', uid: 'x', controller: true }] }, spec: { ...structuredClone(sets(first)[0]!.spec!), replicas: 0 } });
      api.put(deploymentKind, deployment(1, 'nginx:1'));
    });
    await w.clock.advance(1_000);
    expect(web(w).status?.collisionCount).toBe(1);
    const own = sets(w).filter(s => s.metadata?.ownerReferences?.[0]?.kind === 'Deployment');
    expect(own.map(s => s.metadata?.name === taken)).toEqual([false]);
    await converge(w);
    expect(web(w).status).toMatchObject({ availableReplicas: 1, collisionCount: 1 });
    await w.stop();
  });

  it('passes on why no pod can be made, and drops it when one can', async () => {
    let allowed = false;
    const w = await world(CONTROLLERS, api => {
      api.put(deploymentKind, deployment(2, 'nginx:1'));
      api.intercept = r => { if (!allowed && r.method === 'POST' && r.path.endsWith('/pods')) throw failure(403, 'Forbidden', 'exceeded quota: small'); };
    });
    const failed = (): unknown => web(w).status?.conditions?.find(c => c.type === 'ReplicaFailure');
    expect(failed()).toMatchObject({ status: 'True', reason: 'FailedCreate', message: 'exceeded quota: small' });
    expect(web(w).status?.conditions?.find(c => c.type === 'Available')).toMatchObject({ status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' });
    allowed = true;
    await w.clock.advance(20_000);
    await converge(w);
    expect(failed()).toBeUndefined();
    expect(web(w).status?.availableReplicas).toBe(2);
    await w.stop();
  });

  it('says that it was paused and resumed, and keeps an unfinished rollout where it is', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(4, 'nginx:1')); });
    await converge(w);
    setImage(w, 'nginx:2');
    await w.settle();
    change(w, d => { d.spec!.paused = true; });
    await w.settle();
    const sizes = sets(w).map(s => s.spec?.replicas);
    await converge(w);
    expect(sets(w).map(s => s.spec?.replicas)).toEqual(sizes);
    // However long it is paused, that does not count against the deadline.
    await w.clock.advance(700_000);
    expect(progressing(w)).toBe('DeploymentPaused');
    expect(web(w).status?.conditions?.find(c => c.type === 'Progressing')?.message).toBe('Deployment is paused');
    change(w, d => { d.spec!.paused = false; });
    await w.settle();
    await converge(w);
    expect(progressing(w)).toBe('NewReplicaSetAvailable');
    expect(sets(w).map(s => s.spec?.replicas)).toEqual([0, 4]);
    await w.stop();
  });

  it.each([
    [{ maxSurge: '50%', maxUnavailable: 0 }, 4, 6, 4], [{ maxSurge: 0, maxUnavailable: '50%' }, 4, 4, 2], [{ maxSurge: 0, maxUnavailable: '10%' }, 3, 3, 2], [{ maxSurge: '100%', maxUnavailable: '100%' }, 3, 6, 0],
  ])('keeps %j of %i within %i and %i', async (rollingUpdate, replicas, most, least) => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(replicas, 'nginx:1', { strategy: { type: 'RollingUpdate', rollingUpdate } })); });
    await converge(w);
    setImage(w, 'nginx:2');
    const seen = { most: 0, least: replicas };
    for (let i = 0; i < 60; i++) {
      await w.settle();
      const live = pods(w).filter(p => !p.metadata?.deletionTimestamp);
      seen.most = Math.max(seen.most, live.length);
      seen.least = Math.min(seen.least, live.filter(p => p.status?.phase === 'Running').length);
      const next = pods(w).find(x => x.status?.phase === 'Pending');
      runPods(w.api, p => p === next);
      reapPods(w.api);
    }
    expect(seen.most).toBeLessThanOrEqual(most);
    expect(seen.least).toBeGreaterThanOrEqual(least);
    expect(web(w).status).toMatchObject({ updatedReplicas: replicas, availableReplicas: replicas });
    await w.stop();
  });

  it('"Kubernetes … Deployment [takes down] unhealthy Pods [of the old revision] first"', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(10, 'nginx:1', { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } } })); });
    await w.settle();
    // Only three of the first revision ever became ready.
    let ready = 0;
    runPods(w.api, () => ready++ < 3);
    await w.settle();
    setImage(w, 'nginx:2');
    await w.settle();
    reapPods(w.api);
    await w.settle();
    const [old, fresh] = sets(w);
    expect([old?.spec?.replicas, old?.status?.availableReplicas, fresh?.spec?.replicas]).toEqual([8, 3, 4]);
    await converge(w);
    expect(web(w).status).toMatchObject({ updatedReplicas: 10, availableReplicas: 10 });
    await w.stop();
  });

  it('"terminatingReplicas: the total number of terminating pods targeted by this deployment"', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(3, 'nginx:1')); });
    await converge(w);
    change(w, d => { d.spec!.replicas = 1; });
    await w.settle();
    expect(web(w).status).toMatchObject({ replicas: 1, terminatingReplicas: 2 });
    reapPods(w.api);
    await w.settle();
    expect(web(w).status).toMatchObject({ replicas: 1, terminatingReplicas: 0 });
    await w.stop();
  });

  it('"Scaled up/down replica set … from … to …": the events of a rollout, in order', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(3, 'nginx:1')); });
    await converge(w);
    setImage(w, 'nginx:2');
    await converge(w);
    const [a, b] = sets(w).map(s => s.metadata?.name);
    expect(w.events.filter(e => e.includes('ScalingReplicaSet')).map(e => e.slice(e.indexOf('Scaled')))).toEqual([
      `Scaled up replica set ${a} from 0 to 3`, `Scaled up replica set ${b} from 0 to 1`, `Scaled down replica set ${a} from 3 to 2`, `Scaled up replica set ${b} from 1 to 2`,
      `Scaled down replica set ${a} from 2 to 1`, `Scaled up replica set ${b} from 2 to 3`, `Scaled down replica set ${a} from 1 to 0`,
    ]);
    await w.stop();
  });

  it('"All existing Pods are killed before new ones are created when .spec.strategy.type==Recreate" — also when it is scaled meanwhile', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(3, 'nginx:1', { strategy: { type: 'Recreate' } })); });
    await converge(w);
    change(w, d => { d.spec!.replicas = 5; d.spec!.template.spec!.containers[0]!.image = 'nginx:2'; });
    await w.settle();
    const images = (): string[] => [...new Set(pods(w).filter(p => !p.metadata?.deletionTimestamp).map(p => p.spec!.containers[0]!.image!))];
    for (let i = 0; i < 10; i++) { expect(images().length).toBeLessThan(2); runPods(w.api); reapPods(w.api); await w.settle(); }
    expect([images(), web(w).status?.availableReplicas]).toEqual([['nginx:2'], 5]);
    await w.stop();
  });

  it('goes back by annotation to a revision, to the last one, and says when it cannot', async () => {
    const w = await world(CONTROLLERS, api => { api.put(deploymentKind, deployment(1, 'nginx:1')); });
    await converge(w);
    for (const image of ['nginx:2', 'nginx:3']) { setImage(w, image); await converge(w); }
    const back = async (to: string): Promise<string[]> => {
      const before = w.events.length;
      change(w, d => { d.metadata!.annotations = { ...d.metadata!.annotations, 'deprecated.deployment.rollback.to': to }; });
      await converge(w);
      expect(web(w).metadata?.annotations?.['deprecated.deployment.rollback.to']).toBeUndefined();
      return [web(w).spec!.template.spec!.containers[0]!.image!, ...w.events.slice(before).filter(e => e.includes('Rollback')).map(e => e.split(' ').slice(1).join(' '))];
    };
    expect(await back('1')).toEqual(['nginx:1', 'Normal DeploymentRollback Rolled back deployment "web" to revision 1']);
    expect(await back('0')).toEqual(['nginx:3', 'Normal DeploymentRollback Rolled back deployment "web" to revision 3']);
    expect(await back('5')).toEqual(['nginx:3', 'Warning DeploymentRollbackTemplateUnchanged The rollback revision contains the same template as current deployment "web"']);
    expect(await back('77')).toEqual(['nginx:3', 'Warning DeploymentRollbackRevisionNotFound Unable to find the revision to rollback to.']);
    expect(sets(w).map(s => s.metadata?.annotations?.['deployment.kubernetes.io/revision']).sort()).toEqual(['2', '4', '5']);
    await w.stop();
  });
});
