// The object of a request in the version a webhook or policy asks for (apiserver/pkg/admission/conversion.go).
import { clone } from '../../api/meta/clone.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { Resource } from '../registry/resource.ts';
import type { Attributes } from './chain.ts';

/** What of a request somebody sees: `object` and `old` as `as` shows them; shared with the request where that is its own resource. */
export interface Seen { readonly as: Resource; readonly object: KubeObject | undefined; readonly old: KubeObject | undefined }

/** A request as it came. */
export const asItCame = (a: Attributes): Seen => ({ as: a.resource, object: a.object, old: a.old });

/** An object that `from` shows as `to` shows it. Subresources' own kinds stay as they are. Rejects with ApiError. */
export function converted(o: KubeObject, from: Resource, to: Resource): KubeObject | Promise<KubeObject> {
  return from === to || o.kind !== from.spec.kind || o.apiVersion !== from.apiVersion ? o : from.shownAs(clone(o), to);
}

/** A request as one on `as`. Rejects with the ApiError of a conversion that failed. */
export function seenIn(a: Attributes, as: Resource): Seen | Promise<Seen> {
  return as === a.resource ? asItCame(a) : both(a, as);
}
async function both(a: Attributes, as: Resource): Promise<Seen> {
  const [object, old] = await Promise.all([a.object, a.old].map(o => o && converted(o, a.resource, as)));
  return { as, object, old };
}
