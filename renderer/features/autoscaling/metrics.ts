// What an autoscaler measures against what it wants, of any kind of metric.
import { nanosOf } from '../../../core/api/meta/quantity.ts';
import type { V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';

interface Amount { type?: string; averageUtilization?: number; averageValue?: string; value?: string }
interface Source { name?: string; container?: string; metric?: { name?: string }; describedObject?: { kind?: string; name?: string }; target?: Amount; current?: Amount }
type Entry = Readonly<Record<string, unknown>> & { type: string };
const FIELD: Readonly<Record<string, string>> = { Resource: 'resource', ContainerResource: 'containerResource', Pods: 'pods', Object: 'object', External: 'external' };

export interface Metric {
  /** `cpu`, `cpu of main`, `requests of Ingress/front`: names only. */
  name: string;
  of: string | undefined;
  /** As Kubernetes writes them: `63%`, `120m`. */
  current: string | undefined;
  target: string;
  /** Measured by wanted; undefined while nothing is measured. */
  ratio: number | undefined;
  /** Pods this metric alone would ask for, before limits and tolerance. */
  wants: number | undefined;
}

const sourceOf = (m: Entry): Source | undefined => (FIELD[m.type] ? (m[FIELD[m.type]!] as Source | undefined) : undefined);
const identity = (m: Entry): string => { const s = sourceOf(m); return [m.type, s?.name ?? s?.metric?.name, s?.container, s?.describedObject?.kind, s?.describedObject?.name].join('/'); };
const part = (have: string | undefined, want: string | undefined): number | undefined => {
  const whole = nanosOf(want);
  return have === undefined || whole === 0n ? undefined : Number(nanosOf(have) * 10_000n / whole) / 10_000;
};

/** In the order of the spec; a status of another metric is nobody's. */
export function metricsOf(h: V2HorizontalPodAutoscaler): Metric[] {
  const now = new Map(((h.status?.currentMetrics ?? []) as unknown as Entry[]).filter(m => m?.type).map(m => [identity(m), sourceOf(m)?.current]));
  const replicas = h.status?.currentReplicas ?? 0;
  return ((h.spec?.metrics ?? []) as unknown as Entry[]).map(m => {
    const s = sourceOf(m), have = now.get(identity(m)), want = s?.target ?? {};
    const named = { name: s?.name ?? s?.metric?.name ?? m.type, of: s?.container ?? (s?.describedObject ? `${s.describedObject.kind}/${s.describedObject.name}` : undefined) };
    if (want.averageUtilization !== undefined) {
      const ratio = have?.averageUtilization === undefined ? undefined : have.averageUtilization / want.averageUtilization;
      return { ...named, current: have?.averageUtilization === undefined ? undefined : `${have.averageUtilization}%`, target: `${want.averageUtilization}%`, ratio, wants: ratio === undefined ? undefined : Math.ceil(replicas * ratio) };
    }
    const average = want.averageValue !== undefined;
    const ratio = average ? part(have?.averageValue, want.averageValue) : part(have?.value, want.value);
    return { ...named, current: average ? have?.averageValue : have?.value, target: (average ? want.averageValue : want.value) ?? '–', ratio, wants: ratio === undefined ? undefined : Math.ceil(replicas * ratio) };
  });
}
