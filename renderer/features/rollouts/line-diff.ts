// Lines two texts differ in: the longest common subsequence, after equal ends are taken off.

export interface DiffLine { sign: ' ' | '+' | '-'; text: string }

/** Of templates, which have hundreds of lines: quadratic in what is left between the equal ends. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const a = before.split('\n'), b = after.split('\n');
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const x = a.slice(head, a.length - tail), y = b.slice(head, b.length - tail);
  const width = y.length + 1;
  const table = new Uint32Array((x.length + 1) * width);
  for (let i = x.length - 1; i >= 0; i--) for (let j = y.length - 1; j >= 0; j--) table[i * width + j] = x[i] === y[j] ? table[(i + 1) * width + j + 1]! + 1 : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);
  const out: DiffLine[] = a.slice(0, head).map(text => ({ sign: ' ', text }));
  let i = 0, j = 0;
  while (i < x.length || j < y.length) {
    if (i < x.length && j < y.length && x[i] === y[j]) { out.push({ sign: ' ', text: x[i]! }); i++; j++; } else if (i < x.length && (j >= y.length || table[(i + 1) * width + j]! >= table[i * width + j + 1]!)) out.push({ sign: '-', text: x[i++]! });
    else out.push({ sign: '+', text: y[j++]! });
  }
  for (const text of a.slice(a.length - tail)) out.push({ sign: ' ', text });
  return out;
}

/** Only what changed and some lines around it; `null` marks a gap. */
export function hunks(lines: readonly DiffLine[], around = 4): (DiffLine | null)[] {
  const near = lines.map((_, i) => lines.slice(Math.max(0, i - around), i + around + 1).some(l => l.sign !== ' '));
  const out: (DiffLine | null)[] = [];
  for (const [i, l] of lines.entries()) if (near[i]) out.push(l); else if (out.at(-1) !== null) out.push(null);
  return out;
}
