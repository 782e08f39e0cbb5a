// Going back by annotation, as clients of the oldest API did (`deprecated.deployment.rollback.to`); kubectl sets the template itself.
import type { Deployment, ReplicaSet } from '../../api/types/kubernetes.ts';
import { byRevision, isOwnAnnotation, parseRevision, revisionOf, ROLLBACK_TO } from './annotations.ts';
import { allOf, deploymentKind, TEMPLATE_HASH, type Rollout } from './rollout.ts';
import { sameTemplate, syncedSets } from './sets.ts';

/** The revision asked for, 0 for the last but one; undefined where none is asked for. */
export const rollbackOf = (d: Deployment): bigint | undefined => parseRevision(d.metadata?.annotations?.[ROLLBACK_TO]);

/** Takes over the template of the revision asked for, or says why not; the wish is gone either way. */
export async function rollBack(r: Rollout): Promise<void> {
  const sets = allOf(await syncedSets(r, true)), wanted = rollbackOf(r.d) || lastButOne(sets);
  const target = wanted === 0n ? undefined : sets.find(rs => revisionOf(rs) === wanted);
  const { [ROLLBACK_TO]: _done, ...annotations } = r.d.metadata?.annotations ?? {};
  if (!target) {
    r.event('Warning', 'DeploymentRollbackRevisionNotFound', wanted === 0n ? 'Unable to find last revision.' : 'Unable to find the revision to rollback to.');
    await write(r, annotations, r.d.spec);
  } else if (sameTemplate(target.spec?.template, r.d.spec?.template)) {
    r.event('Warning', 'DeploymentRollbackTemplateUnchanged', `The rollback revision contains the same template as current deployment ${JSON.stringify(r.d.metadata?.name)}`);
    await write(r, annotations, r.d.spec);
  } else {
    const template = structuredClone(target.spec!.template!);
    delete template.metadata?.labels?.[TEMPLATE_HASH];
    // The annotations of then, its change-cause among them.
    const own = Object.entries(annotations).filter(([k]) => isOwnAnnotation(k)), theirs = Object.entries(target.metadata?.annotations ?? {}).filter(([k]) => !isOwnAnnotation(k));
    await write(r, Object.fromEntries([...own, ...theirs]), { ...r.d.spec!, template });
    r.event('Normal', 'DeploymentRollback', `Rolled back deployment ${JSON.stringify(r.d.metadata?.name)} to revision ${wanted}`);
  }
}

const lastButOne = (sets: readonly ReplicaSet[]): bigint => [...sets].sort(byRevision).map(revisionOf).at(-2) ?? 0n;

async function write(r: Rollout, annotations: Record<string, string>, spec: Deployment['spec']): Promise<void> {
  r.d = await r.ctx.client.update<Deployment>(deploymentKind, { ...r.d, metadata: { ...r.d.metadata, annotations }, ...(spec ? { spec } : {}) });
}
