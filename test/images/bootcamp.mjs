// The "kubernetes-bootcamp" stand-in of story W16: says which pod and which version answered.
import { createServer } from 'node:http';
import { hostname } from 'node:os';

createServer((req, res) => {
  console.log(`Running On: ${hostname()} | ${req.method} ${req.url}`);
  res.end(`Hello Kubernetes bootcamp! | Running on: ${hostname()} | v=${process.env.VERSION.slice(1)}\n`);
}).listen(8080, () => console.log('Kubernetes Bootcamp App Started'));
process.on('SIGTERM', () => process.exit(0));
