// The expressions that select devices (resource.k8s.io): `device.driver == "dra.example.com" && device.attributes["dra.example.com"].cores > 4`.
import type { Device, DeviceAttribute } from '../../api/types/kubernetes.ts';
import { compile, type Program } from './cel.ts';
import { quantityValue, QUANTITY, semverValue } from './lib-kubernetes.ts';
import { BOOL, DYN, mapOf, objectOf, STRING } from './types.ts';

/** The most one evaluation may cost, as upstream's. */
const COST = 1_000_000;

const FIELDS = new Map([['driver', STRING], ['attributes', mapOf(STRING, mapOf(STRING, DYN))], ['capacity', mapOf(STRING, mapOf(STRING, QUANTITY))], ['allowMultipleAllocations', BOOL]]);
const DEVICE = objectOf('DRADevice', () => FIELDS);

const valueOf = (a: DeviceAttribute): unknown => a.bool ?? a.int ?? a.string ?? (a.version === undefined ? null : semverValue(a.version));

/** By domain and name; a name without a domain has the driver's. A domain nobody knows is an empty one, as upstream has it. */
function byDomain<T>(driver: string, named: Readonly<Record<string, T>> | undefined, value: (t: T) => unknown): object {
  const domains: Record<string, Record<string, unknown>> = {};
  for (const [name, t] of Object.entries(named ?? {})) {
    const at = name.indexOf('/');
    (domains[at < 0 ? driver : name.slice(0, at)] ??= {})[name.slice(at + 1)] = value(t);
  }
  return new Proxy(domains, {
    get: (all, key) => (typeof key === 'string' && !Object.hasOwn(all, key) ? {} : Reflect.get(all, key) as unknown),
    getOwnPropertyDescriptor: (all, key) => Reflect.getOwnPropertyDescriptor(all, key) ?? { value: {}, configurable: true, enumerable: true, writable: true },
  });
}

const known = new Map<string, Program>();

/** Whether the expression selects a driver's device. Throws Error in CEL's words where it does not compile or cannot be evaluated. */
export function deviceMatches(expression: string, driver: string, device: Device): boolean {
  let program = known.get(expression);
  if (!program) {
    const compiled = compile(expression, { variables: { device: DEVICE }, expected: [BOOL, DYN] });
    if (!compiled.program) throw new Error(`compilation failed: ${compiled.mistyped ? 'must evaluate to bool or the unknown type' : compiled.error}`);
    if (known.size >= 1000) known.clear();
    known.set(expression, program = compiled.program);
  }
  const outcome = program.evaluate({ device: {
    driver, attributes: byDomain(driver, device.attributes, valueOf), capacity: byDomain(driver, device.capacity, c => quantityValue(c.value)), allowMultipleAllocations: device.allowMultipleAllocations ?? false,
  } }, { costLimit: COST });
  if (outcome.error !== undefined) throw new Error(outcome.error);
  return outcome.value === true;
}
