// The frames between a window and its host, over one connection (WebSocket in a browser, MessagePort in Electron).
// Every frame is a JSON object with a tag `t`. `id` names a conversation; the window chooses ids and never reuses one on a
// connection. Anything the host does for an id ends with `cancel` from the window, or `response`, `failure` or `end` from the host.
import { anything, flag, list, literal, number, object, oneOf, optional, record, tagged, text, whole, type Shape, type Shaped } from './shape.ts';

/** Raised when a frame changes in a way an older peer cannot read. */
export const PROTOCOL = 1;
/** Characters of log or terminal output the host sends ahead of acknowledgements before it stops reading upstream. */
export const CREDIT = 512 * 1024;
/** Objects in one `snapshot` frame at most. */
export const CHUNK = 500;

export const resource = object({ group: text, version: text, kind: text, plural: text, namespaced: flag });

/** A way to a cluster. `server` is shown, never dialled by the window. */
export const clusterInfo = object({
  id: text, name: text, origin: oneOf('embedded', 'kubeconfig'), server: text,
  /** The kubectl context that reaches the same cluster; shown in commands. */
  context: optional(text), kubeconfig: optional(text),
  /** Namespace of the context; `default` when absent. */
  namespace: optional(text),
  protected: optional(flag),
});
export type ClusterInfo = Shaped<typeof clusterInfo>;

/**
 * How far a view can be trusted. `since` is when the state began (ms since the epoch; for `stale`: when the last true word came).
 * `loading`: nothing yet. `live`: as the server has it. `catching-up`: known to lag for a moment. `stale`: connection lost, `reason`
 * says why, `retryAt` when it is tried again. `forbidden`: 401 or 403. `failed`: the server refuses for another reason.
 */
export const freshness = object({
  state: oneOf('loading', 'live', 'catching-up', 'stale', 'forbidden', 'failed'),
  since: number, reason: optional(text), retryAt: optional(number), code: optional(whole),
});
export type Freshness = Shaped<typeof freshness>;

/** A Status failure of the API, or of the gateway itself (`reason: 'Gateway'`). `details` as in Status. */
export const wireError = object({ code: whole, reason: text, message: text, details: optional(anything) });
export type WireError = Shaped<typeof wireError>;

/** A port of a pod on this machine's loopback, kept by the host. `error`: why the last connection failed. */
export const forward = object({
  id: text, cluster: text, namespace: text, resource, name: text,
  /** Of the service, or of the pods. */
  port: whole, host: text, localPort: whole, pod: text, connections: whole, error: optional(text),
});
export type Forward = Shaped<typeof forward>;

const query: Shape<Record<string, string | string[]>> = record((v, at) => (Array.isArray(v) ? list(text)(v, at) : text(v, at)));

export const toHost = tagged({
  hello: object({ t: literal('hello'), version: whole, token: optional(text) }),
  request: object({
    t: literal('request'), id: whole, cluster: text, method: oneOf('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
    path: text, query: optional(query), body: optional(anything), contentType: optional(text),
  }),
  /** Answers: `snapshot` frames (the last has `done`), then `events`; `state` at any time. */
  watch: object({
    t: literal('watch'), id: whole, cluster: text, resource, namespace: optional(text),
    labelSelector: optional(text), fieldSelector: optional(text),
  }),
  /** How many objects, and how many in trouble; answered by `count` frames. Costs no object on this connection. */
  count: object({ t: literal('count'), id: whole, cluster: text, resource }),
  /** Ask a stale watch to try at once. */
  retry: object({ t: literal('retry'), id: whole }),
  logs: object({
    t: literal('logs'), id: whole, cluster: text, namespace: text, pod: text, container: text,
    follow: optional(flag), previous: optional(flag), timestamps: optional(flag),
    tailLines: optional(whole), sinceSeconds: optional(whole), sinceTime: optional(text), limitBytes: optional(whole),
  }),
  terminal: object({
    t: literal('terminal'), id: whole, cluster: text, namespace: text, pod: text, container: optional(text),
    mode: oneOf('exec', 'attach'), command: optional(list(text)), tty: flag, stdin: flag, cols: whole, rows: whole,
  }),
  input: object({ t: literal('input'), id: whole, data: text }),
  /** No more input: closes stdin. */
  eof: object({ t: literal('eof'), id: whole }),
  resize: object({ t: literal('resize'), id: whole, cols: whole, rows: whole }),
  /** `chars` characters of output have been drawn: the host may send as many more. */
  ack: object({ t: literal('ack'), id: whole, chars: whole }),
  cancel: object({ t: literal('cancel'), id: whole }),
  /** A call of app-calls.ts. */
  app: object({ t: literal('app'), id: whole, call: text, args: optional(anything) }),
});
export type ToHost = Shaped<typeof toHost>;

const watchEvent = object({ type: oneOf('ADDED', 'MODIFIED', 'DELETED'), object: anything });

export const toWindow = tagged({
  welcome: object({
    t: literal('welcome'), version: whole, product: object({ name: text, version: text }), platform: text,
    clusters: list(clusterInfo), settings: record(anything), calls: list(text),
  }),
  clusters: object({ t: literal('clusters'), clusters: list(clusterInfo) }),
  /** All forwards of the host, whenever one has changed, and once after `welcome` when there are some. */
  forwards: object({ t: literal('forwards'), forwards: list(forward) }),
  setting: object({ t: literal('setting'), key: text, value: optional(anything) }),
  response: object({ t: literal('response'), id: whole, body: optional(anything) }),
  failure: object({ t: literal('failure'), id: whole, error: wireError }),
  snapshot: object({ t: literal('snapshot'), id: whole, items: list(anything), done: flag }),
  events: object({ t: literal('events'), id: whole, events: list(watchEvent) }),
  state: object({ t: literal('state'), id: whole, state: freshness }),
  count: object({ t: literal('count'), id: whole, total: whole, bad: whole, warning: whole, namespaces: record(object({ total: whole, bad: whole, warning: whole })) }),
  /** Output of logs and terminals, decoded from UTF-8 across chunk borders. */
  data: object({ t: literal('data'), id: whole, stream: oneOf('stdout', 'stderr'), data: text }),
  /** A stream is over: `exit` for a process, `error` when it broke. */
  end: object({ t: literal('end'), id: whole, exit: optional(whole), error: optional(wireError) }),
});
export type ToWindow = Shaped<typeof toWindow>;

/** Parses what a window sent. Throws ShapeError. */
export const parseToHost = (value: unknown): ToHost => toHost(value, '');
/** Parses what a host sent. Throws ShapeError. */
export const parseToWindow = (value: unknown): ToWindow => toWindow(value, '');

/** One end of a connection: how Electron's MessagePort and a WebSocket look to both sides. Frames arrive as parsed JSON. */
export interface FramePort {
  send(frame: unknown): void;
  onFrame(listener: (frame: unknown) => void): void;
  onClose(listener: (why: string) => void): void;
  close(): void;
}
