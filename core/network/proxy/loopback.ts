// NodePorts on 127.0.0.1, by listeners of our own: works without root and without route_localnet. A connection goes to a random
// ready endpoint (with ClientIP affinity to the one before); a UDP client keeps its endpoint for 60 s of silence.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Backend, ServicePort } from './service-table.ts';

const UDP_IDLE_MS = 60_000;

interface Listener {
  port: ServicePort;
  /** ClientIP affinity: everybody here is 127.0.0.1, so one endpoint serves all until it has had its time. */
  last?: { backend: Backend; at: number };
  close(): void;
}

export class LoopbackNodePorts {
  readonly #listeners = new Map<string, Listener>();
  readonly #log: Log;
  readonly #clock: Clock;
  constructor(clock: Clock, log: Log) { this.#clock = clock; this.#log = log; }

  apply(changes: readonly { before: readonly ServicePort[]; after: readonly ServicePort[] }[]): void {
    for (const { before, after } of changes) {
      for (const p of before) if (p.nodePort && !after.some(a => a.key === p.key && a.nodePort === p.nodePort)) this.#close(p.key);
      for (const p of after) {
        if (!p.nodePort || p.protocol === 'sctp') continue;
        const open = this.#listeners.get(p.key);
        if (open) open.port = p; else this.#open(p);
      }
    }
  }

  #open(p: ServicePort): void {
    const listener: Listener = { port: p, close: () => {} };
    this.#listeners.set(p.key, listener);
    listener.close = p.protocol === 'tcp' ? this.#tcp(listener) : this.#udp(listener);
  }

  #close(key: string): void {
    this.#listeners.get(key)?.close();
    this.#listeners.delete(key);
  }

  #failed(p: ServicePort, e: Error): void {
    this.#log.warn('node port cannot be opened on 127.0.0.1', { service: p.key, nodePort: p.nodePort, error: e });
  }

  #pick(l: Listener): Backend | undefined {
    const { backends, affinitySeconds } = l.port;
    const now = this.#clock.now();
    const last = affinitySeconds > 0 && l.last && now - l.last.at < affinitySeconds * 1000 ? backends.find(b => b.ip === l.last?.backend.ip && b.port === l.last.backend.port) : undefined;
    const backend = last ?? backends[Math.floor(Math.random() * backends.length)];
    if (affinitySeconds > 0 && backend) l.last = { backend, at: now };
    return backend;
  }

  #tcp(l: Listener): () => void {
    const sockets = new Set<Socket>();
    const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
      const b = this.#pick(l);
      if (!b) { client.destroy(); return; }
      const upstream = connect({ host: b.ip, port: b.port, allowHalfOpen: true, noDelay: true });
      for (const s of [client, upstream]) {
        sockets.add(s);
        s.on('close', () => { sockets.delete(s); client.destroy(); upstream.destroy(); });
        // The other end learns of it by the reset that 'close' brings.
        s.on('error', e => this.#log.debug('node port connection ended', { service: l.port.key, error: e }));
      }
      client.pipe(upstream);
      upstream.pipe(client);
    });
    server.on('error', e => this.#failed(l.port, e));
    server.listen(l.port.nodePort, '127.0.0.1');
    return () => { server.close(); for (const s of sockets) s.destroy(); };
  }

  #udp(l: Listener): () => void {
    const server = createSocket('udp4');
    const clients = new Map<string, { socket: UdpSocket; backend: Backend; idle: Timer }>();
    const forget = (key: string): void => { const c = clients.get(key); c?.idle.cancel(); c?.socket.close(); clients.delete(key); };
    server.on('error', e => this.#failed(l.port, e));
    server.on('message', (data, from) => {
      const key = `${from.address}:${from.port}`;
      let c = clients.get(key);
      // Its endpoint is gone: it goes on with another.
      if (c && !l.port.backends.some(b => b.ip === c!.backend.ip && b.port === c!.backend.port)) { forget(key); c = undefined; }
      if (!c) {
        const backend = this.#pick(l);
        if (!backend) return;
        const socket = createSocket('udp4');
        socket.on('message', (reply, r) => { if (r.address === backend.ip && r.port === backend.port) server.send(reply, from.port, from.address); });
        socket.on('error', e => this.#log.debug('node port datagram failed', { service: l.port.key, error: e }));
        clients.set(key, c = { socket, backend, idle: { cancel() {} } });
      }
      c.socket.send(data, c.backend.port, c.backend.ip);
      c.idle.cancel();
      c.idle = this.#clock.after(UDP_IDLE_MS, () => forget(key));
    });
    server.bind(l.port.nodePort, '127.0.0.1');
    return () => { server.close(); for (const key of clients.keys()) forget(key); };
  }

  close(): void { for (const k of this.#listeners.keys()) this.#close(k); }
}
