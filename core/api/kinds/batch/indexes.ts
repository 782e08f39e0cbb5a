// Lists of completion indexes as jobs write them: `1,3-5,7` (k8s.io/kubernetes pkg/apis/batch/validation).

/** First and last of one part, or what is wrong with it. */
function interval(text: string, completions: number): readonly [number, number] | string {
  const limits = text.split('-');
  if (limits.length > 2) return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^[+]?\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(Number(limit));
  }
  const [x, y = x] = numbers as [number, number?];
  return limits.length > 1 && x >= y ? `non-increasing order, previous: ${x}, current: ${y}` : [x, y];
}

/** How many indexes a list names, all below `completions`; what is wrong with it as text. */
export function countIndexes(text: string, completions: number): number | string {
  let last = -1, total = 0;
  for (const part of text === '' ? [] : text.split(',')) {
    const found = interval(part, completions);
    if (typeof found === 'string') return found;
    if (last >= found[0]) return `non-increasing order, previous: ${last}, current: ${found[0]}`;
    total += found[1] - found[0] + 1;
    last = found[1];
  }
  return total;
}

/** The first index that stands in both lists; parts that are none are passed over. */
export function firstShared(a: string, b: string, completions: number): number | undefined {
  const parts = (text: string): (readonly [number, number])[] => (text === '' ? [] : text.split(',')).map(p => interval(p, completions)).filter(p => typeof p !== 'string');
  const xs = parts(a), ys = parts(b);
  for (let i = 0, j = 0; i < xs.length && j < ys.length;) {
    const x = xs[i]!, y = ys[j]!;
    if (x[0] <= y[1] && y[0] <= x[1]) return Math.max(x[0], y[0]);
    if (x[0] <= y[0]) i++; else j++;
  }
  return undefined;
}
