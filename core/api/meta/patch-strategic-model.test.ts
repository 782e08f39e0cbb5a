// Strategic merge patch against an independent model: the patch a client computes from two states (as kubectl does, with every
// directive it knows), applied to the first, is the second. And what others have added in between stays.
import { describe, expect, it } from 'vitest';
import { applyStrategicMergePatch } from './patch-strategic.ts';

type Tree = Record<string, unknown>;
const SCHEMA = 'io.k8s.api.apps.v1.Deployment';

/** The merge rules of the fields below, written down here once more by hand from the API's documentation: key of a merged list, '' for a merged list of plain values, retainKeys for maps. */
interface Rule { key?: string; retain?: boolean; of?: Rules }
type Rules = Readonly<Record<string, Rule>>;
const CONTAINER: Rules = { ports: { key: 'containerPort' }, env: { key: 'name' }, volumeMounts: { key: 'mountPath' } };
const POD: Rules = { containers: { key: 'name', of: CONTAINER }, initContainers: { key: 'name', of: CONTAINER }, volumes: { key: 'name', retain: true }, imagePullSecrets: { key: 'name' }, hostAliases: { key: 'ip' } };
const META: Rules = { finalizers: { key: '' }, ownerReferences: { key: 'uid' } };
const DEPLOYMENT: Rules = { metadata: { of: META }, spec: { of: { strategy: { retain: true }, template: { of: { metadata: { of: META }, spec: { of: POD } } } } } };

const isMap = (v: unknown): v is Tree => typeof v === 'object' && v !== null && !Array.isArray(v);
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The two-way patch from `a` to `b`. */
function diff(a: Tree, b: Tree, rules: Rules): Tree {
  const out: Tree = {};
  for (const k of Object.keys(a)) if (!(k in b)) out[k] = null;
  for (const [k, v] of Object.entries(b)) {
    const old = a[k], rule = rules[k] ?? {};
    if (same(old, v)) continue;
    if (isMap(old) && isMap(v)) out[k] = { ...diff(old, v, rule.of ?? {}), ...(rule.retain ? { $retainKeys: Object.keys(v) } : {}) };
    else if (Array.isArray(old) && Array.isArray(v) && rule.key === '') {
      const added = v.filter(x => !old.includes(x)), gone = old.filter(x => !v.includes(x));
      if (added.length > 0) out[k] = added;
      if (gone.length > 0) out[`$deleteFromPrimitiveList/${k}`] = gone;
      out[`$setElementOrder/${k}`] = v;
    } else if (Array.isArray(old) && Array.isArray(v) && rule.key !== undefined) {
      const key = rule.key, items: Tree[] = [];
      for (const x of v as Tree[]) {
        const was = (old as Tree[]).find(o => o[key] === x[key]);
        if (!was) items.push(x);
        else if (!same(was, x)) items.push({ ...diff(was, x, rule.of ?? {}), [key]: x[key], ...(rule.retain ? { $retainKeys: Object.keys(x) } : {}) });
      }
      for (const o of old as Tree[]) if (!(v as Tree[]).some(x => x[key] === o[key])) items.push({ $patch: 'delete', [key]: o[key] });
      if (items.length > 0) out[k] = items;
      out[`$setElementOrder/${k}`] = (v as Tree[]).map(x => ({ [key]: x[key] }));
    } else out[k] = v;
  }
  return out;
}

