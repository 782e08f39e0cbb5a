// What draining a node does to its pods, by the rules of `kubectl drain --ignore-daemonsets`, and the doing of it: each pod is asked to leave by an eviction, which a
// disruption budget may put off.
import type { Pod } from '../../../core/api/types/kubernetes.ts';

export interface DrainChoices {
  /** Pods that nobody will make again are taken away too. */
  force: boolean;
  /** So are pods with data in an emptyDir. */
  emptyDir: boolean;
}
/** Why a pod keeps a node from being drained until it is said that it may go. */
export type Reserve = 'alone' | 'emptyDir';
export interface DrainPlan {
  evict: Pod[];
  /** Daemon sets' pods and static ones: they would be back at once. */
  stay: Pod[];
  /** Pods that ask for a choice first, whether or not it has been made. */
  reserved: Readonly<Record<Reserve, readonly Pod[]>>;
  /** Whether a choice is still to be made. */
  held: boolean;
}

const hasEnded = (p: Pod): boolean => p.status?.phase === 'Succeeded' || p.status?.phase === 'Failed';
const byName = (a: Pod, b: Pod): number => (a.metadata?.namespace ?? '').localeCompare(b.metadata?.namespace ?? '') || (a.metadata?.name ?? '').localeCompare(b.metadata?.name ?? '');

/** `pods` are those of the node. */
export function drainPlan(pods: readonly Pod[], choices: DrainChoices): DrainPlan {
  const controller = (p: Pod): string | undefined => p.metadata?.ownerReferences?.find(r => r.controller)?.kind;
  const stays = (p: Pod): boolean => p.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined || (controller(p) === 'DaemonSet' && !hasEnded(p));
  const sorted = [...pods].sort(byName), leave = sorted.filter(p => !stays(p));
  const alone = leave.filter(p => !hasEnded(p) && controller(p) === undefined);
  const emptyDir = leave.filter(p => !hasEnded(p) && p.spec?.volumes?.some(v => v.emptyDir));
  return { evict: leave, stay: sorted.filter(stays), reserved: { alone, emptyDir }, held: (alone.length > 0 && !choices.force) || (emptyDir.length > 0 && !choices.emptyDir) };
}

/** Words after `kubectl`. */
export const drainWords = (nodes: readonly string[], choices: DrainChoices): string[] =>
  ['drain', ...nodes, '--ignore-daemonsets', ...(choices.emptyDir ? ['--delete-emptydir-data'] : []), ...(choices.force ? ['--force'] : [])];

/** How far a pod is: not asked yet; put off, in the server's words; asked and on its way; gone. */
export type Leaving = { state: 'waits' } | { state: 'putOff'; why: string } | { state: 'leaves' } | { state: 'failed'; why: string };

export interface Evictor {
  /** Asks for an eviction; rejects as the server answers. */
  evict(pod: Pod): Promise<void>;
  /** HTTP code and words of a rejection. */
  read(error: unknown): { code: number; message: string };
  /** Resolves after so many milliseconds, or when it is called off. */
  wait(ms: number): Promise<void>;
  told(pod: Pod, now: Leaving): void;
  /** True when the user has called it off. */
  stopped(): boolean;
}

/** As kubectl has it. */
export const AGAIN_MS = 5000;

/** Asks every pod to leave, those that are put off again and again. Resolves when each was told to go, is gone, has failed, or it is called off. */
export async function evictAll(pods: readonly Pod[], e: Evictor): Promise<void> {
  await Promise.all(pods.map(async pod => {
    while (!e.stopped()) {
      try {
        await e.evict(pod);
        e.told(pod, { state: 'leaves' });
        return;
      } catch (error) {
        const { code, message } = e.read(error);
        if (code === 404) { e.told(pod, { state: 'leaves' }); return; }
        if (code !== 429) { e.told(pod, { state: 'failed', why: message }); return; }
        e.told(pod, { state: 'putOff', why: message });
      }
      await e.wait(AGAIN_MS);
    }
  }));
}
