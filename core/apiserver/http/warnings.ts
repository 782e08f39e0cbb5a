// Warning headers (contract 8.4).
import type { ServerResponse } from 'node:http';

const ITEM = 256, BUDGET = 4096;

/** `299 - "text"` per warning, without repeats, within Kubernetes' limits. */
export function warningHeaders(texts: readonly string[]): string[] {
  const out: string[] = [];
  let left = BUDGET;
  for (const text of new Set(texts)) {
    // Header values are Latin-1 and have no control characters.
    // oxlint-disable-next-line no-control-regex
    let clean = text.replace(/[\u0000-\u001f\u007f]+/g, ' ').replace(/[^\u0020-\u00ff]/g, '?');
    if (text.length > ITEM && [...new Set(texts)].join('').length > BUDGET) clean = clean.slice(0, ITEM);
    const header = `299 - "${clean.replace(/[\\"]/g, '\\$&')}"`;
    left -= header.length;
    if (left < 0) break;
    out.push(header);
  }
  return out;
}

export function addWarnings(res: ServerResponse, texts: readonly string[]): void {
  if (texts.length > 0 && !res.headersSent) res.setHeader('Warning', warningHeaders(texts));
}
