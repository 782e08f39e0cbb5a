// What claims ask for: rules and defaults of PersistentVolumeClaims, also inside pods and StatefulSets.
import { forbidden, invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dnsLabel, dnsSubdomain, NOT_POSITIVE } from '../../meta/names.ts';
import { nanosOf } from '../../meta/quantity.ts';
import type { PersistentVolumeClaimSpec } from '../../types/kubernetes.ts';
import { defaultResourceList, isFractional, validateAmount } from './resources.ts';
import { validateLabelSelector } from './scheduling.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'], VOLUME_MODES = ['Block', 'Filesystem'];

/** How a volume may be mounted, below `path`. */
export function validateAccessModes(modes: readonly string[] | undefined, path: string): FieldError[] {
  const errors: FieldError[] = (modes ?? []).filter(m => !ACCESS_MODES.includes(m)).map(m => notSupported(path, m, ACCESS_MODES));
  const others = modes?.some(m => m !== 'ReadWriteOncePod' && ACCESS_MODES.includes(m));
  if (others && modes?.includes('ReadWriteOncePod')) errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  return errors;
}
/** `Block` or `Filesystem`, when it is said. */
export const validateVolumeMode = (mode: string | undefined, path: string): FieldError[] => (mode !== undefined && !VOLUME_MODES.includes(mode) ? [notSupported(path, mode, VOLUME_MODES)] : []);

/** Defaults of a claim's spec, in place. */
export function defaultClaimSpec(spec: PersistentVolumeClaimSpec | undefined): void {
  if (!spec) return;
  spec.volumeMode ??= 'Filesystem';
  defaultResourceList(spec.resources?.requests);
  defaultResourceList(spec.resources?.limits);
}

/** All errors of a claim's spec, below `path`. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`), ...validateAccessModes(spec.accessModes, `${path}.accessModes`));
  const storage = spec.resources?.requests?.storage, at = `${path}.resources[storage]`;
  if (storage === undefined) errors.push(required(at));
  else errors.push(...(nanosOf(storage) <= 0n ? [invalid(at, storage, NOT_POSITIVE)] : validateAmount('storage', storage, at)));
  const className = (f: 'storageClassName' | 'volumeAttributesClassName'): void => {
    if (spec[f]) for (const m of dnsSubdomain(spec[f])) errors.push(invalid(`${path}.${f}`, spec[f], m));
  };
  className('storageClassName');
  errors.push(...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`));
  const { dataSource: source, dataSourceRef: ref } = spec;
  errors.push(...validateSource(source, `${path}.dataSource`), ...validateSource(ref, `${path}.dataSourceRef`));
  if (ref?.namespace) {
    for (const m of dnsLabel(ref.namespace)) errors.push(invalid(`${path}.dataSourceRef.namespace`, ref.namespace, m));
    if (source) errors.push(invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified'));
  } else if (source && ref && (source.apiGroup !== ref.apiGroup || source.kind !== ref.kind || source.name !== ref.name)) errors.push(invalid(path, `${path}.dataSource`, 'must match dataSourceRef'));
  className('volumeAttributesClassName');
  return errors;
}

function validateSource(s: { apiGroup?: string; kind?: string; name?: string } | undefined, path: string): FieldError[] {
  if (!s) return [];
  const errors: FieldError[] = [];
  if (!s.name) errors.push(required(`${path}.name`));
  if (!s.kind) errors.push(required(`${path}.kind`));
  if (!s.apiGroup && s.kind !== 'PersistentVolumeClaim') errors.push(invalid(path, s.kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (s.apiGroup) for (const m of dnsSubdomain(s.apiGroup)) errors.push(invalid(`${path}.apiGroup`, s.apiGroup, m));
  return errors;
}

/** Warnings of a claim's spec, also of one inside a pod: parts of bytes. */
export function claimWarnings(spec: PersistentVolumeClaimSpec | undefined, path: string): string[] {
  return (['requests', 'limits'] as const).flatMap(f => {
    const value = spec?.resources?.[f]?.['storage'];
    return value !== undefined && isFractional(value) ? [`${path}.resources.${f}[storage]: fractional byte value ${JSON.stringify(value)} is invalid, must be an integer`] : [];
  });
}
