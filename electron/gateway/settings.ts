// What the user chose, in one JSON file of the data directory; written whole and by rename, so that a crash leaves old or new.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../core/base/log.ts';
import type { AppHandler } from './session.ts';
import { GatewayError } from './wire-error.ts';

export interface SettingsStore {
  all(): Readonly<Record<string, unknown>>;
  /** `undefined` removes. Throws when the file cannot be written. */
  set(key: string, value: unknown): void;
}

/** A file that cannot be read as JSON is kept aside as `<file>.bad` and told about; the user starts with defaults. */
export function fileSettings(file: string, log: Log): SettingsStore {
  let values: Record<string, unknown> = {};
  try { values = asRecord(JSON.parse(readFileSync(file, 'utf8'))); } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn('settings could not be read; starting with defaults', { file, error });
      try { renameSync(file, `${file}.bad`); } catch (moving) { log.warn('settings could not be put aside', { file, error: moving }); }
    }
  }
  return {
    all: () => values,
    set(key, value) {
      const next = { ...values };
      if (value === undefined || value === null) delete next[key]; else next[key] = value;
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(`${file}.new`, JSON.stringify(next, null, 1), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      values = next;
    },
  };
}

/** The window's calls that read and write settings; a malformed key or more than 256 KiB is a GatewayError. */
export function settingsCalls(store: SettingsStore): Record<string, AppHandler> {
  return {
    'settings.set': async args => {
      const { key, value } = asRecord(args);
      if (typeof key !== 'string' || !/^[A-Za-z][\w.:/-]{0,200}$/.test(key)) throw new GatewayError('settings.set: key is missing or malformed');
      if (JSON.stringify(value ?? null).length > 256 * 1024) throw new GatewayError('settings.set: value is too large');
      store.set(key, value);
      return null;
    },
  };
}

function asRecord(v: unknown): Record<string, unknown> {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) throw new GatewayError('expected an object');
  return v as Record<string, unknown>;
}
