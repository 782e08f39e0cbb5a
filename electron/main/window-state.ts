// Where the window was, in a small file; a broken or absurd one is as good as none.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface WindowState { bounds: { x?: number; y?: number; width: number; height: number }; maximized: boolean }
const DEFAULT: WindowState = { bounds: { width: 1280, height: 820 }, maximized: false };

/** The window as it was left; the default for a file that is missing, broken or absurd. Never throws. */
export function loadState(file: string): WindowState {
  try {
    const s = JSON.parse(readFileSync(file, 'utf8')) as WindowState;
    const { x, y, width, height } = s.bounds;
    if (![width, height].every(n => Number.isFinite(n) && n >= 300 && n <= 20_000)) return DEFAULT;
    return { bounds: { width, height, ...(Number.isFinite(x) && Number.isFinite(y) ? { x, y } : {}) }, maximized: s.maximized === true };
  } catch { return DEFAULT; /* first start, or not ours: begin anew */ }
}

/** Writes it whole, by rename. Throws when the file cannot be written. */
export function saveState(file: string, s: WindowState): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, JSON.stringify(s));
  renameSync(`${file}.new`, file);
}
