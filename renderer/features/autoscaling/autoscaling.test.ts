import { describe, expect, it } from 'vitest';
import type { CoreEvent, V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';
import { History, historyOf, replicaLine, sampleOf, stepsOf } from './history.ts';
import { metricsOf } from './metrics.ts';
import { pathOf, spanOf, topOf, valueAt } from './plot.ts';

const hpa = (metrics: object[], currentMetrics: object[], currentReplicas = 4): V2HorizontalPodAutoscaler => ({ spec: { metrics, maxReplicas: 10 }, status: { currentMetrics, currentReplicas, desiredReplicas: 5 } }) as unknown as V2HorizontalPodAutoscaler;
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
const queue = { type: 'External', external: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } } };
const front = { type: 'Object', object: { metric: { name: 'hits' }, describedObject: { kind: 'Ingress', name: 'front' }, target: { type: 'Value', value: '2k' } } };

describe('metrics of an autoscaler', () => {
  it('are paired by what they measure, whatever their order, each with the pods it asks for', () => {
    const list = metricsOf(hpa([cpu, queue, front], [{ type: 'Object', object: { metric: { name: 'hits' }, describedObject: { kind: 'Ingress', name: 'front' }, current: { value: '1500' } } }, { type: '' }, { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 120, averageValue: '120m' } } }]));
    expect(list).toEqual([
      { name: 'cpu', of: undefined, current: '120%', target: '80%', ratio: 1.5, wants: 6 },
      { name: 'queue', of: undefined, current: undefined, target: '10', ratio: undefined, wants: undefined },
      { name: 'hits', of: 'Ingress/front', current: '1500', target: '2k', ratio: 0.75, wants: 3 },
    ]);
  });
  it('a container\'s is named with it; a target of nothing has no ratio', () => {
    const m = { type: 'ContainerResource', containerResource: { name: 'memory', container: 'main', target: { type: 'AverageValue', averageValue: '0' } } };
    expect(metricsOf(hpa([m], [{ type: 'ContainerResource', containerResource: { name: 'memory', container: 'main', current: { averageValue: '1Mi' } } }]))[0]).toMatchObject({ name: 'memory', of: 'main', current: '1Mi', ratio: undefined });
  });
});

describe('history', () => {
  it('keeps the first and last of what stays the same, and never more than its bound', () => {
    const h = new History();
    for (let at = 1; at <= 50; at++) h.add({ at, replicas: 2, desired: 2, ratios: [1] });
    expect(h.samples.map(s => s.at)).toEqual([1, 50]);
    h.add({ at: 50, replicas: 9, desired: 2, ratios: [1] });
    expect(h.samples).toHaveLength(2);
    for (let at = 51; at <= 3000; at++) h.add({ at, replicas: at % 7, desired: 2, ratios: [1] });
    expect(h.samples).toHaveLength(400);
    expect(h.samples.at(-1)!.at).toBe(3000);
  });
  it('forgets the autoscaler looked at longest ago', () => {
    const first = historyOf('a');
    for (let i = 0; i < 15; i++) historyOf(`x${i}`);
    expect(historyOf('a')).toBe(first);
    for (let i = 0; i < 16; i++) historyOf(`y${i}`);
    expect(historyOf('a')).not.toBe(first);
  });
  it('begins with what events tell', () => {
    const event = (message: string, lastTimestamp: string, more: object = {}): CoreEvent => ({ reason: 'SuccessfulRescale', message, lastTimestamp, ...more }) as unknown as CoreEvent;
    const steps = stepsOf([event('New size: 6; reason: cpu resource utilization (percentage of request) above target', '2026-01-01T10:05:00Z'), event('New size: 3; reason: All metrics below target', '2026-01-01T10:20:00Z', { firstTimestamp: '2026-01-01T10:00:00Z' }), event('odd', '2026-01-01T10:00:00Z'), event('New size: 1', '2026-01-01T10:00:00Z', { reason: 'Other' })]);
    expect(steps.map(s => s.size)).toEqual([3, 6, 3]);
    expect(steps[1]!.why).toContain('above target');
    const t = Date.parse('2026-01-01T10:10:00Z');
    expect(replicaLine(steps, [sampleOf(hpa([cpu], []), t)])).toEqual([{ at: steps[0]!.at, value: 3 }, { at: steps[1]!.at, value: 6 }, { at: t, value: 4 }]);
  });
});

describe('plot', () => {
  const span = { from: 1000, to: 2000 };
  it('draws lines and stairs to the end of the span, and breaks them at gaps', () => {
    expect(pathOf([{ at: 1000, value: 0 }, { at: 1500, value: 5 }], span, 10, false)).toBe('M0 100L50 50H100');
    expect(pathOf([{ at: 1000, value: 0 }, { at: 1500, value: 5 }], span, 10, true)).toBe('M0 100H50V50H100');
    expect(pathOf([{ at: 1000, value: 1 }, undefined, { at: 1500, value: 5 }], span, 10, true)).toBe('M0 90M50 50H100');
    expect(pathOf([], span, 10, true)).toBe('');
  });
  it('begins with the last value before the span and stays in the box', () => {
    expect(pathOf([{ at: 0, value: 9 }, { at: 500, value: 2 }, { at: 1500, value: 50 }], span, 10, true)).toBe('M0 80H50V0H100');
  });
  it('finds spans, tops and values', () => {
    expect(spanOf([{ at: 900, value: 1 }], 1000, 300, 5000)).toEqual({ from: 700, to: 1000 });
    expect(spanOf([{ at: 0, value: 1 }], 10_000, 300, 5000)).toEqual({ from: 5000, to: 10_000 });
    expect([0, 1, 1.1, 3, 7, 120].map(topOf)).toEqual([1, 1, 2, 5, 10, 200]);
    expect([valueAt([{ at: 1, value: 5 }, { at: 3, value: 7 }], 2), valueAt([{ at: 1, value: 5 }], 0)]).toEqual([5, undefined]);
  });
});
