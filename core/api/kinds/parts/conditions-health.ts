// How an object of a kind nobody here knows is doing, by the words most controllers use: conditions (Kubernetes API conventions,
// "typical status properties"), else a phase or state.
import type { KubeObject } from '../../meta/object.ts';
import type { Health } from '../kind.ts';

interface Condition { type?: string; status?: string; reason?: string; message?: string }
/** The first of these that an object has is the one that sums it up. */
const SUMMARY = ['Ready', 'Available', 'Succeeded', 'Healthy', 'Established', 'Synced'];
const UNDERWAY = ['Progressing', 'Reconciling', 'Processing'];
const TROUBLE = ['Failed', 'Degraded', 'Stalled'];
const GOOD = /^(running|ready|active|succeeded|bound|available|complete|completed|healthy|established|ok|online)$/i;
const BUSY = /^(pending|creating|provisioning|progressing|updating|initializing|waiting|starting|terminating|deleting|reconciling)$/i;
const BAD = /^(failed|error|errored|degraded|unhealthy|lost|crashed|invalid)$/i;

const told = (c: Condition): string | undefined => c.message || c.reason || undefined;

/** `none` for an object that says nothing of itself. */
export function conditionsHealth(object: KubeObject): Health {
  if (object.metadata?.deletionTimestamp !== undefined) return { level: 'busy', word: 'Terminating' };
  const { status } = object as { status?: { conditions?: unknown; phase?: unknown; state?: unknown } };
  const conditions = Array.isArray(status?.conditions) ? status.conditions as Condition[] : [];
  const isTrue = (type: string): Condition | undefined => conditions.find(c => c.type === type && c.status === 'True');
  const trouble = TROUBLE.map(isTrue).find(c => c !== undefined);
  if (trouble) return { level: 'bad', word: trouble.type!, reason: told(trouble) };
  const sum = SUMMARY.map(type => conditions.find(c => c.type === type)).find(c => c !== undefined);
  if (sum?.status === 'True') return { level: 'good', word: sum.type! };
  if (sum) {
    const underway = UNDERWAY.map(isTrue).find(c => c !== undefined);
    return underway || sum.status === 'Unknown' ? { level: 'busy', word: underway?.reason ?? underway?.type ?? `Not ${sum.type!.toLowerCase()} yet`, reason: told(sum) } : { level: 'bad', word: sum.reason || `Not ${sum.type!.toLowerCase()}`, reason: told(sum) };
  }
  const phase = [status?.phase, status?.state].find(p => typeof p === 'string' && p !== '') as string | undefined;
  if (phase === undefined) return { level: 'none', word: '' };
  return { level: BAD.test(phase) ? 'bad' : BUSY.test(phase) ? 'busy' : GOOD.test(phase) ? 'good' : 'none', word: phase };
}
