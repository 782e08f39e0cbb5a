// Types of the server's own kinds, from the tables that decode them: for expressions that are checked against what they will see.
import { definition, type Shape } from '../codec/schemas.ts';
import { BOOL, BYTES, DOUBLE, DYN, INT, listOf, mapOf, objectOf, STRING, TIMESTAMP, type Type } from './types.ts';
import { escapeField } from './values.ts';

const SIMPLE: Readonly<Partial<Record<Shape['type'], Type>>> = { string: STRING, bool: BOOL, int32: INT, int64: INT, double: DOUBLE, bytes: BYTES, time: TIMESTAMP, microtime: TIMESTAMP };
const made = new Map<string, Type>();

/** The type of a definition (`io.k8s.api.core.v1.Pod`); undefined for a name nobody knows. */
export function typeOfDefinition(name: string): Type | undefined {
  const known = made.get(name), d = known ? undefined : definition(name);
  if (known || !d) return known;
  let fields: ReadonlyMap<string, Type> | undefined;
  const type = objectOf(name, () => (fields ??= new Map([...d.fields.values()].flatMap(f => { const field = escapeField(f.name); return field === undefined ? [] : [[field, typeOfShape(f.shape)]]; }))));
  made.set(name, type);
  return type;
}

function typeOfShape(s: Shape): Type {
  switch (s.type) {
    case 'list': return listOf(typeOfShape(s.of));
    case 'map': return mapOf(STRING, typeOfShape(s.of));
    case 'struct': return typeOfDefinition(s.name) ?? DYN;
    default: return SIMPLE[s.type] ?? DYN;
  }
}
