// What admission sees of a connection: the options of exec, attach, port-forward and proxies as objects (CONNECT).
import type { Unstructured } from '../../api/meta/object.ts';
import type { AdmissionChain, ObjectKind } from '../admission/chain.ts';
import type { UserInfo } from '../context.ts';
import { first, flag, type Query, type ResourceRequest } from '../http/request-info.ts';
import type { Resource } from '../registry/resource.ts';

const all = (query: Query, name: string): string[] => { const v = query[name]; return v === undefined ? [] : typeof v === 'string' ? [v] : [...v]; };
const KINDS: Readonly<Record<string, string>> = { 'pods/exec': 'PodExecOptions', 'pods/attach': 'PodAttachOptions', 'pods/portforward': 'PodPortForwardOptions', 'pods/proxy': 'PodProxyOptions', 'services/proxy': 'ServiceProxyOptions', 'nodes/proxy': 'NodeProxyOptions' };

function optionsOf(kind: string, r: ResourceRequest, query: Query): Unstructured {
  const object: Unstructured = { kind, apiVersion: 'v1' };
  if (kind.endsWith('ProxyOptions')) { if (r.rest !== '') object['path'] = r.rest; return object; }
  if (kind === 'PodPortForwardOptions') { const ports = all(query, 'ports').flatMap(p => p.split(',')).map(Number); if (ports.length > 0) object['ports'] = ports; return object; }
  for (const name of ['stdin', 'stdout', 'stderr', 'tty']) if (flag(query, name)) object[name] = true;
  if (first(query, 'container') !== '') object['container'] = first(query, 'container');
  if (kind === 'PodExecOptions') object['command'] = all(query, 'command');
  return object;
}

/** Runs admission for a connection; logs are reads and have none. Rejects with the ApiError of who refuses. */
export async function admitConnection(env: { readonly admission: AdmissionChain }, resource: Resource, r: ResourceRequest, query: Query, c: { user: UserInfo; warnings: string[]; audit?: Record<string, string> }): Promise<void> {
  const name = KINDS[`${r.plural}/${r.subresource}`];
  if (name === undefined) return;
  const kind: ObjectKind = { group: '', version: 'v1', kind: name };
  await env.admission.admit({
    operation: 'CONNECT', resource, kind, subresource: r.subresource, namespace: r.namespace, name: r.name, object: optionsOf(name, r, query), old: undefined, options: undefined,
    user: c.user, dryRun: false, warnings: c.warnings, audit: c.audit, ended: [],
  });
}
