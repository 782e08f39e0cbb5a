// endpoint_slice_controller_* and endpoint_slice_mirroring_controller_*: what there is and what was written of it.
import type { Counter, Figures } from '../../base/figures.ts';
import type { Changes, Wanted } from './slices.ts';

/** Endpoints of a slice at most: as many slices as that takes are enough. */
const MOST = 100;

export class SliceFigures {
  readonly #changes: Counter;
  readonly #syncs: Counter;
  readonly #services = new Map<string, { slices: number; endpoints: number; least: number }>();
  /** `subsystem` is what the names begin with. */
  constructor(f: Figures, subsystem: string) {
    this.#changes = f.counter(`${subsystem}_changes`, 'Slices written, by what was done.', ['operation']);
    this.#syncs = f.counter(`${subsystem}_syncs`, 'Services looked at, by how it ended.', ['result']);
    const sum = (name: string, help: string, of: (s: { slices: number; endpoints: number; least: number }) => number): void =>
      f.observed({ name: `${subsystem}_${name}`, type: 'gauge', help, read: () => [[{}, [...this.#services.values()].reduce((n, s) => n + of(s), 0)]] });
    sum('num_endpoint_slices', 'Slices there are.', s => s.slices);
    sum('desired_endpoint_slices', 'Slices there would be if all were full.', s => s.least);
    sum('endpoints_desired', 'Endpoints of all services.', s => s.endpoints);
  }

  /** A service has what it wants, of so many slices before. */
  done(key: string, wanted: readonly Wanted[], before: number, c: Changes): void {
    for (const operation of ['create', 'update', 'delete'] as const) if (c[operation] > 0) this.#changes.add([operation], c[operation]);
    this.#syncs.add(['success']);
    this.#services.set(key, {
      slices: before + c.create - c.delete, endpoints: wanted.reduce((n, w) => n + w.endpoints.length, 0), least: wanted.reduce((n, w) => n + Math.max(1, Math.ceil(w.endpoints.length / MOST)), 0),
    });
  }
  failed(): void { this.#syncs.add(['error']); }
  /** The cache is behind what was written: later. */
  stale(): void { this.#syncs.add(['stale']); }
  gone(key: string): void { this.#services.delete(key); }
}
