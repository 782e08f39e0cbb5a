import { invalid, required, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE, labelKey } from '../../meta/names.ts';
import type { V1beta1LeaseCandidate } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';

const SEMVER = /^v?\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)*$/;

function validate(c: V1beta1LeaseCandidate): FieldError[] {
  const errors: FieldError[] = [], s: Partial<V1beta1LeaseCandidate['spec']> = c.spec ?? {};
  if (!s.leaseName) errors.push(required('spec.leaseName'));
  else for (const m of dnsSubdomain(s.leaseName)) errors.push(invalid('spec.leaseName', s.leaseName, m));
  if (!s.binaryVersion) errors.push(required('spec.binaryVersion'));
  else if (!SEMVER.test(s.binaryVersion)) errors.push(invalid('spec.binaryVersion', s.binaryVersion, `could not parse ${JSON.stringify(s.binaryVersion)} as version`));
  if (s.emulationVersion && !SEMVER.test(s.emulationVersion)) errors.push(invalid('spec.emulationVersion', s.emulationVersion, `could not parse ${JSON.stringify(s.emulationVersion)} as version`));
  if (s.strategy === 'OldestEmulationVersion' && !s.emulationVersion) errors.push(required('spec.emulationVersion', 'must be specified when `strategy` is \'OldestEmulationVersion\''));
  if (!s.strategy) errors.push(required('spec.strategy'));
  else if (s.strategy !== 'OldestEmulationVersion') for (const m of s.strategy.includes('/') ? labelKey(s.strategy) : ['a fully qualified name must be a domain and a name separated by a slash']) errors.push(invalid('spec.strategy', s.strategy, m));
  return errors;
}

export const leaseCandidate = defineKind<V1beta1LeaseCandidate>({
  group: 'coordination.k8s.io', version: 'v1beta1', kind: 'LeaseCandidate', plural: 'leasecandidates', namespaced: true,
  schema: 'io.k8s.api.coordination.v1beta1.LeaseCandidate',
  unconditionalUpdate: false, createOnUpdate: true,
  validate,
  validateUpdate: (next, prev) => (next.spec?.leaseName === prev.spec?.leaseName ? [] : [invalid('spec.leaseName', next.spec?.leaseName, IMMUTABLE)]),
  fields: { 'spec.leaseName': c => c.spec?.leaseName ?? '' },
  columns: [
    nameColumn,
    text('LeaseName', 'The lease it would hold.', c => c.spec?.leaseName ?? ''),
    text('BinaryVersion', 'The version of the candidate.', c => c.spec?.binaryVersion ?? ''),
    text('EmulationVersion', 'The version it behaves as.', c => c.spec?.emulationVersion ?? ''),
    text('PreferredStrategies', 'How the leader is chosen.', c => c.spec?.strategy ?? ''),
    ageColumn,
  ],
  view: { nav: 'Cluster', icon: 'lease', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
