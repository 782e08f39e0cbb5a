// A page with the hashing speed, and /json with the counters it is drawn from.
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { Redis } from './redis-client.mjs';

const redis = new Redis('redis');
const page = `<!doctype html><meta charset=utf-8><title>DockerCoins WebUI</title><style>body{font:16px system-ui;margin:3em;max-width:40em}output{font-size:3em;font-variant-numeric:tabular-nums}</style>
<h1>DockerCoins Miner WebUI</h1><p>Current mining speed:<br><output id=speed>~0.0</output> hashes/second</p><p>(Tip: scale the workers.)</p><script type=module>
let last; setInterval(async()=>{const d=await(await fetch('/json')).json(); if(last&&d.now>last.now)document.getElementById('speed').textContent='~'+((d.hashes-last.hashes)/(d.now-last.now)).toFixed(1); last=d},2000)
</script>`;

createServer(async (req, res) => {
  if (req.url === '/json') {
    try {
      const [coins, hashes] = await Promise.all([redis.command('HLEN', 'wallet'), redis.command('GET', 'hashes')]);
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ coins, hashes: Number(hashes ?? 0), now: Date.now() / 1000, host: hostname(), version: process.env.VERSION }));
    } catch (e) { res.statusCode = 503; res.end(`redis: ${e.message}\n`); }
  } else { res.setHeader('content-type', 'text/html'); res.end(page); }
}).listen(80, () => console.log(`webui ${process.env.VERSION} listening on 80`));
process.on('SIGTERM', () => process.exit(0));
