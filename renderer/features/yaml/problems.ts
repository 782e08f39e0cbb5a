// What the server says of a document, at the lines it speaks of.
import { t } from 'i18next';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import { causesOf, type Planned } from './apply.ts';
import type { Problem } from './documents.ts';
import { sameIn, stepsOf, type Step } from './field-path.ts';
import type { Owner } from './owners.ts';

/** Marks for the text: refused and contested fields at their own lines, anything else at the name. */
export function problemsOf(p: Planned): Problem[] {
  // Lists are counted in what the server has put together, which may have other elements before ours.
  const whole = p.send?.method === 'PUT' ? p.send.body as KubeObject : p.live ?? p.doc.object;
  const place = (path: string): Omit<Problem, 'message'> => p.doc.place(placeOf(path, whole, p.doc.object));
  if (p.conflicts) return p.conflicts.map(c => ({ message: t('yaml.ownedBy', { path: c.path, owners: c.owners.map(ownerText).join(', ') }), ...place(c.path) }));
  if (!p.error) return [];
  const causes = causesOf(p.error).filter(c => c.field);
  if (causes.length > 0) return causes.map(c => ({ message: `${c.field}: ${c.message}`, ...place(c.field!) }));
  const named = pathsIn(p.error.message);
  return named.length > 0 ? named.map(n => ({ message: n.message, ...place(n.path) })) : [{ message: p.error.message, ...p.doc.place(['metadata', 'name']) }];
}

function placeOf(path: string, whole: KubeObject, written: KubeObject): Step[] {
  const steps = stepsOf(path, whole);
  return sameIn(steps, whole, written);
}

/** Fields that a message speaks of without naming them apart: refusals by the schema of an apply, and of strict decoding. */
function pathsIn(message: string): { path: string; message: string }[] {
  const strict = [...message.matchAll(/(?:unknown|duplicate) field "([^"]+)"/g)].map(m => ({ path: m[1]!, message: m[0] }));
  const typed = message.startsWith('failed to create typed patch object') ? [...message.matchAll(/(?:^|\s)(\.[^\s:]+): ([^\n]+)/g)].map(m => ({ path: m[1]!, message: `${m[1]!.slice(1)}: ${m[2]!}` })) : [];
  return [...strict, ...typed];
}

/** `hpa (scale)`: who it is and through which door. */
export const ownerText = (o: Owner): string => (o.subresource ? `${o.manager} (${o.subresource})` : o.manager);
