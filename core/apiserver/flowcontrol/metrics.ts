// Upstream's figures of priority and fairness, for /metrics.
import type { Family } from '../../base/figures.ts';
import type { FlowControl } from './flow-control.ts';

export function flowMetrics(flow: FlowControl): Family[] {
  const perLevel = (name: string, help: string, read: (l: FlowControl['levels'][number]) => number): Family =>
    ({ name: `apiserver_flowcontrol_${name}`, help, type: 'gauge', read: () => flow.levels.map(l => [{ priority_level: l.name }, read(l)]) });
  const flows = (): { level: string; schema: string; n: { dispatched: number; refused: Readonly<Record<string, number | undefined>> } }[] =>
    [...flow.counts].map(([key, n]) => { const [level = '', schema = ''] = key.split(' '); return { level, schema, n }; });
  return [
    perLevel('nominal_limit_seats', 'Seats of a priority level\'s own.', l => l.shape.nominal),
    perLevel('current_executing_seats', 'Seats taken now.', l => l.executing),
    perLevel('current_inqueue_requests', 'Requests that wait.', l => l.waiting),
    { name: 'apiserver_flowcontrol_dispatched_requests_total', help: 'Requests that were run.', type: 'counter', read: () => flows().map(f => [{ flow_schema: f.schema, priority_level: f.level }, f.n.dispatched]) },
    {
      name: 'apiserver_flowcontrol_rejected_requests_total', help: 'Requests that were refused, by reason.', type: 'counter',
      read: () => flows().flatMap(f => Object.entries(f.n.refused).map(([reason, n]): [Record<string, string>, number] => [{ flow_schema: f.schema, priority_level: f.level, reason }, n ?? 0])),
    },
  ];
}
