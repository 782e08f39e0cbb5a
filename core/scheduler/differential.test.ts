// The scheduler's kept counts against a naive one that walks all pods for every node: a thousand random clusters, changed event by event,
// must answer alike. The naive one knows no counts, no cache and no order; it is written from the documentation's sentences.
import { expect, it } from 'vitest';
import { node, pod, Scheduling } from '../../test/harness/scheduling.ts';
import { cachedSelectorFrom } from '../api/meta/labels.ts';
import { isTolerated } from '../api/meta/taint.ts';
import type { Node, Pod, PodAffinityTerm, TopologySpreadConstraint } from '../api/types/kubernetes.ts';
import { podInfo } from './pod-info.ts';

const CLUSTERS = 1000;

function seeded(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Naive { nodes: Map<string, Node>; pods: Map<string, Pod> }
const labelOf = (n: Node, key: string): string | undefined => n.metadata!.labels![key];
const cpu = (p: Pod): number => Number.parseInt(p.spec!.containers[0]!.resources?.requests?.['cpu'] ?? '0', 10);
const memory = (p: Pod): number => Number.parseInt(p.spec!.containers[0]!.resources?.requests?.['memory'] ?? '0', 10);
const on = (w: Naive, n: Node): Pod[] => [...w.pods.values()].filter(p => p.spec!.nodeName === n.metadata!.name);
const selects = (t: PodAffinityTerm, owner: Pod, p: Pod): boolean => (t.namespaces ?? [owner.metadata!.namespace!]).includes(p.metadata!.namespace!) && cachedSelectorFrom(t.labelSelector).matches(p.metadata!.labels);
const require_ = (p: Pod, which: 'podAffinity' | 'podAntiAffinity'): PodAffinityTerm[] => p.spec!.affinity?.[which]?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
const wish = (p: Pod, which: 'podAffinity' | 'podAntiAffinity') => p.spec!.affinity?.[which]?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
const isSelected = (p: Pod, n: Node): boolean => Object.entries(p.spec!.nodeSelector ?? {}).every(([k, v]) => labelOf(n, k) === v);
const matching = (w: Naive, c: TopologySpreadConstraint, p: Pod, n: Node): number =>
  on(w, n).filter(q => q.metadata!.namespace === p.metadata!.namespace && !q.metadata!.deletionTimestamp && cachedSelectorFrom(c.labelSelector).matches(q.metadata!.labels)).length;

function refusal(w: Naive, p: Pod, n: Node): string[] {
  if ((n.spec!.taints ?? []).some(t => t.effect === 'NoSchedule' && !isTolerated(t, p.spec!.tolerations ?? []))) return ['node(s) had untolerated taint(s)'];
  if (!isSelected(p, n)) return ["node(s) didn't match Pod's node affinity/selector"];
  const here = on(w, n), room: string[] = [];
  if (cpu(p) && here.reduce((s, q) => s + cpu(q), 0) + cpu(p) > 4000) room.push('Insufficient cpu');
  if (memory(p) && here.reduce((s, q) => s + memory(q), 0) + memory(p) > 8192) room.push('Insufficient memory');
  if (room.length) return room;
  const hard = (p.spec!.topologySpreadConstraints ?? []).filter(c => c.whenUnsatisfiable === 'DoNotSchedule');
  for (const c of hard) {
    const value = labelOf(n, c.topologyKey);
    if (value === undefined) return ["node(s) didn't match pod topology spread constraints (missing required label)"];
    const places = [...w.nodes.values()].filter(m => isSelected(p, m) && hard.every(d => labelOf(m, d.topologyKey) !== undefined));
    const sums = new Map<string, number>();
    for (const m of places) sums.set(labelOf(m, c.topologyKey)!, (sums.get(labelOf(m, c.topologyKey)!) ?? 0) + matching(w, c, p, m));
    const min = sums.size < (c.minDomains ?? 1) ? 0 : Math.min(...sums.values());
    const self = cachedSelectorFrom(c.labelSelector).matches(p.metadata!.labels) ? 1 : 0;
    if ((sums.get(value) ?? 0) + self - min > c.maxSkew) return ["node(s) didn't match pod topology spread constraints"];
  }
  const near = require_(p, 'podAffinity'), all = [...w.nodes.values()];
  const friends = (m: Node): Pod[] => on(w, m).filter(q => near.every(t => selects(t, p, q)));
  const isThere = (t: PodAffinityTerm): boolean => labelOf(n, t.topologyKey) !== undefined && all.some(m => labelOf(m, t.topologyKey) === labelOf(n, t.topologyKey) && friends(m).length > 0);
  if (!near.every(isThere)) {
    const nobody = near.every(t => all.every(m => labelOf(m, t.topologyKey) === undefined || friends(m).length === 0));
    if (!(nobody && near.every(t => selects(t, p, p) && labelOf(n, t.topologyKey) !== undefined))) return ["node(s) didn't match pod affinity rules"];
  }
  const beside = (t: PodAffinityTerm, m: Node): boolean => labelOf(n, t.topologyKey) !== undefined && labelOf(m, t.topologyKey) === labelOf(n, t.topologyKey);
  if (require_(p, 'podAntiAffinity').some(t => all.some(m => beside(t, m) && on(w, m).some(q => selects(t, p, q))))) return ["node(s) didn't match pod anti-affinity rules"];
  if (all.some(m => on(w, m).some(q => require_(q, 'podAntiAffinity').some(t => beside(t, m) && selects(t, q, p))))) return ["node(s) didn't satisfy existing pods anti-affinity rules"];
  return [];
}

/** Weighted and normalized as the default profile does; nodes in any order. */
function totals(w: Naive, p: Pod, fit: readonly Node[]): number[] {
  const sum = fit.map(() => 0), all = [...w.nodes.values()];
  const add = (weight: number, scores: number[]): void => scores.forEach((s, i) => { sum[i]! += weight * s; });
  const byMax = (raw: number[], reversed = false): number[] => raw.map(r => { const m = Math.max(0, ...raw), s = m === 0 ? 0 : Math.trunc((r * 100) / m); return reversed ? 100 - s : s; });
  add(3, byMax(fit.map(n => (n.spec!.taints ?? []).filter(t => t.effect === 'PreferNoSchedule' && !isTolerated(t, p.spec!.tolerations ?? [])).length), true));
  const some = (value: number, unstated: number): number => value || unstated, MI = 1024 * 1024;
  add(1, fit.map(n => {
    const c = on(w, n).concat(p).reduce((s, q) => s + some(cpu(q), 100), 0), m = on(w, n).concat(p).reduce((s, q) => s + some(memory(q), 200), 0) * MI;
    return Math.trunc((Math.trunc(Math.max(0, (4000 - c) * 100) / 4000) + Math.trunc(Math.max(0, (8192 * MI - m) * 100) / (8192 * MI))) / 2);
  }));
  const even = (pods: readonly Pod[]): number => Math.trunc((1 - Math.abs(pods.reduce((s, q) => s + cpu(q), 0) / 4000 - pods.reduce((s, q) => s + memory(q), 0) / 8192) / 2) * 100);
  if (cpu(p) || memory(p)) add(1, fit.map(n => 50 + Math.trunc((50 + even(on(w, n).concat(p)) - even(on(w, n))) / 2)));
  const soft = (p.spec!.topologySpreadConstraints ?? []).filter(c => c.whenUnsatisfiable === 'ScheduleAnyway');
  if (soft.length) {
    const lacks = (n: Node): boolean => soft.some(c => labelOf(n, c.topologyKey) === undefined), counted = fit.filter(n => !lacks(n));
    const raw = fit.map(n => lacks(n) ? -1 : Math.round(soft.reduce((s, c) => {
      const host = c.topologyKey === 'kubernetes.io/hostname', values = new Set(counted.map(m => labelOf(m, c.topologyKey)));
      const count = host ? matching(w, c, p, n) : all.filter(m => !lacks(m) && isSelected(p, m) && labelOf(m, c.topologyKey) === labelOf(n, c.topologyKey)).reduce((t, m) => t + matching(w, c, p, m), 0);
      return s + count * Math.log((host ? counted.length : values.size) + 2) + c.maxSkew - 1;
    }, 0)));
    const valid = raw.filter(r => r >= 0), max = Math.max(0, ...valid), min = Math.min(...valid);
    add(2, raw.map(r => (r < 0 ? 0 : max === 0 ? 100 : Math.trunc((100 * (max + min - r)) / max))));
  }
  const raw = fit.map(n => {
    let s = 0;
    for (const m of all) for (const q of on(w, m)) {
      const beside = (t: PodAffinityTerm): boolean => labelOf(n, t.topologyKey) !== undefined && labelOf(n, t.topologyKey) === labelOf(m, t.topologyKey);
      for (const [mine, theirs] of [[p, q], [q, p]] as const) {
        for (const t of wish(mine, 'podAffinity')) if (beside(t.podAffinityTerm) && selects(t.podAffinityTerm, mine, theirs)) s += t.weight;
        for (const t of wish(mine, 'podAntiAffinity')) if (beside(t.podAffinityTerm) && selects(t.podAffinityTerm, mine, theirs)) s -= t.weight;
      }
      for (const t of require_(q, 'podAffinity')) if (beside(t) && selects(t, q, p)) s += 1;
    }
    return s;
  });
  const max = Math.max(...raw), min = Math.min(...raw);
  add(2, raw.map(r => (max > min ? Math.trunc((100 * (r - min)) / (max - min)) : 0)));
  return sum;
}

it(`${CLUSTERS} random clusters: the same nodes, the same reasons, one of the same best`, () => {
  for (let seed = 1; seed <= CLUSTERS; seed++) {
    const random = seeded(seed), pick = <T>(...of: T[]): T => of[Math.floor(random() * of.length)]!, chance = (p: number): boolean => random() < p;
    const makeNode = (name: string): Node => node(name, {
      labels: { ...(chance(0.9) ? { zone: pick('z1', 'z2', 'z3') } : {}), disk: pick('ssd', 'hdd') },
      ...(chance(0.3) ? { taints: [{ key: 'k', value: 'v', effect: pick('NoSchedule', 'PreferNoSchedule') }] } : {}),
    });
    const term = (): PodAffinityTerm => ({ topologyKey: pick('zone', 'kubernetes.io/hostname'), labelSelector: { matchLabels: { app: pick('a', 'b', 'c') } }, ...(chance(0.2) ? { namespaces: ['default', 'other'] } : {}) });
    const makePod = (name: string, at?: string): Pod => pod(name, {
      ns: pick('default', 'default', 'other'), labels: { app: pick('a', 'b', 'c') }, ...(at ? { on: at } : {}), leaving: chance(0.1),
      ...(chance(0.7) ? { requests: { cpu: `${pick(100, 500, 1500)}m`, memory: `${pick(128, 1024, 3000)}Mi` } } : {}),
      ...(chance(0.2) ? { tolerations: [{ key: 'k', operator: 'Exists' }] } : {}), ...(chance(0.2) ? { nodeSelector: { disk: 'ssd' } } : {}),
      ...(chance(0.5) ? { affinity: {
        ...(chance(0.5) ? { podAffinity: { ...(chance(0.4) ? { requiredDuringSchedulingIgnoredDuringExecution: [term(), ...(chance(0.2) ? [term()] : [])] } : {}), preferredDuringSchedulingIgnoredDuringExecution: chance(0.5) ? [{ weight: pick(1, 10, 100), podAffinityTerm: term() }] : [] } } : {}),
        ...(chance(0.5) ? { podAntiAffinity: { ...(chance(0.3) ? { requiredDuringSchedulingIgnoredDuringExecution: [term()] } : {}), preferredDuringSchedulingIgnoredDuringExecution: chance(0.5) ? [{ weight: pick(1, 10, 100), podAffinityTerm: term() }] : [] } } : {}),
      } } : {}),
      ...(chance(0.4) ? { topologySpreadConstraints: Array.from({ length: pick(1, 2) }, (_, i) => ({
        maxSkew: pick(1, 2), topologyKey: i ? 'kubernetes.io/hostname' : 'zone', whenUnsatisfiable: pick('DoNotSchedule', 'ScheduleAnyway'), labelSelector: { matchLabels: { app: pick('a', 'b', 'c') } },
      })) } : {}),
    });
    const w: Naive = { nodes: new Map(), pods: new Map() };
    const s = new Scheduling({ nodes: [], namespaces: { other: {} }, random });
    const put = (n: Node): void => { w.nodes.set(n.metadata!.name!, n); s.snapshot.setNode(n); };
    const place = (p: Pod): void => { const key = podInfo(p).key; w.pods.set(key, p); s.snapshot.place(podInfo(p), p.spec!.nodeName!, chance(0.5)); };
    for (let i = 0; i < 3; i++) put(makeNode(`n${i}`));
    for (let step = 0; step < 9; step++) {
      const names = [...w.nodes.keys()];
      if (chance(0.15)) put(makeNode(`n${Math.floor(random() * 6)}`));
      if (chance(0.05) && names.length > 2) { const gone = pick(...names); w.nodes.delete(gone); s.snapshot.removeNode(gone); }
      if (chance(0.3)) place(makePod(`q${Math.floor(random() * 12)}`, pick(...names)));
      if (chance(0.2) && w.pods.size) { const key = pick(...w.pods.keys()); w.pods.delete(key); s.snapshot.unplace(key); }
      const p = makePod(`p${step}`), all = [...w.nodes.values()], no = all.map(n => refusal(w, p, n)), fit = all.filter((_, i) => no[i]!.length === 0);
      const got = s.decide(p), at = `seed ${seed}, step ${step}`;
      if (fit.length === 0) {
        const counts = new Map<string, number>();
        for (const r of no.flat()) counts.set(r, (counts.get(r) ?? 0) + 1);
        expect(got.message?.split(/ (?:no new claims to deallocate|not found$)/)[0], at).toBe(`0/${all.length} nodes are available: ${[...counts].map(([r, c]) => `${c} ${r}`).sort().join(', ')}.`);
        continue;
      }
      const sums = totals(w, p, fit), best = Math.max(...sums);
      expect(fit.filter((_, i) => sums[i] === best).map(n => n.metadata!.name), at).toContain(got.node);
      place({ ...p, spec: { ...p.spec!, nodeName: got.node } });
    }
  }
}, 60_000);

it('placing a pod looks at no placed pod: what is needed of them is counted already', () => {
  let looks = 0;
  const affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } } }] } };
  const web = (name: string, at?: string): Pod => pod(name, {
    ...(at ? { on: at } : {}), labels: { app: 'web' }, affinity, topologySpreadConstraints: [{ maxSkew: 5, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } }],
  });
  const watched = (p: Pod): Pod => ({ ...p, metadata: { ...p.metadata!, labels: new Proxy(p.metadata!.labels!, { get: (o, key) => { looks++; return Reflect.get(o, key) as unknown; } }) } });
  const s = new Scheduling({ nodes: ['a', 'b', 'c'].map(n => node(n, { labels: { zone: n } })), pods: Array.from({ length: 90 }, (_, i) => watched(web(`p${i}`, ['a', 'b', 'c'][i % 3]))) });
  expect(s.decide(web('first')).node).toBeDefined();
  expect(looks).toBeGreaterThan(90);
  looks = 0;
  expect(s.decide(web('second')).node).toBeDefined();
  expect(looks).toBe(0);
});
