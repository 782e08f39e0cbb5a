// A host in the page: answers the frames of the contract from made-up objects and changes them all the time.
import { kinds } from '../../core/api/kinds/index.ts';
import { resourcePath, type KubeObject } from '../../core/api/meta/object.ts';
import type { FramePort, ToHost } from '../../electron/contract/frames.ts';
import { verdictOf } from '../kinds/columns.tsx';
import { makeWorld, touch } from './world.ts';

interface Options { pods: number; rate: number; state: string }
type Watch = Extract<ToHost, { t: 'watch' | 'count' }>;

export function mockPort(o: Options): FramePort {
  const world = o.state === 'empty' ? new Map<string, Map<string, KubeObject>>() : makeWorld(o.pods);
  let send: (frame: unknown) => void = () => undefined;
  const watches = new Map<number, Watch>();
  const bucket = (w: Watch): Map<string, KubeObject> => world.get(`${w.resource.group}/${w.resource.plural}`) ?? new Map();
  const passes = (w: Watch, object: KubeObject): boolean => {
    if (w.t === 'count') return true;
    if (w.namespace && object.metadata?.namespace !== w.namespace) return false;
    const [field, value] = (w.fieldSelector ?? '').split('=');
    if (field === 'metadata.name') return object.metadata?.name === value;
    if (field === 'involvedObject.uid') return (object as { involvedObject?: { uid?: string } }).involvedObject?.uid === value;
    if (field === 'spec.nodeName') return (object as { spec?: { nodeName?: string } }).spec?.nodeName === value;
    return !w.labelSelector || w.labelSelector.split(',').every(t => object.metadata?.labels?.[t.split('=')[0]!] === t.split('=')[1]);
  };
  const count = (w: Watch): void => {
    const kind = kinds.find(k => k.plural === w.resource.plural && k.group === w.resource.group);
    const health = kind && verdictOf(kind);
    const all = { total: 0, bad: 0, warning: 0 };
    const namespaces: Record<string, typeof all> = {};
    for (const object of bucket(w).values()) {
      const level = health?.(object).level;
      for (const t of [all, namespaces[object.metadata?.namespace ?? ''] ??= { total: 0, bad: 0, warning: 0 }]) {
        t.total++;
        if (level === 'bad') t.bad++;
        if (level === 'warning') t.warning++;
      }
    }
    send({ t: 'count', id: w.id, ...all, namespaces });
  };
  const open = (w: Watch): void => {
    watches.set(w.id, w);
    if (w.t === 'count') { if (o.state !== 'slow') count(w); return; }
    const now = Date.now();
    const state = (s: object): void => send({ t: 'state', id: w.id, state: { since: now, ...s } });
    if (o.state === 'slow') { state({ state: 'loading' }); return; }
    if (o.state === 'forbidden') { state({ state: 'forbidden', code: 403, reason: `${w.resource.plural} is forbidden: User "ada" cannot list resource "${w.resource.plural}" in API group "${w.resource.group}" at the cluster scope` }); return; }
    if (o.state === 'failed') { state({ state: 'failed', code: 404, reason: 'the server could not find the requested resource' }); return; }
    const items = [...bucket(w).values()].filter(x => passes(w, x));
    for (let i = 0; i < items.length || i === 0; i += 500) send({ t: 'snapshot', id: w.id, items: items.slice(i, i + 500), done: i + 500 >= items.length });
    state(o.state === 'stale' ? { state: 'stale', since: now - 185_000, reason: 'connect ECONNREFUSED 10.0.0.5:6443', retryAt: now + 6000 } : { state: 'live' });
  };
  setInterval(() => {
    if (o.state !== 'live' || o.rate === 0) return;
    const changed = touch(world, Math.round(o.rate / 10));
    for (const w of watches.values()) {
      if (w.t === 'count') continue;
      const events = changed.filter(c => c.path === `${w.resource.group}/${w.resource.plural}` && passes(w, c.object)).map(c => ({ type: 'MODIFIED', object: c.object }));
      if (events.length > 0) send({ t: 'events', id: w.id, events });
    }
  }, 100);
  setInterval(() => { for (const w of watches.values()) if (w.t === 'count' && o.state === 'live') count(w); }, 10_000);

  const respond = (f: Extract<ToHost, { t: 'request' }>): unknown => {
    if (f.path === '/version') return { gitVersion: 'v1.36.0+pilothouse.0.1' };
    const kind = kinds.find(k => f.path === resourcePath(k) || f.path.endsWith(`/${k.plural}`));
    const items = [...(world.get(`${kind?.group}/${kind?.plural}`) ?? new Map<string, KubeObject>()).values()];
    const ns = /namespaces\/([^/]+)\//.exec(f.path)?.[1];
    return { items: ns ? items.filter(i => i.metadata?.namespace === ns).slice(0, 500) : items.slice(0, 500) };
  };
  const handle = (f: ToHost): void => {
    switch (f.t) {
      case 'hello': send({ t: 'welcome', version: 1, product: { name: 'Pilothouse', version: '0.1.0' }, platform: 'linux', settings: {}, calls: ['settings.set', 'examples.list', 'examples.start', 'kubeconfig.add'],
        clusters: [{ id: 'local', name: 'local', origin: 'embedded', server: 'https://127.0.0.1:6443', context: 'pilothouse' }, { id: 'staging', name: 'staging-eu', origin: 'kubeconfig', server: 'https://staging.internal:6443', context: 'staging-eu', protected: true }] }); break;
      case 'watch': case 'count': open(f); break;
      case 'cancel': watches.delete(f.id); break;
      case 'request': send({ t: 'response', id: f.id, body: respond(f) }); break;
      case 'app': send({ t: 'response', id: f.id, body: f.call === 'examples.list' ? [
        { name: 'dockercoins', title: 'DockerCoins', description: 'Five small services that mine nothing: generator, hasher, worker, web page and Redis.', workloads: 5, namespace: 'dockercoins' },
        { name: 'kiosk', title: 'Kiosk', description: 'A shop counter with orders, stock and a database.', workloads: 4, namespace: 'kiosk' }] : f.call === 'examples.start' ? { lines: ['a', 'b'], namespace: 'default' } : null }); break;
      case 'logs': case 'terminal': send({ t: 'data', id: f.id, stream: 'stdout', data: 'hello from the mock\r\n' }); break;
      default: break;
    }
  };
  return {
    send: frame => { const copy = structuredClone(frame) as ToHost; queueMicrotask(() => handle(copy)); },
    onFrame: listener => { send = listener; }, onClose: () => undefined, close: () => undefined,
  };
}
