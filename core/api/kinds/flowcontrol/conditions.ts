// Rules of the status both kinds of flow control share.
import { duplicate, required, type FieldError } from '../../meta/field-error.ts';

/** Types must be there, and each only once. */
export function conditionErrors(conditions: readonly { type?: string }[] | undefined): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  conditions?.forEach((c, i) => {
    const at = `status.conditions[${i}].type`, type = c.type ?? '';
    if (seen.has(type)) errors.push(duplicate(at, type));
    seen.add(type);
    if (type === '') errors.push(required(at, 'must not be empty'));
  });
  return errors;
}
