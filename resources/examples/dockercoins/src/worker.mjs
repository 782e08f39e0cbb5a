// Takes random bytes from rng, has them hashed by hasher, and keeps the coins (hashes that begin with 0) in redis.
import { Redis } from './redis-client.mjs';

const redis = new Redis('redis');
const sleep = ms => new Promise(resolve => { setTimeout(resolve, ms); });
let done = 0, since = Date.now();

async function work() {
  const bytes = Buffer.from(await (await fetch('http://rng/32')).arrayBuffer());
  const hash = await (await fetch('http://hasher/', { method: 'POST', body: bytes, headers: { 'content-type': 'application/octet-stream' } })).text();
  done++;
  if (hash.startsWith('0')) { console.log(`Coin found: ${hash.slice(0, 8)}...`); await redis.command('HSET', 'wallet', hash, bytes.toString('hex')); }
  if (Date.now() - since >= 1000) {
    console.log(`${done} units of work done, updating hash counter`);
    await redis.command('INCRBY', 'hashes', done);
    done = 0; since = Date.now();
  }
}

process.on('SIGTERM', () => process.exit(0));
console.log(`worker ${process.env.VERSION} started`);
for (;;) {
  try { await work(); } catch (e) {
    console.error(`ERROR: ${e.cause?.message ?? e.message}. Waiting 2 s before restarting.`);
    await sleep(2000);
  }
}
