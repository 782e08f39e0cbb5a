// A very small MySQL client: mysql_native_password and text queries without results, over one connection. No dependencies.
import { createHash } from 'node:crypto';
import { connect } from 'node:net';

const sha1 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha1')).digest();
/** SHA1(password) XOR SHA1(salt + SHA1(SHA1(password))). */
const scramble = (password, salt) => { if (!password) return Buffer.alloc(0); const a = sha1(password), b = sha1(salt, sha1(a)); return Buffer.from(a.map((x, i) => x ^ b[i])); };
const CAPABILITIES = 0x00000200 | 0x00008000 | 0x00080000 | 0x00000001 | 0x00002000; // protocol 4.1, secure connection, plugin auth, long password, transactions

export class MySql {
  #socket; #buffer = Buffer.alloc(0); #packets = []; #readers = []; #failed;

  /** Connects and logs in; rejects with the server's words. */
  static async connect({ host, port = 3306, user, password }) {
    const c = new MySql();
    c.#socket = connect(port, host);
    c.#socket.on('data', d => c.#data(d));
    const fail = e => { c.#failed = e; for (const r of c.#readers.splice(0)) r.reject(e); };
    c.#socket.on('error', fail);
    c.#socket.on('close', () => fail(new Error('connection to MySQL closed')));
    const hello = await c.#read();
    if (hello.body[0] === 0xff) throw c.#error(hello.body);
    const end = hello.body.indexOf(0, 1) + 5; // version string, connection id
    const salt = Buffer.concat([hello.body.subarray(end, end + 8), hello.body.subarray(end + 27, end + 39)]);
    const token = scramble(password, salt);
    const head = Buffer.alloc(32);
    head.writeUInt32LE(CAPABILITIES, 0); head.writeUInt32LE(1 << 24, 4); head[8] = 45;
    c.#write(hello.seq + 1, Buffer.concat([head, Buffer.from(`${user}\0`), Buffer.from([token.length]), token, Buffer.from('mysql_native_password\0')]));
    let reply = await c.#read();
    if (reply.body[0] === 0xfe) { // the server asks for the same with another salt
      const at = reply.body.indexOf(0, 1) + 1;
      c.#write(reply.seq + 1, scramble(password, reply.body.subarray(at, at + 20)));
      reply = await c.#read();
    }
    if (reply.body[0] !== 0) throw c.#error(reply.body);
    return c;
  }

  /** Runs a statement that gives no rows. */
  async run(sql) {
    this.#write(0, Buffer.concat([Buffer.from([3]), Buffer.from(sql)]));
    const { body } = await this.#read();
    if (body[0] !== 0) throw this.#error(body);
  }

  #error(body) { return new Error(body[0] === 0xff ? body.toString('utf8', 9) : `unexpected packet ${body[0]}`); }
  #write(seq, body) { const h = Buffer.alloc(4); h.writeUIntLE(body.length, 0, 3); h[3] = seq; this.#socket.write(Buffer.concat([h, body])); }
  #read() {
    if (this.#packets.length) return Promise.resolve(this.#packets.shift());
    return this.#failed ? Promise.reject(this.#failed) : new Promise((resolve, reject) => { this.#readers.push({ resolve, reject }); });
  }
  #data(d) {
    this.#buffer = Buffer.concat([this.#buffer, d]);
    while (this.#buffer.length >= 4 && this.#buffer.length >= 4 + this.#buffer.readUIntLE(0, 3)) {
      const n = this.#buffer.readUIntLE(0, 3), packet = { seq: this.#buffer[3], body: this.#buffer.subarray(4, 4 + n) };
      this.#buffer = this.#buffer.subarray(4 + n);
      const r = this.#readers.shift();
      if (r) r.resolve(packet); else this.#packets.push(packet);
    }
  }
}
