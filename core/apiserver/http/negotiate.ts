// Content negotiation of answers (contract section 4): media type, transformation (Table, PartialObjectMetadata), indentation.
import { badRequest, notAcceptable } from '../../api/meta/status.ts';
import { first, type Query } from './request-info.ts';

export type As = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Answer {
  /** Protobuf only for those who take nothing else: JSON lies ready as bytes. */
  readonly format: 'json' | 'yaml' | 'protobuf';
  readonly as: As;
  readonly pretty: boolean;
}

const PLAIN: Answer = Object.freeze({ format: 'json', as: 'object', pretty: false });
const PRETTY: Answer = Object.freeze({ format: 'json', as: 'object', pretty: true });
export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const OFFERED = `application/json, application/yaml, ${PROTOBUF}`;

interface Clause { type: string; params: Record<string, string>; q: number; at: number }

/** The clauses of an Accept header as written, with quality and place. */
export function parseAccept(header: string): Clause[] {
  return header.split(',').map((text, at) => {
    const [type = '', ...rest] = text.split(';').map(s => s.trim());
    const params: Record<string, string> = {};
    for (const p of rest) { const i = p.indexOf('='); if (i > 0) params[p.slice(0, i).trim().toLowerCase()] = p.slice(i + 1).trim().replace(/^"|"$/g, ''); }
    const q = params['q'] === undefined ? 1 : Number(params['q']);
    return { type: type.toLowerCase(), params, q: Number.isFinite(q) ? q : 0, at };
  }).filter(c => c.type !== '' && c.q > 0).sort((a, b) => b.q - a.q || a.at - b.at);
}

function asOf(c: Clause, forList: boolean, tables: boolean): As | undefined {
  const as = c.params['as'];
  if (as === undefined) return 'object';
  if (c.params['g'] !== 'meta.k8s.io') return undefined;
  const v = c.params['v'];
  if (as === 'Table') return tables && (v === 'v1' || v === 'v1beta1') ? 'Table' : undefined;
  if (v !== 'v1' && v !== 'v1beta1') return undefined;
  if (as === 'PartialObjectMetadata') return forList ? undefined : as;
  if (as === 'PartialObjectMetadataList') return forList ? as : undefined;
  return undefined;
}

const cache = new Map<string, { type: string; as: As } | null>();

/**
 * The first acceptable clause by q and order; 406 when none is. A watch cannot be YAML (6.14). `forList` says whether a collection
 * is answered, for which alone PartialObjectMetadataList stands; `tables: false`, that what is answered has no table.
 */
export function negotiate(accept: string | undefined, userAgent: string, query: Query, mode: { list: boolean; watch: boolean; tables?: boolean }): Answer {
  let pretty = false;
  const asked = first(query, 'pretty');
  if (asked !== '') pretty = asked !== '0' && asked !== 'false';
  else if (userAgent !== '') pretty = !mode.watch && /^(curl|Wget|Mozilla\/5\.0)/.test(userAgent);
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return pretty ? PRETTY : PLAIN;
  const key = `${mode.list ? 'l' : ''}${mode.watch ? 'w' : ''}${mode.tables === false ? 'o' : ''} ${accept}`;
  let found = cache.get(key);
  if (found === undefined) {
    found = null;
    let binary: As | undefined;
    for (const c of parseAccept(accept)) {
      // A table has no protobuf form.
      if (c.type === PROTOBUF) binary ??= asOf(c, mode.list, false);
      const any = c.type === '*/*' || c.type === 'application/*';
      const type = any || c.type === 'application/json' ? 'json' : c.type === 'application/yaml' && !mode.watch ? 'yaml' : undefined;
      if (type === undefined) continue;
      const as = asOf(c, mode.list, mode.tables !== false);
      if (as === undefined) continue;
      found = { type, as };
      break;
    }
    if (found === null && binary !== undefined) found = { type: 'protobuf', as: binary };
    if (cache.size > 500) cache.clear();
    cache.set(key, found);
  }
  if (found === null) throw notAcceptable(`only the following media types are accepted: ${mode.watch ? `application/json, application/json;stream=watch, ${PROTOBUF};stream=watch` : OFFERED}`);
  return { format: found.type as Answer['format'], as: found.as, pretty };
}

/** Table's `includeObject` (4.6). */
export function includeObject(query: Query): 'None' | 'Metadata' | 'Object' {
  const v = first(query, 'includeObject');
  if (v === '' || v === 'Metadata') return 'Metadata';
  if (v === 'None' || v === 'Object') return v;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(v)}`);
}
