// Any thrown value as the error a window can show.
import type { WireError } from '../contract/frames.ts';

/** A failure of the gateway itself, not of a cluster. */
export class GatewayError extends Error {
  readonly code: number;
  constructor(message: string, code = 400) { super(message); this.name = 'GatewayError'; this.code = code; }
}

/** Status failures keep their code, reason and details; connection errors become code 0 with the system's word as reason. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof GatewayError) return { code: error.code, reason: 'Gateway', message: error.message };
  if (!(error instanceof Error)) return { code: 0, reason: 'Unknown', message: String(error) };
  const status = (error as { status?: { code?: number; reason?: string; message?: string; details?: unknown } }).status;
  if (typeof status === 'object' && status !== null && typeof status.code === 'number') {
    return { code: status.code, reason: status.reason ?? '', message: status.message ?? error.message, ...(status.details === undefined ? {} : { details: status.details }) };
  }
  const root = error.cause instanceof Error ? error.cause : error;
  const word = (root as { code?: unknown }).code;
  return { code: 0, reason: typeof word === 'string' ? word : error.name, message: root === error ? error.message : `${error.message}: ${root.message}` };
}
