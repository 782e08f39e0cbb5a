// PATCH: JSON, merge and strategic merge patches (contract section 7); applies go on in apply.ts.
import type { KindSpec } from '../../api/kinds/kind.ts';
import type { KubeObject, Unstructured } from '../../api/meta/object.ts';
import { applyJsonPatch } from '../../api/meta/patch-json.ts';
import { applyMergePatch } from '../../api/meta/patch-merge.ts';
import { applyStrategicMergePatch } from '../../api/meta/patch-strategic.ts';
import { badRequest, unsupportedMediaType } from '../../api/meta/status.ts';
import { MAX_BODY, validateAgainstSchema, type DecodeTarget } from '../codec/body.ts';
import { JsonSyntaxError, MAX_DEPTH, parseJsonWithDuplicates } from '../codec/json.ts';
import type { RequestContext, Result } from '../context.ts';
import { apply, APPLY } from './apply.ts';
import { settleName, settleNamespace } from './body.ts';
import { clone } from '../../api/meta/clone.ts';
import { customOf } from '../crd/custom-kind.ts';
import type { FieldValidation, RegistryEnv } from './env.ts';
import { writeOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { change } from './update.ts';

const JSON_PATCH = 'application/json-patch+json', MERGE = 'application/merge-patch+json', STRATEGIC = 'application/strategic-merge-patch+json';

export interface Patch { readonly type: typeof JSON_PATCH | typeof MERGE | typeof STRATEGIC; readonly value: unknown; /** The text, for messages. */ readonly shown: string; /** `duplicate field "a.b"`, of the patch itself. */ readonly duplicates: readonly string[] }

/** A kind as far as patches need it. */
export type PatchTarget = DecodeTarget & Partial<Pick<KindSpec, 'plural'>>;

const patchType = (ctx: RequestContext): string => (ctx.body.contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();

/** The request is a server-side apply. */
export const isApply = (ctx: RequestContext): boolean => patchType(ctx) === APPLY;

/** Reads the patch of a request that is no apply; 415 for other media types, 400 for what is no JSON. */
export function patchOf(ctx: RequestContext, strategic: boolean): Patch {
  const type = patchType(ctx);
  const offered = [JSON_PATCH, MERGE, ...(strategic ? [STRATEGIC] : []), APPLY];
  if (!offered.includes(type) || type === APPLY) throw unsupportedMediaType(`the body of the request was in an unknown format - accepted media types include: ${offered.join(', ')}`);
  if ('value' in ctx.body) return { type: type as Patch['type'], value: ctx.body.value, shown: '', duplicates: [] };
  const shown = ctx.body.bytes.toString();
  if (deeper(shown, MAX_DEPTH)) throw badRequest('error decoding patch: exceeded max depth');
  let value: unknown, duplicates: readonly string[];
  try { ({ value, duplicates } = parseJsonWithDuplicates(shown)); } catch (e) {
    if (e instanceof JsonSyntaxError) throw badRequest(`error decoding patch: ${e.message}`);
    throw e;
  }
  return { type: type as Patch['type'], value, shown: shown.length > MAX_BODY ? '' : shown, duplicates };
}

/** Brackets nest deeper than `max`, strings aside. */
function deeper(text: string, max: number): boolean {
  // Too short to nest that deep: nearly all patches.
  if (text.length <= 2 * max) return false;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) { for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++; }
    else if (c === 0x7b || c === 0x5b) { if (++depth > max) return true; }
    else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

/** `prev` with the patch applied, a private object of the kind's shape; warnings of unknown fields go to `warnings`. */
export function patched(patch: Patch, prev: KubeObject, kind: PatchTarget, validation: FieldValidation, warnings: string[]): KubeObject {
  const base = clone(prev);
  // Copies share their owners' entries; a JSON patch that reaches into them needs its own.
  if (patch.type === JSON_PATCH && base.metadata?.managedFields && JSON.stringify(patch.value).includes('managedFields')) base.metadata.managedFields = structuredClone(base.metadata.managedFields);
  const raw = patch.type === JSON_PATCH ? applyJsonPatch(base, patch.value) : patch.type === MERGE ? applyMergePatch(base, patch.value) : applyStrategicMergePatch(base, patch.value, kind.schema);
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw badRequest('the patched object is no object');
  const next = raw as KubeObject;
  if (next.kind !== prev.kind) throw badRequest(`${next.kind ?? ''} in version ${JSON.stringify(next.apiVersion ?? '')} cannot be handled as a ${prev.kind ?? ''}: the kind may not be changed`);
  if (next.apiVersion !== prev.apiVersion) throw badRequest(`the API version in the data (${next.apiVersion ?? ''}) does not match the expected API version (${prev.apiVersion ?? ''})`);
  const checked = validateAgainstSchema(next as Unstructured, kind, validation, patch.shown, patch.duplicates);
  for (const w of checked.warnings) if (!warnings.includes(w)) warnings.push(w);
  // The patch's own parts may be shared with an in-process caller or with the next attempt.
  return clone(checked.object);
}

/** The patched object; tried again on the newest state when another writer was faster. Throws 400, 404, 409, 415 or 422. */
export async function patch(env: RegistryEnv, resource: Resource, ctx: RequestContext, namespace: string, name: string, subresource: '' | 'status'): Promise<Result> {
  if (isApply(ctx)) return apply(env, resource, ctx, namespace, name, subresource, writeOptions(ctx, 'PatchOptions', true));
  // First the patch: its type decides which options there are, and a client that is told 415 knows to try another.
  const p = patchOf(ctx, customOf(resource.spec) === undefined);
  const options = writeOptions(ctx, 'PatchOptions');
  return change(env, ctx, {
    resource, namespace, name, subresource, options,
    produce: prev => {
      const next = patched(p, prev, resource.spec, options.fieldValidation, ctx.warnings);
      next.metadata ??= {};
      settleName(next, name);
      settleNamespace(next, resource.spec.namespaced ? namespace : '');
      return next;
    },
  });
}
