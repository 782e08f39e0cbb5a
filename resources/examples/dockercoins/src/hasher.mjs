// POST / answers the SHA-256 of the body in hexadecimal, after 100 ms.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';

createServer((req, res) => {
  if (req.method !== 'POST') { res.end(`HASHER running on ${hostname()}\n`); return; }
  const hash = createHash('sha256');
  req.on('data', d => hash.update(d)).on('end', () => setTimeout(() => { console.log('POST /'); res.end(hash.digest('hex')); }, 100));
}).listen(80, () => console.log(`hasher ${process.env.VERSION} listening on 80`));
process.on('SIGTERM', () => process.exit(0));
