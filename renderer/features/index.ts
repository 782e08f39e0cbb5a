// Every feature, one line each.
import type { Feature } from '../app/feature.ts';
import { autoscaling } from './autoscaling/autoscaling.tsx';
import { basics } from './basics/basics.tsx';
import { budgets } from './budgets/budgets.tsx';
import { certificates } from './certificates/certificates.tsx';
import { completions } from './completions/completions.tsx';
import { drain } from './drain/drain.tsx';
import { events } from './events/events.tsx';
import { forward } from './forward/forward.tsx';
import { logs } from './logs/logs.tsx';
import { members } from './members/members.tsx';
import { placement } from './placement/placement.tsx';
import { rollouts } from './rollouts/rollouts.tsx';
import { schedules } from './schedules/schedules.tsx';
import { storage } from './storage/storage.tsx';
import { terminal } from './terminal/terminal.tsx';
import { yaml } from './yaml/yaml.tsx';

export const features: readonly Feature[] = [
  basics,
  drain,
  logs,
  terminal,
  yaml,
  rollouts,
  placement,
  schedules,
  completions,
  autoscaling,
  members,
  budgets,
  storage,
  forward,
  events,
  certificates,
];
