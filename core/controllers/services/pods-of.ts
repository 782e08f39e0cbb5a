// What endpoints and endpoint slices share: which pods stand behind a service, on which ports, and which events concern which service.
import { objectKey } from '../../api/meta/object.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { pod as podKind } from '../../api/kinds/core/pod.ts';
import { service as serviceKind } from '../../api/kinds/core/service.ts';
import type { Pod, Service, ServicePort } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import { selected, selecting } from '../../client/selection.ts';
import type { ControllerContext, Keys } from '../controller.ts';
import { isReady, isTerminal } from '../../api/meta/pod.ts';
import { mapSelector } from '../selection.ts';

export const HEADLESS = 'service.kubernetes.io/headless';
export const LAST_CHANGE = 'endpoints.kubernetes.io/last-change-trigger-time';

const selectors = new WeakMap<Service, ReturnType<typeof mapSelector>>();
const selectorOf = (s: Service): ReturnType<typeof mapSelector> => {
  let found = selectors.get(s);
  if (!found) selectors.set(s, found = mapSelector(s.spec?.selector));
  return found;
};

/** Services without a selector, and names for something outside, have no pods of their own. */
export const hasPods = (s: Service): boolean => s.spec?.type !== 'ExternalName' && Object.keys(s.spec?.selector ?? {}).length > 0;
export const isHeadless = (s: Service): boolean => s.spec?.clusterIP === 'None';

/** Pods behind a service that have an address and are not finished; those being deleted are among them. */
export const podsOf = (s: Service, pods: Informer<Pod>): Pod[] =>
  selected(pods, s.metadata?.namespace ?? '', selectorOf(s)).filter(p => !isTerminal(p) && (p.status?.podIP ?? '') !== '');

/** The pod's port a service port leads to; undefined when it names one the pod has not. */
export function targetPort(port: ServicePort, pod: Pod): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(c => c.restartPolicy === 'Always')];
  return containers.flatMap(c => c.ports ?? []).find(p => p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP'))?.containerPort;
}

/** The name under which a headless service's DNS knows a pod. */
export const hostnameIn = (s: Service, pod: Pod): string | undefined =>
  (pod.spec?.hostname && pod.spec.subdomain === s.metadata?.name ? pod.spec.hostname : undefined);

/** Up to so many backends a change is passed on at once. */
const SMALL = 100;
const MAX_DELAY = 500;

export interface Backends {
  readonly services: Informer<Service>;
  readonly pods: Informer<Pod>;
  /** How many backends a service has. Of a large one every list is long to make and to send, so changes in quick succession share one. */
  sized(key: string, backends: number): void;
  /** Looks at a service again, soon or, if it is large, with what else comes. */
  wake(key: string): void;
}

/** Wakes the services whose backends may have changed. */
export function watchBackends(ctx: ControllerContext, keys: Keys): Backends {
  const services = ctx.informers.for<Service>(serviceKind);
  const pods = ctx.informers.for<Pod>(podKind);
  const behind = selecting(services, 'by-selected', s => (hasPods(s) ? selectorOf(s) : undefined));
  const delays = new Map<string, number>();
  const wakeSoon = (key: string): void => keys.addAfter(key, delays.get(key) ?? 0);
  const wakeMatching = (...versions: Pod[]): void => {
    for (const p of versions) for (const s of behind.matching(p.metadata?.namespace, p.metadata?.labels)) wakeSoon(objectKey(s));
  };
  const wake = (s: Service): void => keys.add(objectKey(s));
  services.on({ add: wake, update: wake, delete: s => { delays.delete(objectKey(s)); wake(s); } });
  pods.on({
    add: p => wakeMatching(p), delete: p => wakeMatching(p),
    update: (p, prev) => { if (differs(p, prev)) { if (semanticEqual(p.metadata?.labels, prev.metadata?.labels)) wakeMatching(p); else wakeMatching(p, prev); } },
  });
  return { services, pods, wake: wakeSoon, sized: (key, n) => { if (n > SMALL) delays.set(key, Math.min(MAX_DELAY, n / 2)); else delays.delete(key); } };
}

/** Status updates are many; only these say something about addresses. */
function differs(a: Pod, b: Pod): boolean {
  return isReady(a) !== isReady(b) || isTerminal(a) !== isTerminal(b) || a.metadata?.deletionTimestamp !== b.metadata?.deletionTimestamp
    || a.status?.podIP !== b.status?.podIP || a.spec?.nodeName !== b.spec?.nodeName || a.metadata?.uid !== b.metadata?.uid
    || !semanticEqual(a.metadata?.labels, b.metadata?.labels) || !semanticEqual(a.status?.podIPs, b.status?.podIPs);
}
