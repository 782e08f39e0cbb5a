// Kubernetes' meaning of `--controllers`: `*` is every controller on by default, `foo` turns one on, `-foo` turns it off;
// the first mention of a name decides, and without `*` only the named ones run.

/** Whether the controller called `name` (or `alias`) is to run under `list`. */
export function isEnabled(name: string, alias: string, list: readonly string[]): boolean {
  for (const word of list) {
    if (word === name || word === alias) return true;
    if (word === `-${name}` || word === `-${alias}`) return false;
  }
  return list.includes('*');
}

/** Words of `list` that name no controller; Kubernetes refuses to start with `"x" is not in the list of known controllers`. */
export function unknownControllers(known: readonly { name: string; alias: string }[], list: readonly string[]): string[] {
  const names = new Set(known.flatMap(c => [c.name, c.alias]));
  return list.filter(word => word !== '*' && !names.has(word.startsWith('-') ? word.slice(1) : word));
}
