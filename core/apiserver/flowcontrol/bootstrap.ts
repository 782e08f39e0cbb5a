// The server keeps its default flow schemas and priority levels, and says of every schema whether its level exists.
import { DEFAULT_FLOW_SCHEMAS, DEFAULT_PRIORITY_LEVELS } from '../../api/kinds/flowcontrol/defaults.ts';
import { flowSchema } from '../../api/kinds/flowcontrol/flow-schema.ts';
import { priorityLevelConfiguration } from '../../api/kinds/flowcontrol/priority-level-configuration.ts';
import type { KubeObject, ResourceType } from '../../api/meta/object.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../api/meta/status.ts';
import type { FlowSchema, FlowSchemaCondition } from '../../api/types/kubernetes.ts';
import type { Client } from '../../client/client.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';

/** Marks objects whose spec the server keeps at its own default. */
const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec';

/** Creates what is missing of the defaults; what somebody changed stays as it is. */
export async function ensureFlowControl(client: Client): Promise<void> {
  const ensure = async (kind: ResourceType, name: string, spec: object): Promise<void> => {
    const object = { apiVersion: 'flowcontrol.apiserver.k8s.io/v1', kind: kind.kind, metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } }, spec: structuredClone(spec) } as KubeObject;
    try { await client.create(kind, object); } catch (e) { if (!isAlreadyExists(e)) throw e; }
  };
  await Promise.all([
    ...Object.entries(DEFAULT_PRIORITY_LEVELS).map(([name, spec]) => ensure(priorityLevelConfiguration, name, spec)),
    ...Object.entries(DEFAULT_FLOW_SCHEMAS).map(([name, spec]) => ensure(flowSchema, name, spec)),
  ]);
}

/** The condition a flow schema should carry. */
function dangling(level: string, exists: boolean, now: number): FlowSchemaCondition {
  return {
    type: 'Dangling', status: exists ? 'False' : 'True', reason: exists ? 'Found' : 'NotFound', lastTransitionTime: timestamp(now),
    message: `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)} and ${exists ? 'it exists' : 'there is no such object'}`,
  };
}

/** Keeps the Dangling condition of all flow schemas; `close` ends it. */
export function keepDangling(env: RegistryEnv, client: Client): { close(): void } {
  const schemas = env.find(flowSchema.group, flowSchema.plural), levels = env.find(priorityLevelConfiguration.group, priorityLevelConfiguration.plural);
  if (!schemas || !levels) return { close: () => undefined };
  let running = false, again = false, closed = false;
  const pass = async (): Promise<void> => {
    for (const e of env.store.range({ prefix: schemas.prefix }).entries) {
      const f = schemas.objectOf(e) as FlowSchema, level = f.spec?.priorityLevelConfiguration.name ?? '';
      const is = f.status?.conditions?.find(c => c.type === 'Dangling'), should = dangling(level, env.store.get(levels.key('', level)) !== undefined, env.clock.now());
      if (is && is.status === should.status && is.message === should.message) continue;
      const conditions = [...(f.status?.conditions ?? []).filter(c => c.type !== 'Dangling'), should];
      try { await client.updateStatus(flowSchema, { ...f, status: { conditions } }); } catch (error) { if (!isConflict(error) && !isNotFound(error)) throw error; }
    }
  };
  const soon = (): void => {
    again = true;
    if (running || closed) return;
    running = true;
    void (async () => {
      try { while (again && !closed) { again = false; await pass(); } } catch (error) { env.log.warn('flow schemas could not be marked', { error }); } finally { running = false; }
    })();
  };
  const watchers = [schemas, levels].map(r => env.store.watch(r.prefix, env.store.revision, soon));
  soon();
  return { close: () => { closed = true; for (const w of watchers) w.close(); } };
}
