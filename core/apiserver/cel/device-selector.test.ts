import { expect, it } from 'vitest';
import { compileSelector, deviceMatches } from './device-selector.ts';

const device = { name: 'gpu-0', attributes: { model: { string: 'a100' }, cores: { int: 8 }, 'other.example.com/shared': { bool: true }, driverVersion: { version: '1.2.3' } }, capacity: { memory: { value: '16Gi' } } };
const matches = (expression: string): boolean => deviceMatches(expression, 'dra.example.com', device);

it.each([
  ['device.driver == "dra.example.com"', true],
  ['device.attributes["dra.example.com"].model == "a100" && device.attributes["dra.example.com"].cores >= 8', true],
  ['device.attributes["other.example.com"].shared', true],
  ['device.attributes["dra.example.com"].driverVersion.isGreaterThan(semver("1.0.0"))', true],
  ['device.capacity["dra.example.com"].memory.compareTo(quantity("20Gi")) >= 0', false],
  ['has(device.attributes["nobody.example.com"].x)', false],
  ['device.allowMultipleAllocations', false],
])('%s: %s', (expression, expected) => { expect(matches(expression)).toBe(expected); });
it.each([
  ['device.attributes["dra.example.com"].nothing == 1', 'no such key: nothing'],
  ['device.size', "undefined field 'size'"],
  ['device.driver', 'must evaluate to bool or the unknown type, not string'],
])('%s is an error', (expression, why) => { expect(() => matches(expression)).toThrow(why); });

const loops = (n: number): string => `[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all(x${n}, ${n === 0 ? 'true' : loops(n - 1)})`;
it.each([
  ['device.driver == "d"', false], ['device.attributes["d"].services.matches("^[a-z]+$")', false], ['device.attributes.all(d, device.attributes[d].all(n, n.size() < 20))', false],
  [loops(3), false], [loops(6), true],
])('%s may cost too much: %s', (expression, costly) => { expect(compileSelector(expression)).toMatchObject({ costly }); });
