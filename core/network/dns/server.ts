// The DNS server: UDP and TCP on one address. Our zone is answered from Records, all else is forwarded to the machine's upstreams.
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { connect, createServer, isIPv4, type Server, type Socket } from 'node:net';
import { AUTHORITATIVE_ANSWER, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer as WireAnswer, type DecodedPacket, type Packet } from 'dns-packet';
import { systemClock, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { compressed } from './compress.ts';
import type { Answer, Records } from './records.ts';

/** CoreDNS' default for cluster records. */
const TTL = 5;
const UDP_SIZE = 512;
const UPSTREAM_TIMEOUT_MS = 2000;
const TCP_IDLE_MS = 10_000;
const OPCODE = 0x7800;
const NXDOMAIN = 3, SERVFAIL = 2, NOTIMP = 4, FORMERR = 1;

export interface Upstream { host: string; port: number }

/** IPv4 nameservers of /etc/resolv.conf. */
export function machineUpstreams(path = '/etc/resolv.conf'): Upstream[] {
  let text: string;
  try { text = readFileSync(path, 'utf8'); } catch { return []; /* no such file: nothing to forward to */ }
  return text.split('\n').map(l => /^\s*nameserver\s+(\S+)/.exec(l)?.[1]).filter(h => h !== undefined && isIPv4(h)).map(host => ({ host: host!, port: 53 }));
}

export interface DnsConfig { records: Records; upstreams: readonly Upstream[]; log: Log; /** For the patience with upstreams; the system's unless a test says otherwise. */ clock?: Clock }

export class DnsServer {
  readonly #c: DnsConfig;
  readonly #udp: UdpSocket[] = [];
  readonly #tcp: Server[] = [];
  readonly #sockets = new Set<Socket>();
  /** Counters for /metrics: queries, forwarded, failures. */
  readonly stats = { queries: 0, forwarded: 0, failed: 0 };

  constructor(config: DnsConfig) { this.#c = config; }

  /** Listens on UDP and TCP; port 0 picks one for both. Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    const tcp = createServer(s => this.#stream(s));
    await new Promise<void>((resolve, reject) => { tcp.once('error', reject); tcp.listen(port, host, resolve); });
    const bound = (tcp.address() as { port: number }).port;
    const udp = createSocket('udp4');
    await new Promise<void>((resolve, reject) => { udp.once('error', reject); udp.bind(bound, host, resolve); });
    udp.on('error', e => this.#c.log.warn('DNS socket', { error: e }));
    udp.on('message', (data, from) => { void this.#datagram(udp, data, from); });
    tcp.on('error', e => this.#c.log.warn('DNS listener', { error: e }));
    this.#udp.push(udp);
    this.#tcp.push(tcp);
    return bound;
  }

  async #datagram(socket: UdpSocket, data: Buffer, from: RemoteInfo): Promise<void> {
    const reply = await this.#tryAnswer(data, 'udp');
    if (reply) socket.send(reply, from.port, from.address, e => { if (e) this.#c.log.debug('DNS reply not sent', { error: e }); });
  }

  #stream(socket: Socket): void {
    this.#sockets.add(socket);
    let buffered: Buffer = Buffer.alloc(0);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', e => this.#c.log.debug('DNS connection', { error: e }));
    socket.on('data', chunk => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        const message = buffered.subarray(2, 2 + buffered.readUInt16BE(0));
        buffered = buffered.subarray(2 + message.length);
        void this.#writeAnswer(socket, Buffer.from(message));
      }
    });
  }

  async #writeAnswer(socket: Socket, message: Buffer): Promise<void> {
    const reply = await this.#tryAnswer(message, 'tcp');
    if (!reply) { socket.destroy(); return; }
    const length = Buffer.alloc(2);
    length.writeUInt16BE(reply.length);
    socket.write(Buffer.concat([length, reply]));
  }

  /** What a stranger sends must not end the host: a question that cannot be answered gets none. */
  async #tryAnswer(message: Buffer, via: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    try { return await this.answer(message, via); } catch (e) {
      this.#c.log.warn('DNS question not answered', { error: e, bytes: message.length });
      return undefined;
    }
  }

  /** The reply to one message in wire form; undefined for what cannot be answered at all. */
  async answer(message: Buffer, via: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    this.stats.queries++;
    let query: DecodedPacket;
    try { query = decode(message); } catch {
      // Too broken to read: the id, if there is one, is all that can be given back.
      return message.length < 12 ? undefined : encode({ type: 'response', id: message.readUInt16BE(0), flags: FORMERR, questions: [] });
    }
    if (query.type === 'response') return undefined;
    const q = query.questions?.[0];
    if (!q || ((query.flags ?? 0) & OPCODE) !== 0) return encode({ type: 'response', id: query.id, flags: NOTIMP, questions: query.questions ?? [] });
    const r = this.#c.records.lookup(q.name, q.type);
    if (r.outside) return this.#forward(message, query, via);
    const answers: Answer[] = [...r.answers];
    const wire = answers.map(a => ({ ...a, ttl: TTL, class: 'IN' })) as WireAnswer[];
    const cname = answers[0]?.type === 'CNAME' && q.type !== 'CNAME' ? answers[0] : undefined;
    if (cname) wire.push(...await this.#chase(cname.data, q.type, via));
    const flags = AUTHORITATIVE_ANSWER | RECURSION_AVAILABLE | ((query.flags ?? 0) & RECURSION_DESIRED) | (r.exists ? 0 : NXDOMAIN);
    const soa: WireAnswer = { type: 'SOA', name: this.#c.records.zone, ttl: TTL, data: { mname: `ns.dns.${this.#c.records.zone}`, rname: `hostmaster.${this.#c.records.zone}`, serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: TTL } };
    const packet: Packet = {
      type: 'response', id: query.id, flags, questions: query.questions ?? [], answers: wire,
      authorities: wire.length === 0 ? [soa] : [], additionals: r.extra.map(a => ({ ...a, ttl: TTL, class: 'IN' })) as WireAnswer[],
    };
    return this.#sized(packet, query, via);
  }

  #sized(packet: Packet, query: DecodedPacket, via: 'udp' | 'tcp'): Buffer {
    const reply = compressed(encode(packet));
    const opt = query.additionals?.find(a => a.type === 'OPT') as { udpPayloadSize?: number } | undefined;
    const limit = Math.max(UDP_SIZE, opt?.udpPayloadSize ?? UDP_SIZE);
    if (via === 'tcp' || reply.length <= limit) return reply;
    // Without the additional section first; if that is not enough, as many answers as there is room for, and the client may ask again over TCP.
    const bare = compressed(encode({ ...packet, additionals: [] }));
    if (bare.length <= limit) return bare;
    const cut = (n: number): Buffer => compressed(encode({ ...packet, additionals: [], authorities: [], answers: packet.answers?.slice(0, n) ?? [], flags: (packet.flags ?? 0) | TRUNCATED_RESPONSE }));
    let low = 0, high = packet.answers?.length ?? 0;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (cut(middle).length <= limit) low = middle; else high = middle - 1;
    }
    return cut(low);
  }

  /** Resolves a CNAME's target, in our zone or upstream; nothing when that fails: the CNAME alone is still a right answer. */
  async #chase(name: string, type: string, via: 'udp' | 'tcp'): Promise<WireAnswer[]> {
    const local = this.#c.records.lookup(name, type);
    if (!local.outside) return local.answers.map(a => ({ ...a, ttl: TTL, class: 'IN' })) as WireAnswer[];
    const reply = await this.#ask(encode({ type: 'query', id: Math.floor(Math.random() * 65536), flags: RECURSION_DESIRED, questions: [{ name, type: type as 'A' }] }), via);
    try { return reply ? decode(reply).answers ?? [] : []; } catch (e) { this.#c.log.debug('upstream DNS answer unreadable', { name, error: e }); return []; }
  }

  async #forward(message: Buffer, query: DecodedPacket, via: 'udp' | 'tcp'): Promise<Buffer> {
    this.stats.forwarded++;
    const reply = await this.#ask(message, via);
    if (reply) return reply;
    this.stats.failed++;
    return encode({ type: 'response', id: query.id, flags: SERVFAIL | RECURSION_AVAILABLE, questions: query.questions ?? [] });
  }

  async #ask(message: Buffer, via: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    for (const u of this.#c.upstreams) {
      const reply = via === 'udp' ? await askUdp(u, message, this.#c.clock ?? systemClock) : await askTcp(u, message);
      if (reply) return reply;
    }
    return undefined;
  }

  async close(): Promise<void> {
    for (const s of this.#udp) s.close();
    for (const s of this.#sockets) s.destroy();
    await Promise.all(this.#tcp.map(t => new Promise(resolve => { t.close(resolve); })));
  }
}

function askUdp(u: Upstream, message: Buffer, clock: Clock): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const socket = createSocket('udp4');
    const end = (reply?: Buffer): void => { timer.cancel(); socket.close(); resolve(reply); };
    const timer = clock.after(UPSTREAM_TIMEOUT_MS, end);
    socket.on('error', () => end());
    // The id must match: anything else is not the answer to this question.
    socket.on('message', reply => { if (reply.length >= 12 && reply.readUInt16BE(0) === message.readUInt16BE(0)) end(reply); });
    socket.connect(u.port, u.host, () => socket.send(message));
  });
}

function askTcp(u: Upstream, message: Buffer): Promise<Buffer | undefined> {
  return new Promise(resolve => {
    const socket = connect(u.port, u.host);
    let got: Buffer = Buffer.alloc(0);
    const end = (reply?: Buffer): void => { socket.destroy(); resolve(reply); };
    socket.setTimeout(UPSTREAM_TIMEOUT_MS, () => end());
    socket.on('error', () => end());
    socket.on('data', d => {
      got = Buffer.concat([got, d]);
      if (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) end(got.subarray(2, 2 + got.readUInt16BE(0)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(message.length);
    socket.write(Buffer.concat([length, message]));
  });
}
