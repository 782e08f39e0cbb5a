import { forbidden, invalid, required, type FieldError } from '../../meta/field-error.ts';
import { IMMUTABLE } from '../../meta/names.ts';
import type { V1beta1ClusterTrustBundle } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind } from '../kind.ts';
import { signerErrors } from './signer-name.ts';

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

function validate(b: V1beta1ClusterTrustBundle): FieldError[] {
  const errors: FieldError[] = [], signer = b.spec?.signerName ?? '', name = b.metadata?.name ?? '';
  if (signer !== '') {
    errors.push(...signerErrors(signer, 'spec.signerName'));
    const prefix = `${signer.replace('/', ':')}:`;
    if (!name.startsWith(prefix)) errors.push(invalid('metadata.name', name, `ClusterTrustBundle for signerName ${signer} must be named with prefix ${prefix}`));
  } else if (name.includes(':')) errors.push(invalid('metadata.name', name, 'ClusterTrustBundle without signer name must not have ":" in its name'));
  const bundle = b.spec?.trustBundle ?? '', blocks = [...bundle.matchAll(BLOCK)];
  if (bundle === '') errors.push(required('spec.trustBundle', 'at least one trust anchor must be provided'));
  else if (blocks.length === 0) errors.push(invalid('spec.trustBundle', '<value omitted>', 'at least one trust anchor must be provided'));
  else {
    for (const [i, m] of blocks.entries()) if (m[1] !== 'CERTIFICATE') errors.push(invalid('spec.trustBundle', '<value omitted>', `entry ${i} has bad block type: ${m[1]!}`));
    if (new Set(blocks.map(m => m[0].replace(/\s/g, ''))).size < blocks.length) errors.push(invalid('spec.trustBundle', '<value omitted>', 'duplicate trust anchor'));
    if (bundle.replace(BLOCK, '').trim() !== '') errors.push(forbidden('spec.trustBundle', 'trailing data'));
  }
  return errors;
}

export const clusterTrustBundle = defineKind<V1beta1ClusterTrustBundle>({
  group: 'certificates.k8s.io', version: 'v1beta1', kind: 'ClusterTrustBundle', plural: 'clustertrustbundles', namespaced: false,
  schema: 'io.k8s.api.certificates.v1beta1.ClusterTrustBundle',
  nameRule: 'path-segment', unconditionalUpdate: false,
  validate,
  validateUpdate: (next, prev) => ((next.spec?.signerName ?? '') === (prev.spec?.signerName ?? '') ? [] : [invalid('spec.signerName', next.spec?.signerName ?? '', IMMUTABLE)]),
  fields: { 'spec.signerName': b => b.spec?.signerName ?? '' },
  columns: [nameColumn, text('SignerName', 'The signer whose certificates these anchors prove.', b => b.spec?.signerName || '<none>'), ageColumn],
  view: { nav: 'Access', icon: 'secret', sections: ['labels', 'spec'], actions: ['yaml', 'delete'] },
});
