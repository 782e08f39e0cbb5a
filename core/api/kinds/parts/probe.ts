// Probes and lifecycle handlers.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { httpHeaderName, NOT_NEGATIVE, portName, portNumber } from '../../meta/names.ts';
import type { ExecAction, GRPCAction, HTTPGetAction, Lifecycle, Probe, SleepAction, TCPSocketAction } from '../../types/kubernetes.ts';

interface Handler { exec?: ExecAction; httpGet?: HTTPGetAction; tcpSocket?: TCPSocketAction; grpc?: GRPCAction; sleep?: SleepAction }

function defaultHttpGet(h: HTTPGetAction | undefined): void {
  if (!h) return;
  if (!h.path) h.path = '/';
  if (!h.scheme) h.scheme = 'HTTP';
}

/** Kubernetes' periods, thresholds and HTTP fields, in place. */
export function defaultProbe(p: Probe | undefined): void {
  if (!p) return;
  if (!p.timeoutSeconds) p.timeoutSeconds = 1;
  if (!p.periodSeconds) p.periodSeconds = 10;
  if (!p.successThreshold) p.successThreshold = 1;
  if (!p.failureThreshold) p.failureThreshold = 3;
  if (p.grpc) p.grpc.service ??= '';
  defaultHttpGet(p.httpGet);
}

/** Defaults of both hooks, in place. */
export function defaultLifecycle(l: Lifecycle | undefined): void {
  defaultHttpGet(l?.postStart?.httpGet);
  defaultHttpGet(l?.preStop?.httpGet);
}

/** A port by number or by name. */
export function validatePort(port: number | string | undefined, path: string): FieldError[] {
  const messages = typeof port === 'string' ? portName(port) : portNumber(port ?? 0);
  return messages.map(m => invalid(path, port ?? 0, m));
}

function validateHandler(h: Handler, path: string, grace: number | undefined): FieldError[] {
  const errors: FieldError[] = [];
  let count = 0;
  const one = (name: string): boolean => {
    if (++count > 1) errors.push(forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
    return count === 1;
  };
  if (h.exec && one('exec') && !h.exec.command?.length) errors.push(required(`${path}.exec.command`));
  if (h.httpGet && one('httpGet')) {
    const at = `${path}.httpGet`;
    if (!h.httpGet.path) errors.push(required(`${at}.path`));
    errors.push(...validatePort(h.httpGet.port, `${at}.port`));
    if (h.httpGet.scheme !== 'HTTP' && h.httpGet.scheme !== 'HTTPS') errors.push(notSupported(`${at}.scheme`, h.httpGet.scheme ?? '', ['HTTP', 'HTTPS']));
    for (const header of h.httpGet.httpHeaders ?? []) for (const m of httpHeaderName(header.name)) errors.push(invalid(`${at}.httpHeaders`, header.name, m));
  }
  if (h.tcpSocket && one('tcpSocket')) errors.push(...validatePort(h.tcpSocket.port, `${path}.tcpSocket.port`));
  if (h.grpc && one('grpc')) errors.push(...portNumber(h.grpc.port).map(m => invalid(`${path}.grpc.port`, h.grpc!.port, m)));
  if (h.sleep && one('sleep')) {
    const { seconds } = h.sleep;
    if (grace !== undefined && (seconds < 0 || seconds > grace)) errors.push(invalid(`${path}.sleep`, seconds, `must be non-negative and less than terminationGracePeriodSeconds (${grace})`));
  }
  if (count === 0) errors.push(required(path, 'must specify a handler type'));
  return errors;
}

/** Field errors of the hooks; a sleep may not exceed the pod's `grace` (s). */
export function validateLifecycle(l: Lifecycle | undefined, path: string, grace: number | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (l?.postStart) errors.push(...validateHandler(l.postStart, `${path}.postStart`, grace));
  if (l?.preStop) errors.push(...validateHandler(l.preStop, `${path}.preStop`, grace));
  return errors;
}

/** A probe; `role` decides what may be set. */
export function validateProbe(p: Probe | undefined, role: 'livenessProbe' | 'readinessProbe' | 'startupProbe', container: string): FieldError[] {
  if (!p) return [];
  const path = `${container}.${role}`;
  const errors = validateHandler(p as Handler, path, undefined);
  for (const f of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const) {
    if ((p[f] ?? 0) < 0) errors.push(invalid(`${path}.${f}`, p[f], NOT_NEGATIVE));
  }
  const grace = p.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  if (grace !== undefined && role === 'readinessProbe') errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
  if (role !== 'readinessProbe' && p.successThreshold !== 1) errors.push(invalid(`${path}.successThreshold`, p.successThreshold ?? 0, 'must be 1'));
  return errors;
}
