// pods/log, exec, attach and portforward as requests to the node's agent.
import { forbidden, invalid, notSupported, type FieldError } from '../../api/meta/field-error.ts';
import { badRequest, invalidError } from '../../api/meta/status.ts';
import type { Pod } from '../../api/types/kubernetes.ts';
import { first, flag, type Query } from '../http/request-info.ts';
import type { ConnectRequest } from '../http/server.ts';
import type { Cluster } from './connect-cluster.ts';
import type { Target } from './connect-forward.ts';

/** undefined: nothing to connect to yet, which for logs is an empty answer. */
export function kubeletTarget(cluster: Cluster, r: ConnectRequest): Target | undefined {
  if (r.subresource === 'log') {
    const errors = logErrors(r.query);
    if (errors.length > 0) throw invalidError({ group: '', kind: 'PodLogOptions' }, r.name, errors);
  }
  const pod = cluster.pod(r.namespace, r.name);
  const container = r.subresource === 'portforward' ? undefined : containerOf(pod, first(r.query, 'container'));
  const query = container === undefined ? new URLSearchParams(r.search) : r.subresource === 'log' ? logQuery(r.search) : commandQuery(r);
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) {
    if (r.subresource === 'log') return undefined;
    throw badRequest(`pod ${r.name} does not have a host assigned`);
  }
  const what = { log: 'containerLogs', exec: 'exec', attach: 'attach', portforward: 'portForward' }[r.subresource] ?? r.subresource;
  const path = ['', what, r.namespace, r.name, ...(container === undefined ? [] : [container])].map(encodeURIComponent).join('/');
  const text = query.toString();
  return { ...cluster.agent(nodeName), tls: true, kubelet: cluster.kubelet, path: text ? `${path}?${text}` : path };
}

const names = (list: readonly { name?: string }[] | undefined): string => (list ?? []).map(c => c.name ?? '').join(' ');

/** The container asked for, or the only one. Throws 400 with kubectl's texts. */
export function containerOf(pod: Pod, asked: string): string {
  const spec = pod.spec;
  const name = pod.metadata?.name ?? '';
  const own = spec?.containers ?? [];
  if (asked === '') {
    if (own.length === 1) return own[0]!.name ?? '';
    const init = names(spec?.initContainers);
    throw badRequest(own.length === 0 ? `a container name must be specified for pod ${name}`
      : `a container name must be specified for pod ${name}, choose one of: [${names(own)}]${init ? ` or one of the init containers: [${init}]` : ''}`);
  }
  if (![...own, ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])].some(c => c.name === asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}

function logErrors(q: Query): FieldError[] {
  const errors: FieldError[] = [];
  const whole = (name: string, least: number, words: string): void => {
    const v = first(q, name);
    if (v === '') return;
    if (!/^-?\d+$/.test(v)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(v)}: invalid syntax`);
    if (Number(v) < least) errors.push(invalid(name, Number(v), words));
  };
  whole('tailLines', 0, 'must be greater than or equal to 0');
  whole('limitBytes', 1, 'must be greater than 0');
  whole('sinceSeconds', 1, 'must be greater than 0');
  if (first(q, 'sinceSeconds') !== '' && first(q, 'sinceTime') !== '') errors.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'));
  if (first(q, 'sinceTime') !== '' && Number.isNaN(Date.parse(first(q, 'sinceTime')))) throw badRequest(`invalid sinceTime ${JSON.stringify(first(q, 'sinceTime'))}`);
  const stream = first(q, 'stream');
  if (stream !== '' && !['All', 'Stdout', 'Stderr'].includes(stream)) errors.push(notSupported('stream', stream, ['All', 'Stdout', 'Stderr']));
  if ((stream === 'Stdout' || stream === 'Stderr') && first(q, 'tailLines') !== '') errors.push(forbidden('', '`tailLines` and specific `stream` are mutually exclusive for now'));
  return errors;
}

function logQuery(search: string): URLSearchParams {
  const q = new URLSearchParams(search);
  q.delete('container');
  return q;
}

/** The kubelet's own parameter names. */
function commandQuery(r: ConnectRequest): URLSearchParams {
  const q = new URLSearchParams();
  const stdin = flag(r.query, 'stdin');
  const stdout = flag(r.query, 'stdout');
  const stderr = flag(r.query, 'stderr');
  if (!stdin && !stdout && !stderr) throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
  if (stdin) q.set('input', '1');
  if (stdout) q.set('output', '1');
  if (stderr) q.set('error', '1');
  if (flag(r.query, 'tty')) q.set('tty', '1');
  const command = new URLSearchParams(r.search).getAll('command');
  if (r.subresource === 'exec' && command.length === 0) throw badRequest('you must specify at least one command for the container');
  for (const c of command) q.append('command', c);
  return q;
}
