// What deeds on objects have in common: the commands that do the same, one patch to each object, and the word after it.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { resourcePath } from '../../core/api/meta/object.ts';
import type { ClusterInfo } from '../../electron/contract/frames.ts';
import type { ActionContext, App } from './feature.ts';
import { kubectl, perNamespace, resourceArg } from './kubectl.ts';

export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';

export const infoOf = (c: { app: App; cluster: string }): ClusterInfo | undefined => c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
export const refs = (kind: KindSpec, names: readonly string[]): string[] => names.map(n => resourceArg(kind, n));
/** `web, api`. */
export const namesOf = (c: ActionContext): string => c.objects.map(o => o.metadata?.name).join(', ');

/** One kubectl command per namespace, joined by `&&`; `args` makes its words of the names. */
export const commandsOf = (c: ActionContext, args: (names: string[]) => string[]): string =>
  [...perNamespace(c.objects)].map(([ns, names]) => kubectl(infoOf(c), ns, ...args(names))).join(' && ');

/** `kubectl patch` that does what `patchAll` with the same body would. */
export const patchCommand = (c: ActionContext, body: unknown): string => commandsOf(c, names => ['patch', ...refs(c.kind, names), '-p', JSON.stringify(body)]);

/** Sends one patch to each object; the first failure is told and the rest still tried. */
export async function patchAll(c: ActionContext, body: unknown, contentType: string, subresource?: string): Promise<void> {
  const results = await Promise.allSettled(c.objects.map(o => c.app.connection.request({
    cluster: c.cluster, method: 'PATCH', path: resourcePath(c.kind, o.metadata?.namespace, o.metadata?.name, subresource), query: { fieldManager: 'pilothouse' }, body, contentType,
  })));
  const failed = results.find(r => r.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The notice after a deed: `done` with its command, or why it failed. */
export function tell(c: { app: App }, work: Promise<unknown>, done: string, command: string): void {
  work.then(() => { c.app.notify({ level: 'good', text: done, kubectl: command }); c.app.lastCommand.set(command); },
    (error: unknown) => c.app.notify({ level: 'bad', text: error instanceof Error ? error.message : String(error) }));
}
