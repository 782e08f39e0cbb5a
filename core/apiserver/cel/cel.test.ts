import { expect, test } from 'vitest';
import { compile, type Outcome } from './cel.ts';
import { authorizerValue, AUTHORIZER, resourceCheckValue, RESOURCE_CHECK } from './lib-kubernetes.ts';
import { overwrite } from '../admission/chain.ts';
import { COST_EXCEEDED, DEFINITION_ESTIMATE_LIMIT, PER_CALL_LIMIT, RULE_ESTIMATE_LIMIT, RUNTIME_BUDGET } from './limits.ts';
import { BOOL, DOUBLE, DYN, INT, listOf, mapOf, objectOf, sized, STRING, TIMESTAMP, type Type } from './types.ts';
import { toJson } from './values.ts';

const item = objectOf('item', () => new Map<string, Type>([['name', STRING], ['count', INT], ['on', BOOL]]));
const self = objectOf('spec', () => new Map<string, Type>([
  ['replicas', INT], ['ratio', DOUBLE], ['name', STRING], ['when', TIMESTAMP], ['tags', listOf(STRING, { max: 10 })], ['labels', mapOf(STRING, STRING, 5)], ['items', listOf(item)], ['a__dash__b', STRING],
  ['set', listOf(STRING, { list: { type: 'set', keys: [] } })], ['keyed', listOf(item, { list: { type: 'map', keys: ['name'] } })],
]));
const variables: Record<string, Type> = { self, object: DYN, authorizer: AUTHORIZER };
const bindings = {
  self: { replicas: 3, ratio: 2, name: 'web', when: '2024-02-29T12:34:56.5Z', tags: ['a', 'b'], labels: { x: '1' }, items: [{ name: 'i', count: 7, on: true }], 'a-b': 'dash', set: ['p', 'q'], keyed: [{ name: 'k', count: 1 }] },
  object: { metadata: { name: 'pod', labels: { app: 'web' } }, spec: { n: 5, f: 1.5, list: [1, 2, 3], none: null } },
  authorizer: authorizerValue(c => ({ allowed: c.verb === 'get' && c.resource === 'pods' && c.namespace === 'n', reason: 'because' })),
};
function run(text: string, costLimit?: number): Outcome {
  const c = compile(text, { variables });
  if (!c.program) throw new Error(c.error);
  return c.program.evaluate(bindings, costLimit === undefined ? {} : { costLimit });
}

