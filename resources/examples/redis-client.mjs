// A small Redis client: commands in order over one connection, which is opened again when it breaks. No dependencies.
import { connect } from 'node:net';

export class Redis {
  #host; #port; #socket; #waiting = []; #buffer = Buffer.alloc(0);
  constructor(host, port = 6379) { this.#host = host; this.#port = port; }

  /** Sends one command (`redis.command('INCRBY', 'hashes', 4)`); rejects when the connection fails. */
  async command(...words) {
    const socket = await this.#open();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      socket.write(`*${words.length}\r\n${words.map(w => `$${Buffer.byteLength(String(w))}\r\n${w}\r\n`).join('')}`);
    });
  }

  #open() {
    this.#socket ??= new Promise((resolve, reject) => {
      const s = connect(this.#port, this.#host);
      const fail = e => { this.#socket = undefined; this.#buffer = Buffer.alloc(0); for (const w of this.#waiting.splice(0)) w.reject(e); reject(e); };
      s.on('connect', () => resolve(s));
      s.on('error', fail);
      s.on('close', () => fail(new Error('connection to Redis closed')));
      s.on('data', d => { this.#buffer = Buffer.concat([this.#buffer, d]); this.#drain(); });
    });
    return this.#socket;
  }

  #drain() {
    for (;;) {
      const r = parse(this.#buffer, 0);
      if (!r) return;
      this.#buffer = this.#buffer.subarray(r.end);
      const w = this.#waiting.shift();
      if (r.value instanceof Error) w?.reject(r.value); else w?.resolve(r.value);
    }
  }
}

/** One RESP value at `at`, or undefined while it is not complete. */
function parse(b, at) {
  const eol = b.indexOf('\r\n', at);
  if (eol < 0) return undefined;
  const head = b.toString('utf8', at + 1, eol), next = eol + 2;
  switch (String.fromCharCode(b[at])) {
    case '+': return { value: head, end: next };
    case '-': return { value: new Error(head), end: next };
    case ':': return { value: Number(head), end: next };
    case '$': {
      const n = Number(head);
      if (n < 0) return { value: null, end: next };
      return b.length < next + n + 2 ? undefined : { value: b.toString('utf8', next, next + n), end: next + n + 2 };
    }
    case '*': {
      const n = Number(head), value = [];
      let end = next;
      if (n < 0) return { value: null, end };
      for (let i = 0; i < n; i++) { const r = parse(b, end); if (!r) return undefined; value.push(r.value); end = r.end; }
      return { value, end };
    }
    default: throw new Error(`not RESP: ${b.toString('latin1', at, at + 20)}`);
  }
}
