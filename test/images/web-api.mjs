// The page of story W15: recipes from the other service, as HTML.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

const { RECIPE_API = 'http://recipe-api', VERSION } = process.env;
const server = createServer(async (req, res) => {
  if (req.url === '/healthz') { res.writeHead(200).end('ok\n'); return; }
  try {
    const { from, recipes } = await (await fetch(`${RECIPE_API}/recipes`, { signal: AbortSignal.timeout(4000) })).json();
    res.writeHead(200, { 'content-type': 'text/html', connection: 'close' }).end(`<!doctype html><title>Recipes ${VERSION}</title><h1>Recipes ${VERSION}</h1><ul>${recipes.map(r => `<li>${r.name}, ${r.minutes} minutes</li>`).join('')}</ul><p>${hostname()} asked ${from}</p>\n`);
  } catch (e) { res.writeHead(502, { connection: 'close' }).end(`${RECIPE_API}: ${e.message}\n`); }
}).listen(8080, () => console.log('web-api listens on 8080'));
process.on('SIGTERM', () => setTimeout(() => server.close(() => process.exit(0)), 1000));
