// The user interface in front of a cluster of this host: the gateway with settings and examples, and for browsers a loopback server.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServeUi } from '../../core/boot/cluster.ts';
import { VERSION } from '../../core/boot/version.ts';
import { exampleCalls } from '../gateway/examples.ts';
import { createGateway, type Gateway } from '../gateway/gateway.ts';
import { serveUi } from '../gateway/serve.ts';
import type { AppHandler } from '../gateway/session.ts';
import { fileSettings } from '../gateway/settings.ts';
import { keptToken } from '../gateway/token.ts';
import { Clusters } from './clusters.ts';

/** Where shipped files lie: the directory above ours that has them (a checkout, its dist/, or the package). */
export function asset(...path: string[]): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 4; up++, dir = dirname(dir)) if (existsSync(join(dir, ...path))) return join(dir, ...path);
  return join(dir, ...path);
}

/** The gateway of this host's windows; `more` are calls that only some hosts can answer. */
export function clusterGateway(o: Parameters<ServeUi>[0], more: Readonly<Record<string, AppHandler>> = {}): { gateway: Gateway; close(): void } {
  const clusters = new Clusters(o.access, join(o.dataDir, 'kubeconfig'), o.log);
  const gateway = createGateway({
    clusters, log: o.log, product: { name: 'Pilothouse', version: VERSION }, settings: fileSettings(join(o.dataDir, 'settings.json'), o.log),
    calls: {
      ...exampleCalls(asset('resources', 'examples'), clusters),
      'kubeconfig.add': async args => {
        const { text, name } = (args ?? {}) as { text?: unknown; name?: unknown };
        if (typeof text !== 'string') throw new Error('kubeconfig.add: the text of a kubeconfig is needed');
        return { contexts: clusters.add(typeof name === 'string' ? name : 'added', text) };
      },
      ...more,
    },
  });
  return { gateway, close: () => { clusters.close(); gateway.close(); } };
}

export const serveCluster: ServeUi = async o => {
  const { gateway, close } = clusterGateway(o);
  const server = await serveUi({ listen: o.listen, gateway, assetsDir: asset('dist', 'renderer'), token: keptToken(join(o.dataDir, 'window-token')), log: o.log });
  return {
    url: server.url,
    async close() {
      close();
      await server.close();
    },
  };
};
