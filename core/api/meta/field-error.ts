// Field errors as Kubernetes words them (k8s.io/apimachinery field.Error); validation collects all of them, never the first only.

export type FieldErrorType =
  | 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueDuplicate' | 'FieldValueNotSupported'
  | 'FieldValueNotFound' | 'FieldValueForbidden' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'FieldValueTypeInvalid' | 'InternalError';

export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].name`. */
  readonly field: string;
  /** `Required value: …`, without the field. */
  readonly detail: string;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === undefined || value === null) return 'null';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
const tail = (detail?: string): string => (detail ? `: ${detail}` : '');

export const required = (field: string, detail?: string): FieldError => ({ type: 'FieldValueRequired', field, detail: `Required value${tail(detail)}` });
export const invalid = (field: string, value: unknown, detail?: string): FieldError => ({ type: 'FieldValueInvalid', field, detail: `Invalid value: ${show(value)}${tail(detail)}` });
export const duplicate = (field: string, value: unknown): FieldError => ({ type: 'FieldValueDuplicate', field, detail: `Duplicate value: ${show(value)}` });
export const notFound = (field: string, value: unknown): FieldError => ({ type: 'FieldValueNotFound', field, detail: `Not found: ${show(value)}` });
export const forbidden = (field: string, detail?: string): FieldError => ({ type: 'FieldValueForbidden', field, detail: `Forbidden${tail(detail)}` });
export const tooLong = (field: string, max: number): FieldError => ({ type: 'FieldValueTooLong', field, detail: `Too long: may not be more than ${max} bytes` });
export const tooMany = (field: string, actual: number, max: number): FieldError => ({ type: 'FieldValueTooMany', field, detail: `Too many: ${actual}: must have at most ${max} items` });
/** `Unsupported value: "x": supported values: "a", "b"`; in order of the alphabet, or `asGiven` where upstream lists them by hand. */
export const notSupported = (field: string, value: unknown, supported: readonly string[], asGiven = false): FieldError =>
  ({ type: 'FieldValueNotSupported', field, detail: `Unsupported value: ${show(value)}: supported values: ${(asGiven ? supported : [...supported].sort()).map(s => JSON.stringify(s)).join(', ')}` });

/** `spec.x: Required value`. */
export const fieldErrorText = (e: FieldError): string => `${e.field}: ${e.detail}`;
