import { equalExcept } from '../../meta/clone.ts';
import { duplicate, invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE, labelKey, NOT_NEGATIVE } from '../../meta/names.ts';
import type { CSINode } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { validateDriverName } from '../parts/csi.ts';

const LONGEST_ID = 256;

function validate(n: CSINode): FieldError[] {
  const errors: FieldError[] = [], names = new Set<string>();
  n.spec?.drivers?.forEach((d, i) => {
    const at = `spec.drivers[${i}]`;
    errors.push(...validateDriverName(d.name, `${at}.name`));
    if (!d.nodeID) errors.push(required(`${at}.nodeID`));
    else if (d.nodeID.length > LONGEST_ID) errors.push(invalid(`${at}.nodeID`, d.nodeID, `must be ${LONGEST_ID} characters or less`));
    if ((d.allocatable?.count ?? 0) < 0) errors.push(invalid(`${at}.allocatable.count`, d.allocatable!.count, NOT_NEGATIVE));
    if (names.has(d.name)) errors.push(duplicate(`${at}.name`, d.name));
    names.add(d.name);
    const keys = new Set<string>();
    for (const k of d.topologyKeys ?? []) {
      if (k === '') errors.push(required(at));
      if (keys.has(k)) errors.push(duplicate(at, k));
      keys.add(k);
      for (const m of labelKey(k)) errors.push(invalid(`${at}.topologyKeys`, k, m));
    }
  });
  return errors;
}

/** A driver's entry stays as it is while it is there; how many volumes it can take may change. */
function validateUpdate(next: CSINode, prev: CSINode): FieldError[] {
  return (prev.spec?.drivers ?? []).flatMap(old => (next.spec?.drivers ?? [])
    .filter(d => d.name === old.name && !equalExcept(d, old, 'allocatable')).map(d => invalid('CSINodeDriver', d, IMMUTABLE)));
}

export const csiNode = defineKind<CSINode>({
  group: 'storage.k8s.io', version: 'v1', kind: 'CSINode', plural: 'csinodes', namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSINode',
  unconditionalUpdate: false,
  validate,
  validateUpdate,
  columns: [nameColumn, count('Drivers', 'Storage drivers on the node.', n => n.spec?.drivers?.length ?? 0), ageColumn],
  view: { nav: 'Storage', icon: 'node', sections: ['owners', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
