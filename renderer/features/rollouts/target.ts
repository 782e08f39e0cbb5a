// Whose rollout a dock tab shows.
export interface RolloutTarget { cluster: string; namespace: string; name: string }

export function readTarget(props: unknown): RolloutTarget | undefined {
  const p = props as Partial<RolloutTarget> | null;
  return typeof p === 'object' && p !== null && typeof p.cluster === 'string' && typeof p.namespace === 'string' && typeof p.name === 'string' ? { cluster: p.cluster, namespace: p.namespace, name: p.name } : undefined;
}
