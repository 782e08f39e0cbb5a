// Which ports an object has to offer, and the kubectl command that forwards one.
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { Container, Service } from '../../../core/api/types/kubernetes.ts';
import type { ClusterInfo } from '../../../electron/contract/frames.ts';
import { kubectl, resourceArg } from '../../app/kubectl.ts';

export interface Offer { port: number; /** Its name, and the container it belongs to. */ about: string }

/** TCP ports in the order they are declared, each once. */
export function portsOf(kind: KindSpec, o: KubeObject): Offer[] {
  const out = new Map<number, Offer>();
  const add = (port: number | undefined, ...about: readonly (string | undefined)[]): void => {
    if (port !== undefined && !out.has(port)) out.set(port, { port, about: about.filter(a => a !== undefined && a !== '').join(' · ') });
  };
  if (kind.kind === 'Service') {
    for (const p of (o as Service).spec?.ports ?? []) if ((p.protocol ?? 'TCP') === 'TCP') add(p.port, p.name);
  } else {
    const spec = (o as { spec?: { containers?: Container[]; template?: { spec?: { containers?: Container[] } } } }).spec;
    for (const c of spec?.containers ?? spec?.template?.spec?.containers ?? []) for (const p of c.ports ?? []) if ((p.protocol ?? 'TCP') === 'TCP') add(p.containerPort, p.name, c.name);
  }
  return [...out.values()];
}

/** `localPort` undefined: any free one, which kubectl writes `:80`. */
export function forwardCommand(info: ClusterInfo | undefined, kind: KindSpec, namespace: string | undefined, name: string, port: number | string, localPort?: number): string {
  return kubectl(info, namespace, 'port-forward', resourceArg(kind, name), localPort === port ? `${port}` : `${localPort ?? ''}:${port}`);
}
