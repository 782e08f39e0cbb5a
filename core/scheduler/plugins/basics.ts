// The order of the queue, and pods that are held back by gates.
import type { Plugin } from '../framework.ts';

export const prioritySort: Plugin = {
  name: 'PrioritySort',
  before: (a, b) => (a.info.priority !== b.info.priority ? a.info.priority > b.info.priority : a.since !== b.since ? a.since < b.since : a.serial < b.serial),
};

export const schedulingGates: Plugin = {
  name: 'SchedulingGates', events: { 'gates-changed': true },
  preEnqueue(pod) {
    const gates = pod.pod.spec?.schedulingGates ?? [];
    return gates.length ? `waiting for scheduling gates: [${gates.map(g => g.name).join(' ')}]` : undefined;
  },
};
