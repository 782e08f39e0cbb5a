import { equal } from '../../meta/clone.ts';
import { forbidden, invalid, required, tooLong, type FieldError } from '../../meta/field-error.ts';
import { dnsSubdomain, IMMUTABLE } from '../../meta/names.ts';
import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { validateDriverName } from '../parts/csi.ts';
import { keepStatus } from '../parts/keep-status.ts';

const LONGEST_MESSAGE = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

function validateSource(s: VolumeAttachmentSource | undefined, path: string): FieldError[] {
  if (!s || (s.inlineVolumeSpec === undefined && s.persistentVolumeName === undefined)) return [required(path, ONE_SOURCE)];
  if (s.inlineVolumeSpec !== undefined && s.persistentVolumeName !== undefined) return [forbidden(path, ONE_SOURCE)];
  if (s.inlineVolumeSpec !== undefined) return [];
  const at = `${path}.persistentVolumeName`, name = s.persistentVolumeName!;
  return name === '' ? [required(at, 'must specify non empty persistentVolumeName')] : dnsSubdomain(name).map(m => invalid(at, name, m));
}

const longError = (e: VolumeError | undefined, path: string): FieldError[] => ((e?.message?.length ?? 0) > LONGEST_MESSAGE ? [tooLong(`${path}.message`, LONGEST_MESSAGE)] : []);

function validate(a: VolumeAttachment): FieldError[] {
  return [
    ...validateDriverName(a.spec?.attacher, 'spec.attacher'), ...validateSource(a.spec?.source, 'spec.source'),
    ...dnsSubdomain(a.spec?.nodeName ?? '').map(m => invalid('spec.nodeName', a.spec?.nodeName ?? '', m)),
    ...longError(a.status?.attachError, 'status.attachError'), ...longError(a.status?.detachError, 'status.detachError'),
  ];
}

export const volumeAttachment = defineKind<VolumeAttachment>({
  group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttachment', plural: 'volumeattachments', namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  unconditionalUpdate: false,
  subresources: [STATUS], statusOnly: true,
  prepareForCreate(a) { a.status = { attached: false }; },
  prepareForUpdate: keepStatus,
  validate,
  validateUpdate: (next, prev) => (equal(next.spec, prev.spec) ? [] : [invalid('spec', next.spec, IMMUTABLE)]),
  columns: [
    nameColumn,
    text('Attacher', 'The driver that attaches it.', a => a.spec?.attacher ?? ''),
    text('PV', 'The volume.', a => a.spec?.source?.persistentVolumeName ?? '', { draw: 'link' }),
    text('Node', 'The node it is for.', a => a.spec?.nodeName ?? '', { draw: 'link' }),
    { name: 'Attached', type: 'boolean', draw: 'text', description: 'Whether it is attached.', value: a => a.status?.attached ?? false },
    ageColumn,
  ],
  view: { nav: 'Storage', icon: 'volume', sections: ['events', 'labels', 'spec'], actions: ['yaml', 'delete'] },
});
