// The strategic-merge patch that turns one pod status into another, touching only what differs.
import type { PodCondition, PodStatus } from '../../api/types/kubernetes.ts';
import { RESIZE_CONDITIONS } from '../resize.ts';

type Json = unknown;
/** Deep equality of JSON values; absent and undefined are the same. */
export function same(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const x = a as Record<string, Json>; const y = b as Record<string, Json>;
  for (const k of Object.keys(x)) if (!same(x[k], y[k])) return false;
  for (const k of Object.keys(y)) if (x[k] === undefined && y[k] !== undefined) return false;
  return true;
}

/** undefined when nothing differs. Conditions and addresses merge by key; all other lists are replaced. */
export function statusPatch(uid: string, from: PodStatus, to: PodStatus): { metadata: { uid: string }; status: Record<string, Json> } | undefined {
  const out: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)]) as Set<keyof PodStatus>) {
    const a = from[key]; const b = to[key];
    if (same(a, b)) continue;
    if (key === 'conditions') {
      const old = new Map(((a ?? []) as PodCondition[]).map(c => [c.type, c]));
      const changed = ((b ?? []) as PodCondition[]).filter(c => !same(old.get(c.type), c)).map(c => {
        const gone = Object.fromEntries((['reason', 'message'] as const).filter(k => old.get(c.type)?.[k] !== undefined && c[k] === undefined).map(k => [k, null]));
        return { ...c, ...gone };
      });
      // Conditions of a resize go when it is done; of all others only their writer may say so.
      const kept = new Set(((b ?? []) as PodCondition[]).map(c => c.type));
      const gone = [...old.keys()].filter(type => RESIZE_CONDITIONS.has(type) && !kept.has(type)).map(type => ({ $patch: 'delete', type }));
      if (changed.length || gone.length) out[key] = [...gone, ...changed];
    } else if (key === 'podIPs' || key === 'hostIPs') {
      const keep = new Set(((b ?? []) as { ip: string }[]).map(x => x.ip));
      out[key] = [...((a ?? []) as { ip: string }[]).filter(x => !keep.has(x.ip)).map(x => ({ ip: x.ip, $patch: 'delete' })), ...((b ?? []) as { ip: string }[])];
    } else out[key] = b ?? null;
  }
  return Object.keys(out).length ? { metadata: { uid }, status: out } : undefined;
}
