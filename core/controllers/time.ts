// API times and milliseconds.

/** `2026-01-01T00:00:00Z` from milliseconds since the epoch. */
export const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** Milliseconds of an API time; undefined for none. */
export const millis = (time: string | undefined): number | undefined => (time ? Date.parse(time) : undefined);
