// Quantities (`100m`, `1.5Gi`, `1e3`), exact: a BigInt of billionths, canonical text as Kubernetes writes it
// (k8s.io/apimachinery resource.Quantity: precision stops at 1n, rounding away from zero).

export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';
export interface Quantity { readonly nanos: bigint; readonly format: QuantityFormat }

const QUANTITY = /^([+-]?)(\d*)(?:\.(\d*))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,4}))?$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n };
const DECIMAL_SUFFIX = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const BINARY_SUFFIX = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const NANO = 1_000_000_000n;
const MAX = ((1n << 63n) - 1n) * NANO;
export const QUANTITY_TEXT = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const SHAPE = /^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const divideUp = (n: bigint, d: bigint): bigint => (n % d === 0n ? n / d : n / d + (n < 0n ? -1n : 1n));

/** Why a text is no quantity, in Kubernetes' words; undefined when it is one. */
export function quantityError(text: string | number): string | undefined {
  return tryParse(String(text)) ? undefined : SHAPE.test(String(text)) ? 'unable to parse quantity\'s suffix' : QUANTITY_TEXT;
}

function tryParse(text: string): Quantity | undefined {
  // A number of this length is an attack on the arithmetic, not an amount.
  const m = text.length > 200 ? undefined : QUANTITY.exec(text);
  if (!m) return undefined;
  const whole = m[2]!, fraction = m[3] ?? '';
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(whole + fraction || '0');
  let nanos: bigint, format: QuantityFormat;
  const multiplier = m[4] === undefined ? undefined : BINARY[m[4]];
  if (multiplier !== undefined) {
    nanos = divideUp(digits * multiplier * NANO, 10n ** BigInt(fraction.length));
    format = 'BinarySI';
  } else {
    const exponent = m[5] === undefined ? DECIMAL[m[4] ?? '']! : Number(m[5]);
    const shift = exponent + 9 - fraction.length;
    if (digits !== 0n && shift > 60) nanos = MAX;
    else nanos = shift >= 0 ? digits * 10n ** BigInt(digits === 0n ? 0 : shift) : divideUp(digits, 10n ** BigInt(Math.min(-shift, 400)));
    format = m[5] === undefined ? 'DecimalSI' : 'DecimalExponent';
  }
  if (nanos > MAX) nanos = MAX;
  return { nanos: m[1] === '-' ? -nanos : nanos, format };
}

/** Parses a quantity; a JSON number is one too. Throws RangeError with Kubernetes' text. */
export function parseQuantity(value: string | number): Quantity {
  const q = tryParse(String(value));
  if (!q) throw new RangeError(quantityError(value));
  return q;
}

/** Billionths of a quantity; 0 for a missing one. */
export const nanosOf = (value: string | number | undefined): bigint => (value === undefined ? 0n : parseQuantity(value).nanos);
/** The value rounded up to whole units, as a number (bytes of memory: exact to 2^53). */
export const wholeOf = (value: string | number | undefined): number => Number(divideUp(nanosOf(value), NANO));
/** Thousandths rounded up: millicores of a CPU quantity. */
export const millisOf = (value: string | number | undefined): number => Number(divideUp(nanosOf(value), 1_000_000n));
export const compareQuantity = (a: string | number, b: string | number): -1 | 0 | 1 => {
  const x = nanosOf(a), y = nanosOf(b);
  return x < y ? -1 : x > y ? 1 : 0;
};
/** The sum in `a`'s format (in `b`'s when a is zero, as Kubernetes does). */
export function addQuantity(a: string | undefined, b: string | undefined): string {
  const x = a === undefined ? undefined : parseQuantity(a), y = b === undefined ? undefined : parseQuantity(b);
  if (!x || !y) return x ?? y ? formatQuantity((x ?? y)!) : '0';
  return formatQuantity({ nanos: x.nanos + y.nanos, format: x.nanos === 0n ? y.format : x.format });
}
/** `a - b`; may be negative. */
export function subtractQuantity(a: string | undefined, b: string | undefined): string {
  const y = parseQuantity(b ?? '0'), x = a === undefined ? { nanos: 0n, format: y.format } : parseQuantity(a);
  return formatQuantity({ nanos: x.nanos - y.nanos, format: x.nanos === 0n ? y.format : x.format });
}

/** The canonical text: no fraction, the largest suffix that keeps the number whole. */
export function formatQuantity(q: Quantity): string {
  const { nanos } = q;
  if (nanos === 0n) return '0';
  if (q.format === 'BinarySI' && nanos % NANO === 0n && (nanos >= 1024n * NANO || nanos <= -1024n * NANO)) {
    let n = nanos / NANO, i = 0;
    while (i < BINARY_SUFFIX.length - 1 && n % 1024n === 0n) { n /= 1024n; i++; }
    return `${n}${BINARY_SUFFIX[i]!}`;
  }
  let n = nanos, i = 0;
  while (i < DECIMAL_SUFFIX.length - 1 && n % 1000n === 0n) { n /= 1000n; i++; }
  if (q.format !== 'DecimalExponent') return `${n}${DECIMAL_SUFFIX[i]!}`;
  return i === 3 ? `${n}` : `${n}e${(i - 3) * 3}`;
}

const canonical = new Map<string | number, string>();
/** The canonical text of a quantity (`1000m` -> `1`, `0.5` -> `500m`), thousandths rounded up when `milli`. Throws as parseQuantity. */
export function canonicalQuantity(value: string | number, milli = false): string {
  const known = canonical.get(value);
  if (known !== undefined) return known;
  const q = parseQuantity(typeof value === 'string' ? value.trim() : value);
  const whole = q.nanos % 1_000_000n === 0n;
  const text = formatQuantity(milli && !whole ? { ...q, nanos: divideUp(q.nanos, 1_000_000n) * 1_000_000n } : q);
  if (canonical.size > 4096) canonical.clear();
  // Finer than a thousandth, the answer depends on `milli`: those few are not remembered.
  if (whole) canonical.set(value, text);
  return text;
}
