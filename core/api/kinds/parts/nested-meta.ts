import type { ObjectMeta } from '../../types/kubernetes.ts';

/** Metadata of a template or claim inside a spec: a creationTimestamp there (null from Go clients) means nothing and must not make a rollout (contract trap 13). */
export function tidyNestedMeta(metadata: ObjectMeta | undefined): void {
  if (!metadata) return;
  for (const k of Object.keys(metadata) as (keyof ObjectMeta)[]) if (metadata[k] === null || k === 'creationTimestamp') delete metadata[k];
}