/** Small numbers from a seed (mulberry32): every failure names the seed it comes from. */
function dice(seed: number): { below(n: number): number; some<T>(pool: readonly T[]): T[] } {
  let s = seed >>> 0;
  const below = (n: number): number => {
    s = (s + 0x6d2b79f5) >>> 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
  return {
    below,
    some<T>(pool: readonly T[]): T[] {
      const rest = [...pool], out: T[] = [];
      for (let n = below(pool.length + 1); n > 0; n--) out.push(...rest.splice(below(rest.length), 1));
      return out;
    },
  };
}

function deployment(seed: number): Tree {
  const d = dice(seed);
  /** Empty lists and maps are left out, as Go's omitempty does. */
  const tidy = (o: Tree): Tree => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined && !(Array.isArray(v) && v.length === 0) && !(isMap(v) && Object.keys(v).length === 0)));
  const labels = (): Tree => Object.fromEntries(d.some(['a', 'b', 'c']).map(k => [k, String(d.below(2))]));
  const container = (name: string): Tree => tidy({
    name, image: `img:${d.below(3)}`, args: d.some(['-x', '-y', '-z']), tty: d.below(2) === 1 ? true : undefined,
    ports: d.some([80, 81, 82]).map(p => tidy({ containerPort: p, name: d.below(2) ? `p${d.below(2)}` : undefined })),
    env: d.some(['A', 'B', 'C', 'D']).map(n => ({ name: n, value: String(d.below(3)) })),
    volumeMounts: d.some(['/a', '/b']).map(mountPath => tidy({ mountPath, name: `v${d.below(2)}`, readOnly: d.below(2) ? true : undefined })),
    resources: tidy({ limits: tidy({ cpu: d.below(2) ? '1' : undefined, memory: d.below(2) ? '1Gi' : undefined }) }),
  });
  const meta = (): Tree => tidy({ labels: labels(), annotations: labels(), finalizers: d.some(['x/1', 'x/2', 'x/3']), ownerReferences: d.some(['u1', 'u2']).map(uid => ({ uid, name: `n${d.below(2)}` })) });
  const source = (): Tree => [{ emptyDir: { medium: 'Memory' } }, { configMap: { name: `c${d.below(2)}` } }, { hostPath: { path: '/x' } }][d.below(3)]!;
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x', ...meta() },
    spec: tidy({
      replicas: d.below(3), strategy: d.below(2) ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: tidy({ maxSurge: d.below(3), maxUnavailable: d.below(2) ? '25%' : undefined }) },
      template: tidy({ metadata: meta(), spec: tidy({
        containers: [...new Set(['a', ...d.some(['b', 'c', 'd'])])].map(container), initContainers: d.some(['i', 'j']).map(container), volumes: d.some(['v0', 'v1', 'v2']).map(name => ({ name, ...source() })),
        imagePullSecrets: d.some(['s', 't']).map(name => ({ name })), tolerations: d.some(['k1', 'k2']).map(key => ({ key, operator: 'Exists' })), hostAliases: d.some(['1.1.1.1', '2.2.2.2']).map(ip => ({ ip, hostnames: d.some(['h', 'i']) })),
        nodeSelector: labels(),
      }) }),
    }),
  };
}
/** JSON with sorted keys: the order of fields means nothing, that of items does. */
const canonical = (v: unknown): unknown => (Array.isArray(v) ? v.map(canonical) : isMap(v) ? Object.fromEntries(Object.keys(v).sort().map(k => [k, canonical(v[k])])) : v);

describe('strategic merge and its model', () => {
  it('the patch between any two states leads from one to the other, and changes nothing when they are equal', () => {
    for (let seed = 0; seed < 3000; seed++) {
      const a = deployment(seed * 2), b = deployment(seed * 2 + 1), before = JSON.stringify(a);
      expect(canonical(applyStrategicMergePatch(a, diff(a, b, DEPLOYMENT), SCHEMA)), `seed ${seed}`).toEqual(canonical(b));
      expect(canonical(applyStrategicMergePatch(b, diff(b, b, DEPLOYMENT), SCHEMA)), `seed ${seed}`).toEqual(canonical(b));
      expect(JSON.stringify(a), `seed ${seed}: the first state is left alone`).toBe(before);
    }
  });

  it('what somebody else has added to maps and merged lists in between stays', () => {
    for (let seed = 0; seed < 1000; seed++) {
      const a = deployment(seed * 2), b = deployment(seed * 2 + 1);
      const live = structuredClone(a) as { metadata: Tree & { labels?: Tree }; spec: { template: { spec: { containers: (Tree & { env?: Tree[] })[] } } } };
      live.metadata.labels = { ...live.metadata.labels, theirs: '1' };
      live.spec.template.spec.containers.push({ name: 'sidecar', image: 'theirs' });
      const made = applyStrategicMergePatch(live, diff(a, b, DEPLOYMENT), SCHEMA);
      // A map the patch takes away as a whole goes with what is in it.
      if ((b as typeof live).metadata.labels !== undefined || (a as typeof live).metadata.labels === undefined) expect(made.metadata.labels?.theirs, `seed ${seed}`).toBe('1');
      const mine = (b as typeof live).spec.template.spec.containers.map(c => c.name);
      expect(made.spec.template.spec.containers.map(c => c.name).filter(n => n !== 'sidecar'), `seed ${seed}`).toEqual(mine);
      expect(made.spec.template.spec.containers.find(c => c.name === 'sidecar'), `seed ${seed}`).toEqual({ name: 'sidecar', image: 'theirs' });
    }
  });
});
