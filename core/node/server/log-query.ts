// Query parameters of a log request: what the API calls PodLogOptions.
import { badRequest } from '../../api/meta/status.ts';
import { systemClock, type Clock } from '../../base/clock.ts';
import type { LogQuery } from './backend.ts';

/** Throws 400 for values that are no numbers or times. */
export function logQuery(q: URLSearchParams, signal: AbortSignal, clock: Clock = systemClock): LogQuery {
  const flag = (name: string): boolean => { const v = q.get(name); return v !== null && v !== '' && v !== 'false' && v !== '0'; };
  const whole = (name: string): number | undefined => {
    const v = q.get(name);
    if (v === null || v === '') return undefined;
    if (!/^-?\d+$/.test(v)) throw badRequest(`invalid value for ${name}: ${JSON.stringify(v)}`);
    return Number(v);
  };
  const seconds = whole('sinceSeconds');
  const at = q.get('sinceTime');
  const sinceTime = at ? Date.parse(at) : seconds === undefined ? undefined : clock.now() - seconds * 1000;
  if (sinceTime !== undefined && Number.isNaN(sinceTime)) throw badRequest(`invalid value for sinceTime: ${JSON.stringify(at)}`);
  // Only one stream can be asked for alone; "All" is the default.
  const stream = q.get('stream');
  return {
    follow: flag('follow'), previous: flag('previous'), timestamps: flag('timestamps'), tailLines: whole('tailLines'), limitBytes: whole('limitBytes'), sinceTime,
    stream: stream === 'Stdout' || stream === 'Stderr' ? stream : undefined, signal,
  };
}
