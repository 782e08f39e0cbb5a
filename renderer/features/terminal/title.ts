// Names of terminal tabs: several into the same object are told apart by a number.

/** `web`, then `web 2`, `web 3`; the lowest that is free. */
export function freeTitle(name: string, taken: readonly string[]): string {
  let title = name;
  for (let n = 2; taken.includes(title); n++) title = `${name} ${n}`;
  return title;
}
