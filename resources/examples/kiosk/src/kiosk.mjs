// Sells tickets. GET /tickets: how many are left; POST /tickets (form field value): how many there are; POST /buy: sells one.
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { Redis } from './redis-client.mjs';

const redis = new Redis(process.env.REDIS_HOST ?? 'lcredis');
const bodyOf = async req => { let text = ''; for await (const d of req) text += d; return text; };
/** The field `value` of a urlencoded or multipart form. */
const valueOf = text => /name="value"\r?\n(?:[^\r\n]+\r?\n)*\r?\n(\d+)/.exec(text)?.[1] ?? new URLSearchParams(text).get('value');

async function answer(req, res) {
  if (req.url === '/healthz') { res.end(`${await redis.command('PING')}\n`); return; }
  if (req.url === '/tickets' && req.method === 'GET') { res.end(`${await redis.command('GET', 'tickets') ?? 0}\n`); return; }
  if (req.url === '/tickets' && req.method === 'POST') {
    const value = valueOf(await bodyOf(req));
    if (!/^\d+$/.test(value ?? '')) { res.statusCode = 400; res.end('value: a number is needed\n'); return; }
    await redis.command('SET', 'tickets', value);
    res.end('SUCCESS\n');
    return;
  }
  if (req.url === '/buy' && req.method === 'POST') {
    const left = await redis.command('DECR', 'tickets');
    if (left < 0) { await redis.command('INCR', 'tickets'); res.statusCode = 410; res.end('SOLD OUT\n'); return; }
    await redis.command('RPUSH', 'sold', JSON.stringify({ ticket: left + 1, kiosk: hostname(), at: new Date().toISOString() }));
    res.end(`TICKET ${left + 1}\n`);
    return;
  }
  res.statusCode = 404;
  res.end('try GET /tickets, POST /tickets or POST /buy\n');
}
const server = createServer((req, res) => {
  console.log(`${req.method} ${req.url}`);
  answer(req, res).catch(e => { res.statusCode = 503; res.end(`redis: ${e.message}\n`); });
}).listen(5000, () => console.log(`kiosk ${process.env.VERSION} listening on 5000`));
// Requests under way are finished; new ones go elsewhere once the endpoint is gone.
process.on('SIGTERM', () => { setTimeout(() => server.close(() => process.exit(0)), 1000); setTimeout(() => process.exit(0), 5000).unref(); });
