// Downward API: fields and resources of a pod as text, for environment variables and files.
import { amountOf } from '../../api/meta/pod.ts';
import type { Container, Pod } from '../../api/types/kubernetes.ts';

/** Facts that are not in the pod object yet when its containers start. */
export interface PodFacts { podIPs: readonly string[]; hostIPs: readonly string[]; nodeName: string; /** Node.status.allocatable, for limits that are not set */ allocatable: Readonly<Record<string, string>> }

const mapText = (m: Record<string, string> | undefined): string => Object.keys(m ?? {}).sort().map(k => `${k}=${JSON.stringify(m![k])}`).join('\n');

/** Value of a fieldPath. Throws an Error with Kubernetes' text for a path it does not know. */
export function fieldValue(pod: Pod, path: string, facts: PodFacts): string {
  const sub = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (sub) return pod.metadata?.[sub[1] as 'labels' | 'annotations']?.[sub[2]!] ?? '';
  switch (path) {
    case 'metadata.name': return pod.metadata?.name ?? '';
    case 'metadata.namespace': return pod.metadata?.namespace ?? '';
    case 'metadata.uid': return pod.metadata?.uid ?? '';
    case 'metadata.labels': return mapText(pod.metadata?.labels);
    case 'metadata.annotations': return mapText(pod.metadata?.annotations);
    case 'spec.nodeName': return facts.nodeName;
    case 'spec.serviceAccountName': return pod.spec?.serviceAccountName ?? 'default';
    case 'status.hostIP': return facts.hostIPs[0] ?? '';
    case 'status.hostIPs': return facts.hostIPs.join(',');
    case 'status.podIP': return facts.podIPs[0] ?? '';
    case 'status.podIPs': return facts.podIPs.join(',');
    default: throw new Error(`unsupported fieldPath: ${path}`);
  }
}

/** Value of `limits.cpu`, `requests.memory`… in units of `divisor`, rounded up; a limit the container lacks is its pod's, or else what the node can give. */
export function resourceValue(pod: Pod, c: Container, resource: string, divisor: string | undefined, facts: PodFacts): string {
  const m = /^(limits|requests)\.(.+)$/.exec(resource);
  if (!m) throw new Error(`unsupported container resource : ${resource}`);
  const name = m[2]!;
  const own = c.resources?.[m[1] as 'limits' | 'requests']?.[name];
  const q = own ?? (m[1] === 'limits' ? pod.spec?.resources?.limits?.[name] ?? facts.allocatable[name] : undefined) ?? '0';
  const by = divisor === undefined || divisor === '0' || divisor === '' ? '1' : divisor;
  return String(Math.ceil(amountOf(name, q) / amountOf(name, by)));
}