test.each<[string, unknown]>([
  ['1 + 2 * 3 - 4', 3], ['7 / 2', 3], ['-7 / 2', -3], ['-7 % 3', -1], ['7u % 4u', 3], ['1.5 * 2.0', 3], ['9223372036854775807 - 1 == 9223372036854775806', true], ['-9223372036854775808 < 0', true],
  ["'a' + 'b'", 'ab'], ['[1] + [2, 3]', [1, 2, 3]], ["b'ab' + b'c' == b'abc'", true], ['0x1F', 31], ['1e3', 1000], ['dyn(1) == 1.0', true], ['dyn(1u) == 1', true], ['2 > 1.5', true], ["'a' < 'b'", true], ['true && !false', true],
  ['1 / 0 > 1 || true', true], ['false && 1 / 0 > 1', false], ['true ? 1 : 2', 1], ['3 in [1, 2, 3]', true], ["'x' in {'x': 1}", true], ['{1: 2}[1]', 2], ['[1, 2][1]', 2], ['size("héllo")', 5], ['"😀".size()', 1],
  ["r'\\n'", '\\n'], ["'\\u00e9\\t'", 'é\t'], ['"""a\nb"""', 'a\nb'], ['b"\\xff"', '/w=='], ["'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", true], ["'a1b2'.matches('^[a-z0-9]+$')", true], ["matches('foo', 'o{2}')", true],
  ['[1, 2, 3].all(x, x > 0)', true], ['[1, 2, 3].exists(x, x == 2)', true], ['[1, 2, 2].exists_one(x, x == 2)', false], ['[1, 2, 3].map(x, x * 2)', [2, 4, 6]], ['[1, 2, 3].map(x, x > 1, x * 2)', [4, 6]], ['[1, 2, 3].filter(x, x != 2)', [1, 3]],
  ["{'a': 1, 'b': 2}.all(k, k != 'c')", true], ["{'a': 1}.map(k, k)", ['a']], ['[1, 0].exists(x, 1 / x == 1)', true], ['[0, 1].exists(x, 1 / x == 1)', true], ['[5, 6].all(i, v, i < v)', true], ['[5, 6].transformList(i, v, i + v)', [5, 7]],
  ["{'a': 1}.transformMap(k, v, v + 1)", { a: 2 }], ['[1, 2].transformMapEntry(i, v, {string(v): i})', { 1: 0, 2: 1 }], ['cel.bind(x, 2, x * x)', 4],
  ['has(self.name) && !has(object.spec.missing)', true], ['self.replicas + 1', 4], ['self.ratio / 2.0', 1], ['self.when.getFullYear()', 2024], ['self.when.getDayOfYear()', 59], ["self.when.getHours('+02:00')", 14], ["self.when.getHours('America/New_York')", 7], ['self.when.getMilliseconds()', 500],
  ["self.tags.join(',')", 'a,b'], ['self.labels.x', '1'], ['self.items[0].count', 7], ['self.a__dash__b', 'dash'], ["self.set == ['q', 'p']", true], ["self.set + ['p', 'z']", ['p', 'q', 'z']], ["(self.keyed + self.keyed).size()", 1],
  ['object.spec.n + 1', 6], ['object.spec.f * 2.0', 3], ['object.spec.list.sum() == 6', true], ["object.metadata.?labels.?nope.orValue('d')", 'd'], ["object.metadata.?labels['app'].value()", 'web'], ['object.?spec.?none.hasValue()', true], ["optional.of(1).optMap(x, x + 1).value()", 2], ['[?optional.none(), 1]', [1]], ["{?'a': optional.none()}", {}],
  ["int('12') + int(3.9) + int(2u)", 17], ["double('1.5')", 1.5], ['string(1.0)', '1'], ["string(duration('90s'))", '90s'], ["duration('1h30m').getMinutes()", 90], ["timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')", true], ["string(timestamp('2024-01-01T00:00:00.25Z'))", '2024-01-01T00:00:00.25Z'],
  ['type(1) == int', true], ["type('a') == type(b'a')", false], ['type([]) == list', true], ["bool('true')", true], ['1e21 > 1.0', true], ['string(1e21)', '1e+21'], ['string(1e-7)', '1e-07'],
  ["'a,b,c'.split(',')", ['a', 'b', 'c']], ["'abc'.substring(1, 2)", 'b'], ["'aXbX'.replace('X', '-')", 'a-b-'], ["' a '.trim()", 'a'], ["'ABC'.lowerAscii()", 'abc'], ["'abcb'.lastIndexOf('b')", 3], ["'%s is %d, %.2f, %x'.format([dyn('a'), 3, 1.0, 255])", 'a is 3, 1.00, ff'], ["'%s'.format([[dyn(1), 'x']])", '[1, x]'],
  ['sets.contains([1, 2], [2])', true], ['sets.equivalent([1, 2], [2, 1, 1])', true], ['math.greatest(1, 3, 2)', 3], ['math.least([4, 2])', 2], ['math.abs(-3)', 3], ['[1, 2, 3].slice(1, 3)', [2, 3]], ['[[1], [2]].flatten()', [1, 2]], ['[3, 1].sort()', [1, 3]], ['[1, 1].distinct()', [1]],
  ['[1, 2].isSorted() && [1, 2].min() == 1 && [1, 2].max() == 2', true], ["['a', 'b'].indexOf('b')", 1], ["'a1b22'.find('[0-9]+')", '1'], ["'a1b22'.findAll('[0-9]+')", ['1', '22']], ["'ab'.findAll('')", ['', '', '']],
  ["url('https://u@example.com:80/p%20q?a=1&a=2').getHost()", 'example.com:80'], ["url('https://example.com:80/p?a=1&a=2').getQuery()", { a: ['1', '2'] }], ["isURL('nope')", false], ["url('/p q').getPath", undefined],
  ["quantity('1Gi').isGreaterThan(quantity('1G'))", true], ["quantity('50k').add(20).compareTo(quantity('50020'))", 0], ["quantity('100m').asApproximateFloat()", 0.1], ["isQuantity('x')", false], ["quantity('1.5').isInteger()", false],
  ["ip('10.0.0.1').family()", 4], ["ip.isCanonical('2001:DB8::1')", false], ["string(ip('2001:db8:0:0::1'))", '2001:db8::1'], ["cidr('10.0.0.0/8').containsIP('10.1.2.3')", true], ["cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", true], ["cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", true], ["isIP('::ffff:1.2.3.4')", false], ["cidr('::1/128').ip().isLoopback()", true],
  ["format.dns1123Label().validate('ok').hasValue()", false], ["format.named('uuid').value().validate('x').value().size()", 1], ["semver('1.2.3-rc1').isLessThan(semver('1.2.3'))", true], ["semver('v1.2', true).minor()", 2], ["isSemver('1.2')", false], ["jsonpatch.escapeKey('a/b~c')", 'a~1b~0c'],
  ["authorizer.group('').resource('pods').namespace('n').check('get').allowed()", true], ["authorizer.path('/x').check('get').reason()", 'because'],
].filter(c => c[1] !== undefined) as [string, unknown][])('%s', (text, wanted) => {
  const r = run(text);
  expect(r.error).toBeUndefined();
  expect(toJson(r.value!)).toEqual(wanted);
});

