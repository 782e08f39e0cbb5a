// Runs once before the files of a run, which run two at a time: neither may meet a window that the other is building.
import { buildHost } from '../harness/host.ts';
import { buildWindow } from './launch.ts';

export function setup(): void {
  buildHost();
  buildWindow();
}
