// ControllerRevisions: what the templates of stateful and daemon sets were, as strategic patches that bring one back. Clients read
// them (`kubectl rollout history|undo`), so their shape, names and labels are those of Kubernetes.
import { controllerRevision as revisionKind } from '../api/kinds/apps/controller-revision.ts';
import { semanticEqual } from '../api/meta/equal.ts';
import type { KubeObject } from '../api/meta/object.ts';
import { isNotFound } from '../api/meta/status.ts';
import type { ControllerRevision, PodTemplateSpec } from '../api/types/kubernetes.ts';
import type { Client } from '../client/client.ts';

/** On pods: which revision they were made from. Stateful sets write the revision's name, daemon sets its hash. */
export const REVISION_HASH = 'controller-revision-hash';
/** Beyond it, a prefix leaves no room for a hash. */
const LONGEST_PREFIX = 223;

export const revisionName = (owner: KubeObject, hash: string): string => `${(owner.metadata?.name ?? '').slice(0, LONGEST_PREFIX)}-${hash}`;

/** Keys in order, at every depth: clients compare the text of a revision with one they make themselves. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined && v !== null).sort(([a], [b]) => (a < b ? -1 : 1)).map(([k, v]) => [k, sorted(v)]));
}

/** The patch that makes `template` the template of a set again. */
export const templatePatch = (template: PodTemplateSpec): object => sorted({ spec: { template: { ...template, $patch: 'replace' } } }) as object;

/** The template a revision brings back; undefined for data that is no such patch. */
export function templateIn(revision: ControllerRevision): PodTemplateSpec | undefined {
  const data = revision.data as { spec?: { template?: PodTemplateSpec & { $patch?: string } } } | undefined;
  if (!data?.spec?.template) return undefined;
  const { $patch: _directive, ...template } = data.spec.template;
  return template;
}

export const sameData = (revision: ControllerRevision, data: object): boolean => semanticEqual(revision.data, data);

/** Oldest first: by number, then age, then name. */
export function byRevision(a: ControllerRevision, b: ControllerRevision): number {
  return (a.revision ?? 0) - (b.revision ?? 0) || compare(a.metadata?.creationTimestamp, b.metadata?.creationTimestamp) || compare(a.metadata?.name, b.metadata?.name);
}
const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** Gives a revision another number, unless it has it. */
export async function renumber(client: Client, revision: ControllerRevision, number: number): Promise<ControllerRevision> {
  return revision.revision === number ? revision : client.update<ControllerRevision>(revisionKind, { ...revision, revision: number });
}

/** Deletes the oldest of `unused` (oldest first) until `limit` are left; a negative limit keeps all. */
export async function truncate(client: Client, unused: readonly ControllerRevision[], limit: number): Promise<void> {
  if (limit < 0) return;
  for (const r of unused.slice(0, Math.max(0, unused.length - limit))) {
    try {
      await client.delete(revisionKind, r.metadata?.namespace, r.metadata?.name ?? '');
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
