// Who has the keyboard, and which view of the dock was just asked for: it takes the focus. One that only comes back with the window,
// however late, takes none from whoever is typing.
let wanted: string | undefined;
/** The dock tab with this id takes the focus as soon as it can. */
export const wantFocus = (id: string): void => { wanted = id; };
/** Was it asked for? Answers yes once. */
export function takesFocus(id: string): boolean {
  if (wanted !== id) return false;
  wanted = undefined;
  return true;
}