test.each<[string, string]>([
  ['1 / 0', 'division by zero'], ['1 % 0', 'modulus by zero'], ['9223372036854775807 + 1', 'integer overflow'], ['0u - 1u', 'unsigned integer overflow'], ['[1][3]', 'index out of bounds: 3'], ["{'a': 1}['b']", 'no such key: b'], ['object.spec.nope', 'no such key: nope'],
  ["object.spec.n + 'x'", 'no such overload'], ["{'a': 1, 'a': 2}", 'Failed with repeated key: a'], ['optional.none().value()', 'optional.none() dereference'], ["dyn('x') && true", 'no such overload'], ['[1, 2].exists(x, 1 / (x - x) > 0)', 'division by zero'],
])('%s fails: %s', (text, wanted) => { expect(run(text).error).toBe(wanted); });

const STARTS = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
test.each<[string, string]>([
  ['x', "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x\n | ^"],
  ['1 + self.name', "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + self.name\n | ..^"],
  ['self.nope == 1', "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"],
  ['self.replicas.x', "ERROR: <input>:1:14: type 'int' does not support field selection\n | self.replicas.x\n | .............^"],
  ['self.name.frob()', "ERROR: <input>:1:15: undeclared reference to 'frob' (in container '')\n | self.name.frob()\n | ..............^"],
  ["self.name.startsWith(1)", "ERROR: <input>:1:21: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.name.startsWith(1)\n | ....................^"],
  ['self.replicas.all(x, true)', "ERROR: <input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.replicas.all(x, true)\n | ....^"],
  ["[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"],
  ["'a'.matches('(')", "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('(')\n | ............^"],
  ['1 +', "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n | 1 +\n | ...^"],
  ['1 + + 2', `ERROR: <input>:1:5: Syntax error: extraneous input '+' expecting ${STARTS}\n | 1 + + 2\n | ....^`],
  ["'asdf'.contains('x'", "ERROR: <input>:1:20: Syntax error: missing ')' at '<EOF>'\n | 'asdf'.contains('x'\n | ...................^"],
  ['((1', "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting ')'\n | ((1\n | ...^"],
  ['(1 2)', "ERROR: <input>:1:4: Syntax error: extraneous input '2' expecting ')'\n | (1 2)\n | ...^"],
  ['[1, 2', "ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting {']', ','}\n | [1, 2\n | .....^"],
  ['size(', `ERROR: <input>:1:6: Syntax error: mismatched input '<EOF>' expecting ${STARTS.replace("'(', ", "'(', ')', ")}\n | size(\n | .....^`],
  ['{"a": 1}."a"', `ERROR: <input>:1:10: Syntax error: no viable alternative at input '."a"'\n | {"a": 1}."a"\n | .........^`],
  ['[1, 2, 3].map(var, var * var)', "ERROR: <input>:1:15: reserved identifier: var\n | [1, 2, 3].map(var, var * var)\n | ..............^\nERROR: <input>:1:15: argument is not an identifier\n | [1, 2, 3].map(var, var * var)\n | ..............^\nERROR: <input>:1:20: reserved identifier: var\n | [1, 2, 3].map(var, var * var)\n | ...................^\nERROR: <input>:1:26: reserved identifier: var\n | [1, 2, 3].map(var, var * var)\n | .........................^"],
  ['9223372036854775808', 'ERROR: <input>:1:1: invalid int literal\n | 9223372036854775808\n | ^'],
  ['1 #', "ERROR: <input>:1:3: Syntax error: token recognition error at: '#'\n | 1 #\n | ..^"],
  ['1 = 2', "ERROR: <input>:1:3: Syntax error: token recognition error at: '= '\n | 1 = 2\n | ..^\nERROR: <input>:1:5: Syntax error: extraneous input '2' expecting <EOF>\n | 1 = 2\n | ....^"],
  ['has(1)', 'ERROR: <input>:1:5: invalid argument to has() macro\n | has(1)\n | ....^'],
])('%s is refused', (text, wanted) => { expect(compile(text, { variables }).error).toBe(wanted); });

