// Conditions of a status in the form most kinds have them (k8s.io/apimachinery meta/v1/validation).
import { duplicate, invalid, notSupported, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { labelKey, regexMessage } from '../../meta/names.ts';

const REASON = '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?', REASON_RE = new RegExp(`^${REASON}$`), STATUSES = ['False', 'True', 'Unknown'], LONGEST_REASON = 1024, LONGEST_MESSAGE = 32 * 1024;
const REASON_TEXT = regexMessage("a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'", REASON, 'my_name', 'MY_NAME', 'MyName', 'ReasonA,ReasonB', 'ReasonA:ReasonB');

interface Condition { type?: string; status?: string; observedGeneration?: number; lastTransitionTime?: string; reason?: string; message?: string }

/** All errors of a list of conditions, each type of which stands in it once. */
export function validateConditions(conditions: readonly Condition[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [], seen = new Set<string>();
  conditions?.forEach((c, i) => {
    const at = `${path}[${i}]`, type = c.type ?? '', reason = c.reason ?? '';
    if (seen.has(type)) errors.push(duplicate(`${at}.type`, type));
    seen.add(type);
    errors.push(...labelKey(type).map(m => invalid(`${at}.type`, type, m)));
    if (!STATUSES.includes(c.status ?? '')) errors.push(notSupported(`${at}.status`, c.status ?? '', STATUSES));
    if ((c.observedGeneration ?? 0) < 0) errors.push(invalid(`${at}.observedGeneration`, c.observedGeneration, 'must be greater than or equal to zero'));
    if (!c.lastTransitionTime) errors.push(required(`${at}.lastTransitionTime`, 'must be set'));
    if (reason === '') errors.push(required(`${at}.reason`, 'must be set'));
    else {
      if (!REASON_RE.test(reason)) errors.push(invalid(`${at}.reason`, reason, REASON_TEXT));
      if (reason.length > LONGEST_REASON) errors.push(tooLong(`${at}.reason`, LONGEST_REASON));
    }
    if ((c.message?.length ?? 0) > LONGEST_MESSAGE) errors.push(tooLong(`${at}.message`, LONGEST_MESSAGE));
  });
  return errors;
}
