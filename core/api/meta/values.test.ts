import { describe, expect, test } from 'vitest';
import { encodeBase64 } from './base64.ts';
import { cronError } from './cron.ts';
import { scaledValue } from './intstr.ts';
import { isIPv4, isIPv6, specialIP } from './ip.ts';
import { configMapKey, dnsLabel, dnsSubdomain, generatedName, labelKey, labelValue, nameErrors, portName } from './names.ts';
import { addQuantity, canonicalQuantity, compareQuantity, formatQuantity, millisOf, parseQuantity, quantityError, subtractQuantity, wholeOf } from './quantity.ts';
import { ageText, formatMicroTime, formatTime, isTime, normalizeTime } from './time.ts';

describe('quantities', () => {
  test.each([
    ['1000m', '1'], ['0.5', '500m'], ['1024Mi', '1Gi'], ['1.5Gi', '1536Mi'], ['100m', '100m'], ['1e3', '1e3'], ['1000', '1k'], ['1024', '1024'], ['1024Ki', '1Mi'],
    ['0', '0'], ['-1', '-1'], ['1Ki', '1Ki'], ['512Ki', '512Ki'], ['0.1Ki', '102400m'], ['12e6', '12e6'], ['1E', '1E'], ['500Ki', '500Ki'], ['123456789', '123456789'], ['.5', '500m'], ['5.', '5'], ['0.000000001', '1n'], ['0.0000000001', '1n'],
  ])('%s is written %s', (given, want) => expect(canonicalQuantity(given)).toBe(want));
  test('a JSON number is a quantity', () => expect(canonicalQuantity(2)).toBe('2'));
  test('exact beyond 2^53', () => expect(formatQuantity(parseQuantity('9007199254740993'))).toBe('9007199254740993'));
  test('resource lists keep thousandths', () => expect(canonicalQuantity('0.0001', true)).toBe('1m'));
  test('sums keep the first format', () => {
    expect(addQuantity('1Gi', '512Mi')).toBe('1536Mi');
    expect(addQuantity('100m', '0.9')).toBe('1');
    expect(subtractQuantity('1Gi', '1Mi')).toBe('1023Mi');
    expect(compareQuantity('1Gi', '1G')).toBe(1);
    expect(millisOf('0.25')).toBe(250);
    expect(wholeOf('1.5Ki')).toBe(1536);
  });
  test('nonsense is refused', () => {
    for (const bad of ['', 'abc', '1x', '--1', '1 Gi', '1Kii', '0x10', '1e']) expect(quantityError(bad)).toBeDefined();
    expect(quantityError('abc')).toContain('quantities must match the regular expression');
  });
});

describe('times', () => {
  test.each([
    [-3000, '<invalid>'], [-500, '0s'], [0, '0s'], [119_000, '119s'], [120_000, '2m'], [185_000, '3m5s'], [600_000, '10m'], [10_799_000, '179m'], [10_800_000, '3h'],
    [11_100_000, '3h5m'], [28_800_000, '8h'], [172_799_000, '47h'], [172_800_000, '2d'], [183_600_000, '2d3h'], [691_200_000, '8d'], [63_072_000_000, '2y'], [63_158_400_000, '2y1d'], [252_288_000_000, '8y'],
  ])('%d ms is %s', (ms, text) => expect(ageText(ms)).toBe(text));
  test('wire forms', () => {
    expect(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('2026-01-02T03:04:05Z');
    expect(formatMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('2026-01-02T03:04:05.678000Z');
    expect(normalizeTime('2026-01-02T03:04:05.9+01:00')).toBe('2026-01-02T02:04:05Z');
    expect(isTime('2026-01-02')).toBe(false);
  });
});

describe('names', () => {
  test('rules', () => {
    expect(dnsLabel('my-name')).toEqual([]);
    expect(dnsLabel('a.b')).toEqual(['must not contain dots']);
    expect(dnsLabel('x'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(dnsSubdomain('Foo')[0]).toBe("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
    expect(labelKey('example.com/x')).toEqual([]);
    expect(labelKey('/x')).toEqual(['prefix part must be non-empty']);
    expect(labelKey('')).toHaveLength(2);
    expect(labelValue('a b')[0]).toContain("(e.g. 'MyValue',  or 'my_value',  or '12345', regex used");
    expect(configMapKey('..a')).toEqual(["must not start with '..'"]);
    expect(portName('a--b')).toEqual(['must not contain consecutive hyphens']);
    expect(nameErrors('path-segment', 'system:x')).toEqual([]);
    expect(nameErrors('path-segment', 'a/b')).toEqual(["may not contain '/'"]);
    expect(nameErrors('dns-label', 'web-', true)).toEqual([]);
  });
  test('generated', () => {
    const name = generatedName('x'.repeat(80), () => 0.999);
    expect(name).toHaveLength(63);
    expect(name.endsWith('99999')).toBe(true);
  });
});

test('percentages round as asked', () => {
  expect(scaledValue('25%', 10, true)).toBe(3);
  expect(scaledValue('25%', 10, false)).toBe(2);
  expect(scaledValue(4, 10, false)).toBe(4);
  expect(() => scaledValue('x', 1, true)).toThrow(RangeError);
});

test('addresses', () => {
  for (const good of ['::', '::1', '2001:db8::ffff', 'fe80::1', '::ffff:10.0.0.1', '1:2:3:4:5:6:7:8']) expect(isIPv6(good)).toBe(true);
  for (const bad of ['', ':', '1:2:3', '1::2::3', '12345::', '1:2:3:4:5:6:7:8:9', 'g::']) expect(isIPv6(bad)).toBe(false);
  expect(isIPv4('255.255.255.255') && !isIPv4('256.0.0.1') && !isIPv4('01.2.3.4')).toBe(true);
  expect(specialIP('127.0.0.1')[0]).toContain('loopback');
  expect(specialIP('10.0.0.1')).toEqual([]);
});

test('base64 is that of UTF-8', () => {
  for (const t of ['', 'a', 'ab', 'abc', 'grüß 🙂', 'x'.repeat(1000)]) expect(encodeBase64(t)).toBe(Buffer.from(t).toString('base64'));
});

test('cron schedules', () => {
  for (const good of ['* * * * *', '*/5 0-6,12 1 jan mon-fri', '@daily', '@every 1h30m', '0 0 ? * 0']) expect(cronError(good)).toBeUndefined();
  expect(cronError('* * * *')).toBe('expected exactly 5 fields, found 4: [* * * *]');
  expect(cronError('60 * * * *')).toBe('end of range (60) above maximum (59): 60');
  expect(cronError('a * * * *')).toContain('failed to parse int from a');
});
