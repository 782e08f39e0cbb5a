// How values of built-in kinds merge and are owned: the definition tables in the words of field ownership.
import { DEDUCED, type FieldSchema } from '../../api/meta/managed-fields/schema.ts';
import { definition, type Field, type Shape } from '../codec/schemas.ts';
import { customOf } from '../crd/custom-kind.ts';
import { fieldSchemaOf } from '../crd/field-schema.ts';
import type { Resource } from './resource.ts';

const ANY: FieldSchema = { form: 'scalar' }, STRING: FieldSchema = { form: 'scalar', is: 'string' }, BOOLEAN: FieldSchema = { form: 'scalar', is: 'boolean' }, NUMERIC: FieldSchema = { form: 'scalar', is: 'numeric' };
const ATOMIC_LIST: FieldSchema = { form: 'atomic', is: 'list' }, ATOMIC_MAP: FieldSchema = { form: 'atomic', is: 'map' }, FREE: FieldSchema = { form: 'atomic' };
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

const structs = new Map<string, FieldSchema>();

/** The node of a definition; made when it is first asked for, as its fields are. Unknown definitions are deduced. */
export function definitionFields(name: string): FieldSchema {
  const known = structs.get(name);
  if (known) return known;
  const d = definition(name);
  if (!d) return DEDUCED;
  const fields = new Map<string, FieldSchema>();
  const node: FieldSchema = d.mapType === 'atomic' ? ATOMIC_MAP : {
    form: 'struct',
    field(key) {
      const made = fields.get(key);
      if (made) return made;
      const f = d.fields.get(key);
      if (!f) return undefined;
      const n = fieldNode(f);
      fields.set(key, n);
      return n;
    },
  };
  structs.set(name, node);
  return node;
}

function fieldNode(f: Field): FieldSchema {
  const { shape } = f;
  if (shape.type === 'list') {
    if (f.listType === 'set') return { form: 'set', items: shapeNode(shape.of) };
    if (f.listType !== 'map' || shape.of.type !== 'struct' || !f.listMapKeys?.length) return ATOMIC_LIST;
    const item = definition(shape.of.name), keyDefaults: Record<string, unknown> = {};
    for (const k of f.listMapKeys) { const d = item?.fields.get(k)?.default; if (d !== undefined) keyDefaults[k] = d; }
    return { form: 'keyed', items: definitionFields(shape.of.name), keys: [...f.listMapKeys].sort(), keyDefaults };
  }
  return f.mapType === 'atomic' ? ATOMIC_MAP : shapeNode(shape);
}

function shapeNode(shape: Shape): FieldSchema {
  switch (shape.type) {
    case 'string': case 'bytes': return STRING;
    case 'bool': return BOOLEAN;
    case 'int32': case 'int64': case 'double': return NUMERIC;
    case 'list': return ATOMIC_LIST;
    case 'map': return { form: 'map', items: shapeNode(shape.of) };
    case 'struct': return definitionFields(shape.name);
    case 'object': case 'any': case 'fields': return FREE;
    default: return ANY;
  }
}

const byResource = new WeakMap<Resource, FieldSchema>();

/** The root node of a resource's objects. */
export function resourceFields(resource: Resource): FieldSchema {
  let found = byResource.get(resource);
  if (!found) {
    const custom = customOf(resource.spec);
    byResource.set(resource, found = custom ? fieldSchemaOf(custom.structural, definitionFields(OBJECT_META)) : definitionFields(resource.spec.schema));
  }
  return found;
}
