// int-or-string values: counts or percentages (`25%`).

export type IntOrString = number | string;

/** The percentage in `25%`, undefined for anything else. */
export function percentOf(value: IntOrString): number | undefined {
  return typeof value === 'string' && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}

/**
 * The count a value stands for out of `total`; percentages round up or down as asked. Throws RangeError for a string
 * that is neither a percentage (k8s.io/apimachinery intstr.GetScaledValueFromIntOrPercent).
 */
export function scaledValue(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) throw new RangeError('nil value for IntOrString');
  if (typeof value === 'number') return value;
  const percent = percentOf(value);
  if (percent === undefined) throw new RangeError(`invalid value for IntOrString: invalid type: string is not a percentage`);
  return roundUp ? Math.ceil((percent * total) / 100) : Math.floor((percent * total) / 100);
}
