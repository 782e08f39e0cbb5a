// An OpenAPI v2 document in the words of v3, for aggregated servers that publish the older one only. Rules as upstream converts.

type Json = Record<string, unknown>;
const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const objects = (v: unknown): Json => (isObject(v) ? v : {});
const strings = (v: unknown): string[] => (Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : []);

const VERBS: ReadonlySet<string> = new Set(['get', 'put', 'post', 'delete', 'options', 'head', 'patch']);
/** Of a parameter, what belongs to the value rather than to the parameter. */
const OF_VALUE: ReadonlySet<string> = new Set(['type', 'format', 'items', 'default', 'enum', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems', 'multipleOf']);
const ANY = '*/*';

/** References lead elsewhere, and stand alone: what stood beside one stands around it. */
function schema(v: unknown): unknown {
  if (Array.isArray(v)) return v.map(schema);
  if (!isObject(v)) return v;
  if (typeof v['$ref'] === 'string') {
    const { $ref, ...beside } = v, ref = { $ref: $ref.replace(/^#\/definitions\//, '#/components/schemas/') };
    return Object.keys(beside).length ? { ...beside, allOf: [ref] } : ref;
  }
  const out: Json = {};
  for (const [k, x] of Object.entries(v)) {
    if (k === 'properties' || k === 'patternProperties' || k === 'definitions') out[k] = Object.fromEntries(Object.entries(objects(x)).map(([n, s]) => [n, schema(s)]));
    // Values, not schemas, whatever they look like.
    else out[k] = k === 'default' || k === 'enum' || k === 'example' || k.startsWith('x-') ? x : schema(x);
  }
  if (out['format'] === 'int-or-string' && out['type'] === 'string') { delete out['type']; out['oneOf'] = [{ type: 'integer' }, { type: 'string' }]; }
  return out;
}

const content = (types: readonly string[], s: unknown): Json => Object.fromEntries((types.length ? types : [ANY]).map(t => [t, { schema: schema(s) }]));

function parameter(p: Json): Json {
  const out: Json = {}, value: Json = {};
  for (const [k, v] of Object.entries(p)) (OF_VALUE.has(k) ? value : out)[k] = v;
  delete out['collectionFormat'];
  delete out['schema'];
  return { ...out, schema: schema(value) };
}

/** The document `d`; definitions, responses and parameters that are referred to are followed. */
export function v3OfV2(d: Json): Json {
  const shared = objects(d['parameters']), answers = objects(d['responses']);
  const followed = (v: unknown, prefix: string, among: Json): Json => {
    const o = objects(v), ref = o['$ref'];
    return typeof ref === 'string' && ref.startsWith(prefix) ? objects(among[ref.slice(prefix.length)]) : o;
  };
  const parameters = (v: unknown): Json[] => (Array.isArray(v) ? v.map(p => followed(p, '#/parameters/', shared)) : []);

  const operation = (o: Json, outer: readonly Json[]): Json => {
    const { consumes, produces, parameters: own, responses, schemes: _schemes, ...rest } = o;
    const all = [...parameters(own), ...outer], takes = strings(consumes ?? d['consumes']), gives = strings(produces ?? d['produces']), body = all.find(p => p['in'] === 'body');
    const plain = parameters(own).filter(p => p['in'] !== 'body' && p['in'] !== 'formData').map(parameter);
    return {
      ...rest, ...(plain.length ? { parameters: plain } : {}),
      ...(body ? { requestBody: { ...(body['description'] === undefined ? {} : { description: body['description'] }), ...(body['required'] === undefined ? {} : { required: body['required'] }), content: content(takes, body['schema'] ?? {}) } } : {}),
      responses: Object.fromEntries(Object.entries(objects(responses)).map(([code, r]) => {
        const { schema: s, headers: _headers, examples: _examples, ...said } = followed(r, '#/responses/', answers);
        return [code, { description: '', ...said, ...(s === undefined ? {} : { content: content(gives, s) }) }];
      })),
    };
  };
  const path = (p: Json): Json => {
    const outer = parameters(p['parameters']), plain = outer.filter(x => x['in'] !== 'body').map(parameter);
    return {
      ...Object.fromEntries(Object.entries(p).filter(([k]) => k !== 'parameters').map(([k, o]) => [k, VERBS.has(k) ? operation(objects(o), outer.filter(x => x['in'] === 'body')) : o])),
      ...(plain.length ? { parameters: plain } : {}),
    };
  };
  const security = objects(d['securityDefinitions']);
  return {
    openapi: '3.0.0', info: d['info'] ?? {}, ...(d['externalDocs'] === undefined ? {} : { externalDocs: d['externalDocs'] }),
    paths: Object.fromEntries(Object.entries(objects(d['paths'])).map(([k, p]) => [k, path(objects(p))])),
    components: { schemas: Object.fromEntries(Object.entries(objects(d['definitions'])).map(([n, s]) => [n, schema(s)])), ...(Object.keys(security).length ? { securitySchemes: security } : {}) },
  };
}
