// One line per message: the time, how grave it is, the words, and what they speak of.
export interface Log {
  info(message: string, about?: Readonly<Record<string, unknown>>): void;
  error(message: string, error: unknown, about?: Readonly<Record<string, unknown>>): void;
}

/** `write` takes whole lines; `now` is milliseconds since 1970. */
export function createLog(write: (line: string) => void = line => { process.stdout.write(line); }, now: () => number = Date.now): Log {
  const say = (level: string, message: string, about: object): void => {
    write(`${new Date(now()).toISOString()}\t${level}\t${message}${Object.keys(about).length > 0 ? `\t${JSON.stringify(about)}` : ''}\n`);
  };
  return {
    info: (message, about = {}) => { say('INFO', message, about); },
    error: (message, error, about = {}) => { say('ERROR', message, { ...about, error: error instanceof Error ? error.message : String(error) }); },
  };
}
