// Which log was asked for last: its view takes the focus, so that the keys go on where the eyes are. A view that only comes back
// with the window takes none.
import { Store } from '../../base/store.ts';

/** Dock id, raised count: asking for the same log again focuses it again. */
export const wanted = new Store<{ id: string; times: number } | undefined>(undefined);
let times = 0;
export const wantFocus = (id: string): void => wanted.set({ id, times: ++times });
