import { forbidden, invalid, notSupported, type FieldError } from '../../meta/field-error.ts';
import { labelKey } from '../../meta/names.ts';
import type { Lease } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const STRATEGIES = ['OldestEmulationVersion'];
/** Kubernetes' own way to choose a leader, or somebody's with a domain before it. The field is told twice, as Kubernetes does. */
const validateStrategy = (name: string, path: string): FieldError[] =>
  (name.includes('/') ? labelKey(name).map(m => invalid(`${path}.strategy`, name, m)) : STRATEGIES.includes(name) ? [] : [notSupported(`${path}.strategy`, name, STRATEGIES)]);

function validate(l: Lease): FieldError[] {
  const errors: FieldError[] = [], seconds = l.spec?.leaseDurationSeconds, moves = l.spec?.leaseTransitions;
  if (seconds !== undefined && seconds <= 0) errors.push(invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
  if (moves !== undefined && moves < 0) errors.push(invalid('spec.leaseTransitions', moves, 'must be greater than or equal to 0'));
  if (l.spec?.strategy !== undefined) errors.push(...validateStrategy(l.spec.strategy, 'spec.strategy'));
  if (l.spec?.preferredHolder && !l.spec.strategy) errors.push(forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined'));
  return errors;
}

/** acquireTime and renewTime are kept exactly as given: they have six digits (contract trap 27). */
export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true,
  schema: 'io.k8s.api.coordination.v1.Lease',
  unconditionalUpdate: false, createOnUpdate: true,
  validate,
  columns: [nameColumn, text('Holder', 'Who holds the lease.', l => l.spec?.holderIdentity ?? ''), ageColumn],
  view: { nav: 'Cluster', icon: 'lease', sections: ['owners', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
