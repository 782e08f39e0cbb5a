// The recipes of story W15: a list in JSON, with the pod that gave it.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const recipes = [{ name: 'Lentil soup', minutes: 35 }, { name: 'Apple pie', minutes: 70 }, { name: 'Fried rice', minutes: 20 }];
const started = Date.now(), slow = Number(process.env.SLOW_START ?? 0) * 1000;
const server = createServer((req, res) => {
  if (req.url === '/healthz') { res.writeHead(Date.now() - started < slow ? 503 : 200).end('ok\n'); return; }
  res.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ from: hostname(), version: process.env.VERSION, recipes }));
}).listen(8080, () => console.log('recipe-api listens on 8080'));
// Requests under way are answered to their end, and a proxy that has yet to hear gets its answers too.
process.on('SIGTERM', () => setTimeout(() => server.close(() => process.exit(0)), 1000));
