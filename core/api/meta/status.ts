// API errors: one class, one constructor function per reason, with Kubernetes' own texts (design contract: errors).
import { fieldErrorText, type FieldError } from './field-error.ts';
import type { Status } from '../types/kubernetes.ts';

export type { Status } from '../types/kubernetes.ts';

/** Thrown anywhere behind the API's door; carries the Status the client gets. */
export class ApiError extends Error {
  readonly status: Status & { code: number };
  constructor(status: Status & { code: number }) {
    super(status.message ?? status.reason ?? `status ${status.code}`);
    this.name = 'ApiError';
    this.status = status;
  }
  get code(): number { return this.status.code; }
  get reason(): string { return this.status.reason ?? ''; }
}

interface Named { group: string; plural: string }
const qualified = (r: Named): string => (r.group === '' ? r.plural : `${r.plural}.${r.group}`);
const details = (r: Named, name: string): NonNullable<Status['details']> => ({ ...(name ? { name } : {}), ...(r.group ? { group: r.group } : {}), kind: r.plural });

/** An error that answers with this Status; `code` is the HTTP status, `reason` may be empty. */
export function failure(code: number, reason: string, message: string, extra: Partial<Status> = {}): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, ...extra, code });
}

export const notFoundError = (r: Named, name: string): ApiError => failure(404, 'NotFound', `${qualified(r)} "${name}" not found`, { details: details(r, name) });
export const alreadyExists = (r: Named, name: string): ApiError => failure(409, 'AlreadyExists', `${qualified(r)} "${name}" already exists`, { details: details(r, name) });
export const conflict = (r: Named, name: string, why = 'the object has been modified; please apply your changes to the latest version and try again'): ApiError =>
  failure(409, 'Conflict', `Operation cannot be fulfilled on ${qualified(r)} "${name}": ${why}`, { details: details(r, name) });
export const badRequest = (message: string): ApiError => failure(400, 'BadRequest', message);
export const unauthorized = (): ApiError => failure(401, 'Unauthorized', 'Unauthorized');
export const forbiddenError = (r: Named, name: string, why: string, extra: Partial<Status> = {}): ApiError =>
  failure(403, 'Forbidden', `${qualified(r)}${name ? ` "${name}"` : ''} is forbidden: ${why}`, { details: { ...details(r, name), ...extra.details } });
export const methodNotAllowed = (): ApiError => failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', { details: {} });
export const notAcceptable = (message: string): ApiError => failure(406, 'NotAcceptable', message);
export const unsupportedMediaType = (message: string): ApiError => failure(415, 'UnsupportedMediaType', message);
export const gone = (message: string): ApiError => failure(410, 'Expired', message);
export const tooLarge = (message: string): ApiError => failure(413, 'RequestEntityTooLarge', message);
export const internalError = (message: string): ApiError => failure(500, 'InternalError', `Internal error occurred: ${message}`, { details: { causes: [{ message }] } });
export const unavailable = (message: string): ApiError => failure(503, 'ServiceUnavailable', message);
export const tooManyRequests = (message: string, retryAfterSeconds: number, extra: Partial<Status> = {}): ApiError =>
  failure(429, 'TooManyRequests', message, { ...extra, details: { ...extra.details, retryAfterSeconds } });
/** For an unknown URL below a known prefix. */
export const noSuchResource = (): ApiError => failure(404, 'NotFound', 'the server could not find the requested resource', { details: {} });

/** 422 with every field error; `kind` is the Kind (not the plural) as Kubernetes does for Invalid. */
export function invalidError(r: { group: string; kind: string }, name: string, errors: readonly FieldError[]): ApiError {
  const texts = [...new Set(errors.map(fieldErrorText))];
  const message = `${r.group === '' ? r.kind : `${r.kind}.${r.group}`} "${name}" is invalid: ${texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`}`;
  return failure(422, 'Invalid', message, {
    details: { ...(name ? { name } : {}), ...(r.group ? { group: r.group } : {}), kind: r.kind, causes: errors.map(e => ({ reason: e.type, message: e.detail, field: e.field })) },
  });
}

/** Any thrown value as a Status: ApiErrors as they are, all else as 500. */
export function statusOf(error: unknown): Status & { code: number } {
  return error instanceof ApiError ? error.status : internalError(error instanceof Error ? error.message : String(error)).status;
}
export const isNotFound = (e: unknown): boolean => e instanceof ApiError && e.code === 404;
export const isConflict = (e: unknown): boolean => e instanceof ApiError && e.code === 409 && e.reason === 'Conflict';
export const isAlreadyExists = (e: unknown): boolean => e instanceof ApiError && e.reason === 'AlreadyExists';
