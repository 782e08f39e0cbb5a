// What a Quantity becomes when Go has read and written it: 0.5 -> 500m, 1024Mi -> 1Gi, 1000m -> 1.

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+)?$/;
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const SUFFIX = new Map(Object.entries(DECIMAL).map(([s, e]) => [e, s]));
export const QUANTITY_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const MAX = (2n ** 63n - 1n) * 10n ** 9n;
/** Integers and the suffixes people write that are canonical as they stand. */
const CANONICAL = /^(?:0|[1-9]\d{0,2}(?:[mkMGT]|[KMGT]i)?)$/;

/** Throws an Error with Kubernetes' text when it is none. */
export function canonicalQuantity(text: string): string {
  if (CANONICAL.test(text)) return text;
  const m = FORM.exec(text);
  if (!m || (!m[2] && !m[3])) throw new Error(QUANTITY_ERROR);
  const [, sign, whole = '', fraction = '', suffix = ''] = m;
  // Everything in units of 10^-9, rounded up (away from zero), as Kubernetes does.
  let value: bigint, base: 'binary' | 'decimal' | 'exponent';
  const digits = BigInt(`${whole}${fraction}` || '0'), scale = fraction.length;
  const binary = suffix === '' ? -1 : BINARY.indexOf(suffix);
  let numerator = digits * 10n ** 9n;
  if (binary > 0) { numerator *= 1024n ** BigInt(binary); base = 'binary'; value = divideUp(numerator, 10n ** BigInt(scale)); }
  else {
    base = /^[eE]./.test(suffix) ? 'exponent' : 'decimal';
    const e = (base === 'exponent' ? Number(suffix.slice(1)) : DECIMAL[suffix]!) - scale;
    if (Math.abs(e) > 400) throw new Error(QUANTITY_ERROR);
    numerator = e >= 0 ? numerator * 10n ** BigInt(e) : numerator;
    value = e >= 0 ? numerator : divideUp(numerator, 10n ** BigInt(-e));
  }
  if (value > MAX) value = MAX;
  return value === 0n ? '0' : `${sign === '-' ? '-' : ''}${write(value, base)}`;
}

const divideUp = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

function write(nanos: bigint, base: 'binary' | 'decimal' | 'exponent'): string {
  // A binary quantity below 1024 or with a fraction falls back to decimal notation.
  if (base === 'binary' && nanos % 10n ** 9n === 0n && nanos / 10n ** 9n >= 1024n) {
    let n = nanos / 10n ** 9n, i = 0;
    while (n % 1024n === 0n && i < BINARY.length - 1) { n /= 1024n; i++; }
    return `${n}${BINARY[i]}`;
  }
  let n = nanos, e = -9;
  while (n % 1000n === 0n && e < 18) { n /= 1000n; e += 3; }
  return `${n}${base === 'exponent' ? (e === 0 ? '' : `e${e}`) : SUFFIX.get(e)}`;
}
