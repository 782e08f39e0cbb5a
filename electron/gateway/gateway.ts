// The gateway between windows and API servers: `createGateway({ clusters, log }).connect(port)` per window.
import { systemClock, type Clock } from '../../core/base/clock.ts';
import type { Log } from '../../core/base/log.ts';
import type { ClusterInfo, FramePort } from '../contract/frames.ts';
import { forwardCalls, Forwards } from './forwards.ts';
import type { ClusterSource } from './seam.ts';
import { Session, type AppHandler, type SessionContext } from './session.ts';
import { settingsCalls, type SettingsStore } from './settings.ts';
import { Watches } from './watches.ts';

export interface GatewayOptions {
  clusters: ClusterSource;
  log: Log;
  clock?: Clock;
  product?: { name: string; version: string };
  settings?: SettingsStore;
  /** Calls of contract/app-calls.ts this host can answer. */
  calls?: Readonly<Record<string, AppHandler>>;
}
export interface Gateway {
  /** Serves one window until its port closes or the result is disposed. `token`: what `hello` must carry. */
  connect(port: FramePort, token?: string): { dispose(): void };
  /** Upstream watches that run now. */
  readonly watches: number;
  readonly sessions: number;
  close(): void;
}

/** Opens no connection by itself: a cluster is reached when a window first asks for something of it. */
export function createGateway(o: GatewayOptions): Gateway {
  const clock = o.clock ?? systemClock;
  const watches = new Watches(o.clusters, clock, o.log);
  const sessions = new Set<Session>();
  const calls = new Map(Object.entries({ ...(o.settings ? settingsCalls(o.settings) : {}), ...o.calls }));
  const forwards = new Forwards(o.clusters, o.log, list => { for (const s of sessions) s.tell({ t: 'forwards', forwards: [...list] }); });
  for (const [name, handler] of Object.entries(forwardCalls(forwards))) calls.set(name, handler);
  const unsubscribe = o.clusters.onChange(() => {
    for (const s of sessions) s.tell({ t: 'clusters', clusters: [...o.clusters.list()] as ClusterInfo[] });
  });
  const context: SessionContext = {
    source: o.clusters, watches, log: o.log, calls, product: o.product ?? { name: 'Pilothouse', version: '0' },
    forwards: () => forwards.list(), settings: () => o.settings?.all() ?? {},
    settingChanged(key, value, from) {
      for (const s of sessions) if (s !== from) s.tell({ t: 'setting', key, value });
    },
  };
  return {
    connect(port, token) {
      const session = new Session(token === undefined ? context : { ...context, token }, port);
      sessions.add(session);
      port.onClose(() => sessions.delete(session));
      return { dispose() { session.close(); sessions.delete(session); port.close(); } };
    },
    get watches() { return watches.size; },
    get sessions() { return sessions.size; },
    close() {
      unsubscribe();
      for (const s of sessions) s.close();
      sessions.clear();
      forwards.close();
      watches.close();
    },
  };
}
