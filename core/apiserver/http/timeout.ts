// How long a client gives a request (apiserver/pkg/endpoints/filters/request_deadline.go): what it says must be a duration as Go writes it.
import { badRequest } from '../../api/meta/status.ts';

const UNITS: ReadonlySet<string> = new Set(['ns', 'us', '\u00b5s', '\u03bcs', 'ms', 's', 'm', 'h']);

/** Throws 400 for what is no duration (`32s`, `1m30s`, `0`). The server answers at once or not at all: there is no need to count. */
export function checkTimeout(text: string): void {
  const bad = (why: string): Error => badRequest(`invalid timeout specified in the request URL - time: ${why} ${JSON.stringify(text)}`);
  if (text === '') return;
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return;
  if (rest === '') throw bad('invalid duration');
  while (rest !== '') {
    const [all = '', number = '', unit = ''] = /^(\d*(?:\.\d*)?)([^\d.]*)/.exec(rest) ?? [];
    if (number === '' || number === '.') throw bad('invalid duration');
    if (unit === '') throw bad('missing unit in duration');
    if (!UNITS.has(unit)) throw bad(`unknown unit ${JSON.stringify(unit)} in duration`);
    rest = rest.slice(all.length);
  }
}
