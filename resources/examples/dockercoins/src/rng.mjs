// GET /N answers N random bytes. Slow on purpose (100 ms), so that scaling it is worth while.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

createServer((req, res) => {
  const n = /^\/(\d{1,5})$/.exec(req.url)?.[1];
  if (n === undefined) { res.end(`RNG running on ${hostname()}\n`); return; }
  setTimeout(() => { console.log(`GET /${n}`); res.setHeader('content-type', 'application/octet-stream'); res.end(randomBytes(Number(n))); }, 100);
}).listen(80, () => console.log(`rng ${process.env.VERSION} listening on 80`));
process.on('SIGTERM', () => process.exit(0));
