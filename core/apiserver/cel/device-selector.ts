// The expressions that select devices (resource.k8s.io): `device.driver == "dra.example.com" && device.attributes["dra.example.com"].cores > 4`.
import type { Device, DeviceAttribute } from '../../api/types/kubernetes.ts';
import { compile, type Program } from './cel.ts';
import { quantityValue, QUANTITY, semverValue } from './lib-kubernetes.ts';
import { BOOL, DYN, mapOf, objectOf, sized, STRING, typeText, type Type } from './types.ts';

/** The most one evaluation may cost, as upstream's. */
const COST = 1_000_000;

/** With the limits of the API, by which the worst cost is told: attributes and capacities of a device, characters of a domain, a name and a value. */
const MANY = 32, DOMAIN = 63, NAME = 32, VALUE = 64;
const byName = (value: Type): Type => mapOf(sized(STRING, DOMAIN), mapOf(sized(STRING, NAME), value, MANY), MANY);
const FIELDS = new Map([['driver', sized(STRING, DOMAIN)], ['attributes', byName(sized(DYN, VALUE))], ['capacity', byName(QUANTITY)], ['allowMultipleAllocations', sized(BOOL, 1)]]);
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

/** What is wrong with the expression, as the API server says it (k8s.io/dynamic-resource-allocation/cel); `costly` where it may cost too much. */
export function compileSelector(expression: string): { readonly program: Program; readonly costly: boolean } | { readonly program?: undefined; readonly error: string } {
  const compiled = compile(expression, { variables: { device: DEVICE } });
  if (!compiled.program) return { error: `compilation failed: ${compiled.error}` };
  const { program } = compiled;
  if (program.type.kind !== 'bool' && program.type.kind !== 'dyn') return { error: `must evaluate to bool or the unknown type, not ${typeText(program.type)}` };
  return { program, costly: program.estimate().max > COST };
}

const known = new Map<string, Program>();

/** Whether the expression selects a driver's device. Throws Error in CEL's words where it does not compile or cannot be evaluated. */
export function deviceMatches(expression: string, driver: string, device: Device): boolean {
  let program = known.get(expression);
  if (!program) {
    const compiled = compileSelector(expression);
    if (!compiled.program) throw new Error(compiled.error);
    if (known.size >= 1000) known.clear();
    known.set(expression, program = compiled.program);
  }
  const outcome = program.evaluate({ device: {
    driver, attributes: byDomain(driver, device.attributes, valueOf), capacity: byDomain(driver, device.capacity, c => quantityValue(c.value)), allowMultipleAllocations: device.allowMultipleAllocations ?? false,
  } }, { costLimit: COST });
  if (outcome.error !== undefined) throw new Error(outcome.error);
  return outcome.value === true;
}
