// Structured log lines on stderr. `key=value` so that people read them and tools can parse them.

import { systemClock, type Clock } from './clock.ts';

export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger whose lines carry `component=name`. */
  child(name: string): Log;
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

/** Writes lines of `level` and above to `write`. Errors among the fields show their message. */
export function createLog(level: Level, write: (line: string) => void, component = '', clock: Clock = systemClock): Log {
  const at = (l: Level) => (message: string, fields: Record<string, unknown> = {}): void => {
    if (LEVELS.indexOf(l) < LEVELS.indexOf(level)) return;
    const rest = Object.entries(fields).map(([k, v]) => ` ${k}=${v instanceof Error ? JSON.stringify(v.message) : JSON.stringify(v)}`).join('');
    write(`${new Date(clock.now()).toISOString()} ${l}${component ? ` [${component}]` : ''} ${message}${rest}\n`);
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: name => createLog(level, write, component ? `${component}.${name}` : name, clock) };
}

/** Says nothing; for tests. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
