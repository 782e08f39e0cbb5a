/** The strategy of nearly every kind with a status: a write of the object leaves its status as it was. */
export function keepStatus<T extends { status?: unknown }>(next: T, prev: T): void {
  if (prev.status === undefined) delete next.status; else next.status = prev.status;
}
