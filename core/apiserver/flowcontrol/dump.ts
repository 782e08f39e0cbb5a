// /debug/api_priority_and_fairness/: what happens in the levels, as upstream's comma-separated tables.
import { text, type Answer } from '../discovery/answer.ts';
import type { FlowControl } from './flow-control.ts';

const table = (head: readonly string[], rows: readonly (readonly (string | number | boolean)[])[]): Answer => text([head, ...rows].map(r => `${r.join(', ')}\n`).join(''));

/** The answer to a path below /debug/api_priority_and_fairness; undefined for others. */
export function dump(flow: FlowControl, path: string): Answer | undefined {
  const counts = (level: string): { dispatched: number; rejected: number; timedOut: number } => {
    const sum = { dispatched: 0, rejected: 0, timedOut: 0 };
    for (const [key, n] of flow.counts) {
      if (!key.startsWith(`${level} `)) continue;
      sum.dispatched += n.dispatched;
      sum.rejected += (n.refused['queue-full'] ?? 0) + (n.refused['concurrency-limit'] ?? 0);
      sum.timedOut += n.refused['time-out'] ?? 0;
    }
    return sum;
  };
  switch (/^\/debug\/api_priority_and_fairness\/(\w+)\/?$/.exec(path)?.[1]) {
    case 'dump_priority_levels':
      return table(['PriorityLevelName', 'ActiveQueues', 'IsIdle', 'IsQuiescing', 'WaitingRequests', 'ExecutingRequests', 'DispatchedRequests', 'RejectedRequests', 'TimedoutRequests', 'CancelledRequests'],
        flow.levels.map(l => { const n = counts(l.name); return [l.name, l.queues().filter(q => q.waiting.length > 0).length, l.executing + l.waiting === 0, false, l.waiting, l.executing, n.dispatched, n.rejected, n.timedOut, 0]; }));
    case 'dump_queues':
      return table(['PriorityLevelName', 'Index', 'PendingRequests', 'ExecutingRequests', 'SeatsInUse', 'NextDispatchR', 'InitialSeatsSum', 'MaxSeatsSum', 'TotalWorkSum'],
        flow.levels.flatMap(l => l.queues().map(q => { const seats = q.waiting.reduce((n, w) => n + w.width, 0); return [l.name, q.index, q.waiting.length, 0, 0, q.start, seats, seats, seats]; })));
    case 'dump_requests':
      return table(['PriorityLevelName', 'FlowSchemaName', 'QueueIndex', 'RequestIndexInQueue', 'FlowDistingsher', 'ArriveTime', 'InitialSeats'],
        flow.levels.flatMap(l => l.queues().flatMap(q => q.waiting.map((w, i) => [l.name, w.flow.split('/')[0]!, q.index, i, w.flow.slice(w.flow.indexOf('/') + 1), new Date(w.since).toISOString(), w.width]))));
    default: return undefined;
  }
}
