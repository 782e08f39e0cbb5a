// Every feature, one line each.
import type { Feature } from '../app/feature.ts';
import { basics } from './basics/basics.tsx';
import { certificates } from './certificates/certificates.tsx';
import { events } from './events/events.tsx';
import { forward } from './forward/forward.tsx';
import { logs } from './logs/logs.tsx';
import { rollouts } from './rollouts/rollouts.tsx';
import { terminal } from './terminal/terminal.tsx';
import { yaml } from './yaml/yaml.tsx';

export const features: readonly Feature[] = [
  basics,
  logs,
  terminal,
  yaml,
  rollouts,
  forward,
  events,
  certificates,
];
