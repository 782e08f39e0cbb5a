// Formats of strings that schemas of custom resources may ask for (k8s.io/kube-openapi pkg/validation/strfmt). A format that is not
// in the list holds for every string.
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { dnsLabel, dnsSubdomain } from '../../api/meta/names.ts';

const re = (r: RegExp) => (text: string): boolean => r.test(text);
const uuid = (version: string, variant = '[0-9a-f]'): (text: string) => boolean => re(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'));

function isDate(text: string): boolean {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!m) return false;
  const [y, mo, d] = [Number(m[1]), Number(m[2]), Number(m[3])];
  return mo >= 1 && mo <= 12 && d >= 1 && d <= new Date(Date.UTC(y, mo, 0)).getUTCDate();
}
function isDateTime(text: string): boolean {
  const m = /^(\d{4}-\d{2}-\d{2})[tT](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?([zZ]|[+-]\d{2}:?\d{2})$/.exec(text);
  return m !== null && isDate(m[1]!) && Number(m[2]) < 24 && Number(m[3]) < 60 && Number(m[4]) < 60;
}
/** Go's durations, and days and weeks in words. */
const isDuration = (text: string): boolean => /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)
  || /^\s*(?:\d+\s*(?:ns|nano|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|week)s?\s*)+$/.test(text);
const isUri = (text: string): boolean => /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) ? !/\s/.test(text) && URL.canParse(text.includes('://') ? text : `x:${text}`) : /^\/\S*$/.test(text);
const isCidr = (text: string): boolean => {
  const slash = text.lastIndexOf('/'), ip = text.slice(0, slash), bits = text.slice(slash + 1);
  return slash > 0 && /^\d{1,3}$/.test(bits) && isIP(ip) !== 0 && Number(bits) <= (isIP(ip) === 4 ? 32 : 128);
};
const isHostname = (text: string): boolean => text.length > 0 && text.length <= 255 && text.split('.').every(part => /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(part));
function isLuhn(text: string): boolean {
  const digits = text.replace(/[^0-9]/g, '');
  if (!/^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    let d = Number(digits[digits.length - 1 - i]);
    if (i % 2 === 1) d = d * 2 > 9 ? d * 2 - 9 : d * 2;
    sum += d;
  }
  return sum % 10 === 0;
}
const isIsbn10 = (text: string): boolean => {
  const t = text.replace(/[\s-]/g, '');
  return /^\d{9}[\dXx]$/.test(t) && [...t].reduce((sum, c, i) => sum + (10 - i) * (c === 'X' || c === 'x' ? 10 : Number(c)), 0) % 11 === 0;
};
const isIsbn13 = (text: string): boolean => {
  const t = text.replace(/[\s-]/g, '');
  return /^\d{13}$/.test(t) && [...t].reduce((sum, c, i) => sum + (i % 2 === 0 ? 1 : 3) * Number(c), 0) % 10 === 0;
};

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'bsonobjectid': re(/^[0-9a-f]{24}$/i), 'uri': isUri, 'email': re(/^[^\s@<>]+@[^\s@<>]+$/), 'hostname': isHostname, 'ipv4': isIPv4, 'ipv6': isIPv6, 'cidr': isCidr,
  'mac': re(/^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4})$/i),
  'uuid': uuid('[0-9a-f]'), 'uuid3': uuid('3'), 'uuid4': uuid('4', '[89ab]'), 'uuid5': uuid('5', '[89ab]'),
  'isbn': text => isIsbn10(text) || isIsbn13(text), 'isbn10': isIsbn10, 'isbn13': isIsbn13, 'creditcard': isLuhn, 'ssn': re(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  'hexcolor': re(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/), 'rgbcolor': re(/^rgb\(\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*(?:,\s*(?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5])\s*){2}\)$/),
  'byte': re(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/), 'password': () => true, 'date': isDate, 'date-time': isDateTime, 'datetime': isDateTime, 'duration': isDuration,
  'k8s-short-name': text => dnsLabel(text).length === 0, 'k8s-long-name': text => dnsSubdomain(text).length === 0,
};

const BY_NAME: ReadonlyMap<string, (text: string) => boolean> = new Map(Object.entries(FORMATS));
/** The check of a format, undefined for one that is not held against values. Dashes do not count in names of formats. */
export const formatCheck = (format: string): ((text: string) => boolean) | undefined => BY_NAME.get(format) ?? BY_NAME.get(format.replace(/-/g, ''));
