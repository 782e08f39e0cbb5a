// The cluster host inside Electron: a utility process that starts and stops the cluster on main's word and serves windows over the
// MessagePorts it is handed. The window never stalls on the control plane, and main stays thin.
import type { RunningCluster } from '../../core/boot/cluster.ts';
import { parseUp } from '../../core/boot/options.ts';
import { systemClock } from '../../core/base/clock.ts';
import { createLog } from '../../core/base/log.ts';
import type { FramePort } from '../contract/frames.ts';
import type { FromHost, ToHost } from '../contract/host-messages.ts';
import { clusterGateway } from './serve-cluster.ts';

/** Electron's MessagePortMain, as far as it is used: typed here because this process has no `electron` module. */
interface Port { postMessage(message: unknown): void; on(event: 'message', listener: (e: { data: unknown; ports: Port[] }) => void): void; on(event: 'close', listener: () => void): void; start?(): void; close?(): void }

const log = createLog('warn', line => process.stderr.write(line));
const parent = (process as unknown as { parentPort: Port }).parentPort;
const say = (m: FromHost): void => parent.postMessage(m);

let cluster: RunningCluster | undefined;
let ui: ReturnType<typeof clusterGateway> | undefined;
const asked = new Map<number, { resolve(v: unknown): void; reject(e: Error): void }>();
let serial = 0;
/** Windows that came before the cluster was there. */
const waiting: Port[] = [];

const openFiles = (args: unknown): Promise<unknown> => new Promise((resolve, reject) => {
  const id = ++serial;
  asked.set(id, { resolve, reject });
  say({ t: 'ask', id, what: 'openFiles', extensions: ((args ?? {}) as { extensions?: string[] }).extensions ?? [] });
});

/** A MessagePort as the gateway's FramePort. Frames are structured-cloned: no text in between. */
function framePort(port: Port): FramePort {
  return {
    send: frame => port.postMessage(frame),
    onFrame: listener => { port.on('message', e => listener(e.data)); port.start?.(); },
    onClose: listener => port.on('close', () => listener('window closed')),
    // A MessagePort does not tell the other side that it is closed: null does.
    close: () => { port.postMessage(null); port.close?.(); },
  };
}

async function start(args: string[]): Promise<void> {
  const { startCluster } = await import('../../core/boot/cluster.ts');
  cluster = await startCluster(parseUp([...args, '--ui', '127.0.0.1:0']), {
    clock: systemClock, log, say: text => say({ t: 'progress', text }),
    serveUi: async o => {
      ui = clusterGateway(o, { 'dialog.openFiles': openFiles });
      for (const p of waiting.splice(0)) ui.gateway.connect(framePort(p));
      return { url: 'pilothouse://app/', close: async () => { ui?.close(); ui = undefined; } };
    },
  });
  say({ t: 'ready', server: cluster.server, kubeconfig: cluster.kubeconfig, runtime: cluster.runtime });
}

async function stop(): Promise<void> {
  await cluster?.close({ leaveRunning: false });
  cluster = undefined;
  say({ t: 'stopped' });
}

const failed = (e: unknown): void => say({ t: 'failed', message: e instanceof Error ? e.message : String(e) });

parent.on('message', ({ data, ports }) => {
  const m = data as ToHost;
  switch (m.t) {
    case 'start': start(m.args).catch(failed); break;
    case 'stop': stop().catch(failed); break;
    case 'window': for (const p of ports) { if (ui) ui.gateway.connect(framePort(p)); else waiting.push(p); } break;
    case 'answer': {
      const a = asked.get(m.id);
      asked.delete(m.id);
      if (m.error === undefined) a?.resolve(m.result); else a?.reject(new Error(m.error));
    }
  }
});
