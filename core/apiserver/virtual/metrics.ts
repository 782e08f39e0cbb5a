// metrics.k8s.io from what node agents measure, in the words of metrics-server.
import type { KubeObject, ObjectMeta } from '../../api/meta/object.ts';
import { canonicalQuantity, formatQuantity } from '../../api/meta/quantity.ts';
import type { Node, Pod } from '../../api/types/kubernetes.ts';
import { durationText } from '../codec/go-time.ts';
import type { Figures, Measured } from './node-stats.ts';

const NANO = 1_000_000_000n;
const usage = (f: Figures): object => ({
  cpu: canonicalQuantity(`${f.cpu?.usageNanoCores ?? 0}n`),
  memory: formatQuantity({ nanos: BigInt(Math.round(f.memory?.workingSetBytes ?? 0)) * NANO, format: 'BinarySI' }),
});
const metaOf = (m: ObjectMeta, time: string): ObjectMeta => ({
  name: m.name, ...(m.namespace ? { namespace: m.namespace } : {}), creationTimestamp: time, ...(m.labels ? { labels: m.labels } : {}),
});

/** NodeMetrics of those nodes that were measured. */
export function nodeMetricsOf(nodes: readonly Node[], measured: ReadonlyMap<string, Measured>): KubeObject[] {
  return nodes.flatMap(n => {
    const m = measured.get(n.metadata!.name!);
    if (!m) return [];
    return [{ metadata: metaOf(n.metadata!, m.time), timestamp: m.time, window: durationText(m.windowMs * 1_000_000), usage: usage(m.node) } as KubeObject];
  });
}

/** PodMetrics of those pods of which a container was measured. */
export function podMetricsOf(pods: readonly Pod[], measured: ReadonlyMap<string, Measured>): KubeObject[] {
  return pods.flatMap(p => {
    const m = measured.get(p.spec!.nodeName!), stats = m?.pods.get(p.metadata!.uid!);
    if (!m || !stats?.length) return [];
    return [{
      metadata: metaOf(p.metadata!, m.time), timestamp: m.time, window: durationText(m.windowMs * 1_000_000),
      containers: stats.map(c => ({ name: c.name, usage: usage(c) })),
    } as KubeObject];
  });
}
