// Which terminal was just asked for: its screen takes the focus. One that only comes back with the window takes none.
let wanted: string | undefined;
export const wantFocus = (id: string): void => { wanted = id; };
/** Was it asked for? Answers yes once. */
export function takesFocus(id: string): boolean {
  if (wanted !== id) return false;
  wanted = undefined;
  return true;
}
