// Field selectors: `a.b=x,c!=y`.
import type { Of } from '../kinds/kind.ts';
import type { KubeObject } from './object.ts';
import { badRequest } from './status.ts';

export interface FieldRequirement { readonly field: string; readonly equal: boolean; readonly value: string }

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  /** The value a field must have, when the selector pins one: for index look-ups. */
  pinned(field: string): string | undefined;
  matches(object: KubeObject): boolean;
  toString(): string;
}

/** What a selector may name: a kind, or anything with its `fields`. */
export interface Selectable { readonly fields?: Readonly<Record<string, Of<KubeObject, string>>> }

function split(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) { parts.push(text.slice(start, i)); start = i + 1; }
  }
  parts.push(text.slice(start));
  return parts;
}

function term(text: string): { field: string; equal: boolean; raw: string } | undefined {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') { i++; continue; }
    for (const op of ['!=', '==', '=']) if (text.startsWith(op, i)) return { field: text.slice(0, i), equal: op !== '!=', raw: text.slice(i + op.length) };
  }
  return undefined;
}

function unescape(raw: string): string {
  let out = '';
  for (let i = 0; i < raw.length; i++) {
    const c = raw[i]!;
    if (c === '\\') {
      const next = raw[++i];
      if (next !== '\\' && next !== ',' && next !== '=') throw badRequest(`invalid field selector: invalid escape sequence: \\${next ?? ''}`);
      out += next;
    } else if (c === ',' || c === '=') throw badRequest(`invalid field selector: unescaped character in value: '${c}'`);
    else out += c;
  }
  return out;
}
const escape = (value: string): string => value.replace(/[\\,=]/g, '\\$&');

/** Reads a named field of an object of the kind. */
export function fieldOf(kind: Selectable, field: string): Of<KubeObject, string> | undefined {
  if (field === 'metadata.name') return o => o.metadata?.name ?? '';
  if (field === 'metadata.namespace') return o => o.metadata?.namespace ?? '';
  return kind.fields !== undefined && Object.hasOwn(kind.fields, field) ? kind.fields[field] : undefined;
}

/** The terms of a field selector of any kind. Throws BadRequest for bad syntax. */
export function fieldTerms(text: string): FieldRequirement[] {
  return split(text, ',').filter(part => part !== '').map(part => {
    const t = term(part);
    if (!t) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`);
    return { field: t.field, equal: t.equal, value: unescape(t.raw) };
  });
}

/**
 * Parses a fieldSelector query parameter for a kind; undefined or empty selects everything.
 * Throws BadRequest with Kubernetes' texts for bad syntax and for fields the kind does not offer.
 */
export function parseFieldSelector(text: string | undefined, kind: Selectable): FieldSelector {
  const requirements: FieldRequirement[] = [];
  const readers: Of<KubeObject, string>[] = [];
  for (const t of text ? fieldTerms(text) : []) {
    const reader = fieldOf(kind, t.field);
    if (!reader) throw badRequest(kind.fields ? `field label not supported: ${t.field}` : `${JSON.stringify(t.field)} is not a known field selector: only "metadata.name", "metadata.namespace"`);
    requirements.push(t);
    readers.push(reader);
  }
  return {
    requirements,
    pinned: field => requirements.find(r => r.equal && r.field === field)?.value,
    matches(object) {
      for (let i = 0; i < requirements.length; i++) {
        const r = requirements[i]!;
        if ((readers[i]!(object) === r.value) !== r.equal) return false;
      }
      return true;
    },
    toString: () => requirements.map(r => `${r.field}${r.equal ? '=' : '!='}${escape(r.value)}`).join(','),
  };
}
