// The window on a made-up host, for looking at it and measuring it: ?pods=10000&rate=200&state=live|stale|forbidden|empty|slow.
// A build of its own (dev/vite.config.ts); it is not shipped.
import { start } from '../app/start.tsx';
import { mockPort } from './mock.ts';

const q = new URLSearchParams(location.search);
start(() => Promise.resolve(mockPort({ pods: Number(q.get('pods') ?? 10_000), rate: Number(q.get('rate') ?? 200), state: q.get('state') ?? 'live' })));
