// Taints and what tolerates them.
import type { Taint, Toleration } from '../types/kubernetes.ts';

/** A toleration covers a taint: same effect (or any), same key (or any, with Exists), same value (or Exists). */
export function tolerates(t: Toleration, taint: Taint): boolean {
  if (t.effect && t.effect !== taint.effect) return false;
  if (t.key && t.key !== taint.key) return false;
  switch (t.operator || 'Equal') {
    case 'Exists': return true;
    case 'Equal': return !!t.key && (t.value ?? '') === (taint.value ?? '');
    default: return false;
  }
}
export const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean => tolerations.some(t => tolerates(t, taint));
