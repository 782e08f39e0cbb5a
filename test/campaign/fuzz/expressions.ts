// CEL expressions: well formed, nearly so, and not at all.
import type { Dice } from './dice.ts';

const ATOMS = ['object', 'self', 'oldSelf', 'oldObject', 'request', 'params', 'authorizer', 'namespaceObject', 'variables.v', 'self.n', 'self.s', 'self.list', 'object.spec.replicas', 'object.metadata.labels', '1', '-1', '0u', '1.5', 'true', 'null', '"a"', "b'x'", "'''x'''", 'r"\\d"', '[]', '[1,2,3]', '{}', '{"a":1}', '9223372036854775807', '-9223372036854775808', '1e400', 'duration("1h")', 'timestamp("2026-01-01T00:00:00Z")', 'quantity("1Gi")', 'ip("10.0.0.1")', 'cidr("10.0.0.0/8")', 'url("https://a/b")', 'semver("1.2.3")', 'optional.none()', 'x', '', '"\\u00"', '"unended'];
const CALLS = ['size', 'startsWith', 'matches', 'find', 'findAll', 'sum', 'min', 'max', 'indexOf', 'isSorted', 'split', 'join', 'replace', 'format', 'lowerAscii', 'charAt', 'substring', 'trim', 'contains', 'add', 'sub', 'isGreaterThan', 'asInteger', 'getHours', 'getHostname', 'containsIP', 'orValue', 'hasValue', 'path', 'check', 'allowed', 'isURL', 'nope'];
const MACROS = ['all', 'exists', 'exists_one', 'map', 'filter', 'transformList', 'transformMap', 'sortBy'];
const BINARY = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '&&', '||', 'in', '=', '<>', '**'];

export function expression(d: Dice, depth = 0): string {
  if (depth > 5) return d.of(ATOMS);
  const e = (): string => expression(d, depth + 1 + d.below(2));
  const text = d.of<() => string>([
    () => d.of(ATOMS), () => d.of(ATOMS), () => `${e()} ${d.of(BINARY)} ${e()}`, () => `(${e()})`, () => `!${e()}`, () => `-${e()}`, () => `${e()} ? ${e()} : ${e()}`, () => `${e()}[${e()}]`, () => `${e()}.${d.of(['a', 'name', 'spec', 'metadata', '`a-b`', '?x'])}`, () => `has(${e()}.${d.of(['a', 'b'])})`,
    () => `${e()}.${d.of(CALLS)}(${d.maybe(0.7) ? e() : ''}${d.maybe(0.2) ? `, ${e()}` : ''})`, () => `${e()}.${d.of(MACROS)}(i, ${e()}${d.maybe(0.2) ? `, ${e()}` : ''})`, () => `${d.of(['int', 'uint', 'double', 'string', 'bytes', 'bool', 'dyn', 'type', 'size', 'quantity', 'duration', 'timestamp', 'isIP', 'isQuantity'])}(${e()})`, () => `[${e()}, ${e()}]`, () => `{${e()}: ${e()}}`,
    () => `[1,2,3,4,5,6,7,8,9,0].all(a, ${e()}.all(b, [1,2,3].exists(c, a == b || ${e()})))`, () => `"${'('.repeat(d.below(30))}a+)+$".matches(${e()})`, () => `"${'aaaa'.repeat(d.below(20))}!".matches("(a+)+$")`, () => '('.repeat(d.below(400)) + e(), () => `${e()}${' + 1'.repeat(d.below(300))}`,
  ])();
  return depth === 0 && d.maybe(0.1) ? d.spoiled(Buffer.from(text)).toString('utf8').replaceAll('\ufffd', '?') : text;
}
