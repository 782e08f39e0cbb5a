// Keys are paths; watchers and history are filed under the directories of a key, so that an event meets only those it may concern.

/** Calls `visit` with every directory that holds `key`, from the root ('') down: `/a/b/c` is in '', '/', '/a/' and '/a/b/'. */
export function eachDirectory(key: string, visit: (directory: string) => void): void {
  visit('');
  for (let i = key.indexOf('/'); i >= 0; i = key.indexOf('/', i + 1)) visit(key.slice(0, i + 1));
}

/** The deepest directory that holds every key with `prefix`. */
export const directoryOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/') + 1);
