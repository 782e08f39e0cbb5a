// What main and the cluster host's process say to each other over the utility process' port.

/** main -> host. A `window` message carries the window's MessagePort. */
export type ToHost =
  | { t: 'start'; args: string[] }
  | { t: 'stop' }
  | { t: 'window' }
  | { t: 'answer'; id: number; result?: unknown; error?: string };

/** host -> main. */
export type FromHost =
  | { t: 'progress'; text: string }
  | { t: 'ready'; server: string; kubeconfig: string; runtime: string }
  | { t: 'stopped' }
  | { t: 'failed'; message: string }
  | { t: 'ask'; id: number; what: 'openFiles'; extensions: string[] };
