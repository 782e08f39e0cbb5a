// NodePorts on 127.0.0.1, by listeners of our own: works without root and without route_localnet. A connection goes to a random
// ready endpoint; a UDP client keeps its endpoint for 60 s of silence.
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Backend, ServicePort } from './service-table.ts';

const UDP_IDLE_MS = 60_000;

interface Listener { port: ServicePort; close(): void }

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

  #tcp(l: Listener): () => void {
    const sockets = new Set<Socket>();
    const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, client => {
      const b = pick(l.port.backends);
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
    const clients = new Map<string, { socket: UdpSocket; idle: Timer }>();
    server.on('error', e => this.#failed(l.port, e));
    server.on('message', (data, from) => {
      const key = `${from.address}:${from.port}`;
      let c = clients.get(key);
      if (!c) {
        const b = pick(l.port.backends);
        if (!b) return;
        const socket = createSocket('udp4');
        socket.connect(b.port, b.ip);
        socket.on('message', reply => server.send(reply, from.port, from.address));
        socket.on('error', e => this.#log.debug('node port datagram failed', { service: l.port.key, error: e }));
        c = { socket, idle: { cancel() {} } };
        clients.set(key, c);
        socket.once('connect', () => socket.send(data));
      } else c.socket.send(data);
      c.idle.cancel();
      c.idle = this.#clock.after(UDP_IDLE_MS, () => { clients.get(key)?.socket.close(); clients.delete(key); });
    });
    server.bind(l.port.nodePort, '127.0.0.1');
    return () => { server.close(); for (const c of clients.values()) { c.idle.cancel(); c.socket.close(); } };
  }

  close(): void { for (const k of this.#listeners.keys()) this.#close(k); }
}

const pick = (backends: readonly Backend[]): Backend | undefined => backends[Math.floor(Math.random() * backends.length)];
