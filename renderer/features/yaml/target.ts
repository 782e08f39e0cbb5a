// What an editor tab edits: an object of the cluster, or a manifest that is yet to be applied. Plain data, kept over restarts.
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject, ResourceType } from '../../../core/api/meta/object.ts';

export interface EditTarget { cluster: string; resource?: ResourceType; namespace?: string; name?: string; text?: string; file?: string }

export function editTarget(cluster: string, kind: KindSpec, o: KubeObject): EditTarget {
  const { group, version, plural, namespaced } = kind;
  return { cluster, resource: { group, version, kind: kind.kind, plural, namespaced }, name: o.metadata?.name ?? '', ...(o.metadata?.namespace ? { namespace: o.metadata.namespace } : {}) };
}

export function readTarget(props: unknown): EditTarget | undefined {
  const p = props as Partial<EditTarget> | null;
  if (typeof p !== 'object' || p === null || typeof p.cluster !== 'string') return undefined;
  if (p.resource !== undefined && (typeof p.resource.plural !== 'string' || typeof p.name !== 'string')) return undefined;
  return p as EditTarget;
}
