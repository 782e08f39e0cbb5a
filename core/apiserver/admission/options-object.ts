// The options of a request as an object: what webhooks and policies see of CreateOptions, UpdateOptions, PatchOptions, DeleteOptions.
import type { Unstructured } from '../../api/meta/object.ts';
import type { Attributes } from './chain.ts';

export function optionsObject(a: Attributes): Unstructured | null {
  const o = a.options;
  if (o === undefined) return null;
  const out: Unstructured = { kind: o.kind, apiVersion: 'meta.k8s.io/v1' };
  if (a.dryRun) out['dryRun'] = ['All'];
  if ('fieldManager' in o) {
    if (o.fieldManager) out['fieldManager'] = o.fieldManager;
    if (o.fieldValidation) out['fieldValidation'] = o.fieldValidation;
    return out;
  }
  if ('propagation' in o) {
    if (o.gracePeriodSeconds !== undefined) out['gracePeriodSeconds'] = o.gracePeriodSeconds;
    if (o.propagation !== undefined) out['propagationPolicy'] = o.propagation;
    if (o.uid !== undefined || o.resourceVersion !== undefined) out['preconditions'] = { ...(o.uid === undefined ? {} : { uid: o.uid }), ...(o.resourceVersion === undefined ? {} : { resourceVersion: o.resourceVersion }) };
  }
  return out;
}
