// Autoscaling and disruption budgets against the real API server, its rules and its roles.
import { afterEach, describe, expect, it } from 'vitest';
import { customResourceDefinition as crdKind } from '../../core/api/kinds/apiextensions/custom-resource-definition.ts';
import { deployment as deploymentKind } from '../../core/api/kinds/apps/deployment.ts';
import { horizontalPodAutoscaler as hpaKind } from '../../core/api/kinds/autoscaling/horizontal-pod-autoscaler.ts';
import { node as nodeKind } from '../../core/api/kinds/core/node.ts';
import { pod as podKind } from '../../core/api/kinds/core/pod.ts';
import { podDisruptionBudget as budgetKind } from '../../core/api/kinds/policy/pod-disruption-budget.ts';
import type { ResourceType, Unstructured } from '../../core/api/meta/object.ts';
import { statusOf } from '../../core/api/meta/status.ts';
import type { CustomResourceDefinition, Deployment, Node, Pod, PodDisruptionBudget, V2HorizontalPodAutoscaler } from '../../core/api/types/kubernetes.ts';
import { controlPlane, type ControlPlane } from '../harness/control-plane.ts';

let c: ControlPlane;
afterEach(async () => { await c.stop(); });

const web = (replicas: number): Deployment => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx', resources: { requests: { cpu: '100m' } } }] } } },
});
/** Lets cluster time pass in steps that keep the nodes' hearts beating. */
const pass = async (ms: number): Promise<void> => { for (let left = ms; left > 0; left -= 5000) { await c.clock.advance(Math.min(left, 5000)); await c.settle(40); } };
const size = async (): Promise<number | undefined> => (await c.get<Deployment>(deploymentKind, 'web'))?.spec?.replicas;
const pods = (): Promise<Pod[]> => c.list<Pod>(podKind, 'default');
const budget = async (): Promise<PodDisruptionBudget['status']> => (await c.get<PodDisruptionBudget>(budgetKind, 'web'))?.status;

describe('HorizontalPodAutoscaler', () => {
  it('W19.6 raises and lowers replicas between min and max', async () => {
    c = await controlPlane();
    await c.client.create(deploymentKind, web(1));
    await c.client.create(hpaKind, {
      metadata: { name: 'web', namespace: 'default' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 1, maxReplicas: 5, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
    } as V2HorizontalPodAutoscaler);
    c.usage = () => 200;
    await pass(120_000);
    expect(await size()).toBe(5);
    expect((await pods()).length).toBe(5);
    const h = await c.get<V2HorizontalPodAutoscaler>(hpaKind, 'web');
    expect(h?.status).toMatchObject({ currentReplicas: 5, desiredReplicas: 5, currentMetrics: [{ resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '200m' } } }] });
    expect(h?.status?.conditions?.map(x => [x.type, x.status, x.reason])).toEqual([['AbleToScale', 'True', 'ReadyForNewScale'], ['ScalingActive', 'True', 'ValidMetricFound'], ['ScalingLimited', 'True', 'TooManyReplicas']]);
    c.usage = () => 5;
    await pass(330_000);
    expect(await size()).toBe(1);
    expect(c.complaints).toEqual([]);
  });

  it('scales a custom resource through its scale subresource; without metrics its status says so', async () => {
    c = await controlPlane([]);
    const gizmo: ResourceType = { group: 'example.com', version: 'v1', kind: 'Gizmo', plural: 'gizmos', namespaced: true };
    await c.client.create<CustomResourceDefinition>(crdKind, {
      metadata: { name: 'gizmos.example.com' },
      spec: {
        group: 'example.com', scope: 'Namespaced', names: { plural: 'gizmos', kind: 'Gizmo' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as never }, subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', labelSelectorPath: '.status.selector' } } }],
      },
    });
    await c.settle();
    await c.client.create(gizmo, { apiVersion: 'example.com/v1', kind: 'Gizmo', metadata: { name: 'g', namespace: 'default' }, spec: { size: 1 } } as Unstructured);
    await c.client.patch(gizmo, 'default', 'g', 'application/merge-patch+json', { status: { size: 1, selector: 'app=g' } }, 'status');
    await c.client.create(hpaKind, { metadata: { name: 'g', namespace: 'default' }, spec: { scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Gizmo', name: 'g' }, minReplicas: 3, maxReplicas: 5 } } as V2HorizontalPodAutoscaler);
    await pass(35_000);
    expect((await c.get<Unstructured>(gizmo, 'g'))?.['spec']).toEqual({ size: 3 });
    expect((await c.get<V2HorizontalPodAutoscaler>(hpaKind, 'g'))?.status).toMatchObject({ currentMetrics: [{ type: '' }], conditions: [{ type: 'AbleToScale', status: 'True' }, { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' }] });
  });
});

describe('PodDisruptionBudget', () => {
  it('evictions wait for replacements, so that a drain leaves as many healthy as were asked for', async () => {
    c = await controlPlane(['n1', 'n2']);
    await c.client.create(deploymentKind, web(3));
    await c.client.create(budgetKind, { metadata: { name: 'web', namespace: 'default' }, spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } } });
    await c.settle(400);
    expect(await budget()).toMatchObject({ expectedPods: 3, desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1, observedGeneration: 1, conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }] });
    await c.client.patch<Node>(nodeKind, undefined, 'n1', 'application/merge-patch+json', { spec: { unschedulable: true } });
    const evict = (p: Pod): Promise<string> => c.client.create(podKind, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: p.metadata!.name!, namespace: 'default' } }, { name: 'eviction', of: p.metadata!.name! }).then(() => 'evicted', (e: unknown) => String(statusOf(e).code));
    const [first, second] = await pods();
    expect((await c.during(Promise.all([evict(first!), evict(second!)]))).sort()).toEqual(['429', 'evicted']);
    await c.settle(600);
    expect(await budget()).toMatchObject({ currentHealthy: 3, disruptionsAllowed: 1 });
    const [next] = await pods();
    expect(await c.during(evict(next!))).toBe('evicted');
    expect(c.complaints).toEqual([]);
  });
});
