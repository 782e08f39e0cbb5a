import { beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../../core/api/kinds/index.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { Store } from '../base/store.ts';
import type { App } from '../app/feature.ts';
import { startText } from '../text.ts';
import { features } from './index.ts';

beforeAll(startText);

const actions = features.flatMap(f => f.actions ?? []);
const app = { connection: { host: new Store({ clusters: [{ id: 'c' }] }) } } as unknown as App;

describe('actions', () => {
  it('each name the kubectl command that does the same, for every kind they are offered on', () => {
    const without: string[] = [];
    for (const kind of kinds) {
      const object = { apiVersion: 'v1', kind: kind.kind, metadata: { name: 'one', ...(kind.namespaced ? { namespace: 'shop' } : {}) }, spec: { selector: ['Service', 'ReplicationController'].includes(kind.kind) ? { app: 'a' } : { matchLabels: { app: 'a' } }, template: { spec: { containers: [{ name: 'main', image: 'a' }] } }, containers: [{ name: 'main', image: 'a' }], ports: [{ port: 80 }] } } as KubeObject;
      for (const a of actions.filter(x => x.applies?.(kind, [object]) ?? kind.view?.actions.includes(x.id as never))) {
        const command = a.kubectl?.({ app, cluster: 'c', kind, objects: [object] }) ?? '';
        if (!/^kubectl (?:-n shop )?[a-z-]+ /.test(command) || (kind.namespaced && !command.includes('-n shop'))) without.push(`${a.id} on ${kind.kind}: ${command}`);
      }
    }
    expect(without).toEqual([]);
    expect(actions.length).toBeGreaterThan(12);
  });
  it('are there for every word a kind lists', () => {
    const ids = new Set<string>(actions.map(a => a.id));
    expect(kinds.flatMap(k => (k.view?.actions ?? []).filter(a => !ids.has(a)).map(a => `${a} on ${k.kind}`))).toEqual([]);
  });
  it('have keys of their own', () => {
    const keys = actions.flatMap(a => (a.key ? [a.key] : []));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