test('the type of the result is checked', () => {
  expect(compile('1', { variables, expected: [BOOL] })).toEqual({ error: 'must evaluate to bool', mistyped: true });
  expect(compile('object.x', { variables, expected: [BOOL] }).error).toBe('must evaluate to bool');
  expect(compile('self.name == "x"', { variables, expected: [BOOL] }).program!.uses('self')).toBe(true);
});

test.each<[string, number]>([
  ['true', 0], ['self.replicas > 1', 3], ['self.name == "web"', 3], ['[1, 2, 3].all(x, x > 0)', 10 + 3 * (1 + 1 + 1 + 2) + 1], ['has(self.name)', 1], ["'aaaaaaaaaaaaaaaaaaaa'.contains('b')", 2], ['authorizer.path("/x").check("get").allowed()', 350_003],
])('%s costs %d', (text, cost) => { expect(run(text).cost).toBe(cost); });

test('a costly evaluation is stopped and nothing absorbs that', () => {
  expect(run('[1,2,3,4,5,6,7,8,9].all(x, [1,2,3,4,5,6,7,8,9].all(y, x * y > 0)) || true', 500)).toMatchObject({ error: COST_EXCEEDED, exceeded: true });
});

test('patterns that make backtracking explode do not', () => {
  const c = compile("object.matches('^(a+)+$')", { variables });
  const started = performance.now();
  expect(c.program!.evaluate({ object: `${'a'.repeat(3000)}b` }).value).toBe(false);
  expect(performance.now() - started).toBeLessThan(2000);
});

test.each(['a++', '(?=x)', '\\1', '[z-a]', 'a{1001}', '(', '*', '\\q'])('RE2 refuses %s', pattern => {
  expect(run(`object.metadata.name.matches(dyn(${JSON.stringify(pattern)}))`).error).toMatch(/^error parsing regexp: /);
});

test('estimates grow with the sizes of the types', () => {
  const of = (text: string): { min: number; max: number } => compile(text, { variables }).program!.estimate();
  expect(of('self.replicas > 1')).toEqual({ min: 3, max: 3 });
  // Range 2, initial value 0, ten times 5, result 1.
  expect(of("self.tags.all(t, t != '')").max).toBe(2 + 10 * 4 + 1);
  expect(of('self.items.all(i, i.on)').max).toBe(Infinity);
});

test('limits stand in their order, and sizes bound estimates', () => {
  expect(PER_CALL_LIMIT).toBeLessThan(RUNTIME_BUDGET);
  expect(RULE_ESTIMATE_LIMIT).toBeLessThan(DEFINITION_ESTIMATE_LIMIT);
  expect(compile("s.contains('a')", { variables: { s: sized(STRING, 1000) } }).program!.estimate().max).toBe(101);
});

test('a resource check starts from the request', () => {
  const c = compile("check.check('get').allowed()", { variables: { check: RESOURCE_CHECK } });
  expect(c.program!.evaluate({ check: resourceCheckValue(q => ({ allowed: q.name === 'n', reason: '' }), { name: 'n' }) }).value).toBe(true);
});

test('overwriting an object keeps its identity', () => {
  const o = { metadata: { name: 'a' } };
  overwrite(o, { metadata: { name: 'b' } });
  expect(o).toEqual({ metadata: { name: 'b' } });
});

test.each([['a chain of fields', `object${'.a'.repeat(40_000)} == 1`], ['a long sum', `1${' + 1'.repeat(24_000)} == 1`], ['brackets', '('.repeat(5000)], ['too long a text', ' '.repeat(100_001)]])('%s is refused or evaluated, never thrown', (_, text) => {
  const c = compile(text, { variables });
  if (c.program) { c.program.evaluate(bindings); c.program.estimate(); } else expect(c.error).toContain('ERROR: ');
});

test('results that would not fit are refused before they are made', () => {
  const c = compile("object.replace('', object)", { variables: { object: STRING } });
  expect(c.program!.evaluate({ object: 'x'.repeat(1_000_000) }).error).toBe('the resulting string is too long');
});
