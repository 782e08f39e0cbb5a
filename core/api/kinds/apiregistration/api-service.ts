import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { dns1035Label, dnsSubdomain } from '../../meta/names.ts';
import type { APIService, APIServiceCondition } from '../../types/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../columns.ts';
import { defineKind, STATUS } from '../kind.ts';

function validate(a: APIService): FieldError[] {
  const errors: FieldError[] = [], spec = a.spec!, group = spec.group ?? '', version = spec.version ?? '', wanted = `${version}.${group}`;
  if (a.metadata?.name && a.metadata.name !== wanted) errors.push(invalid('metadata.name', a.metadata.name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`));
  if (group === '' && version !== 'v1') errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') for (const m of dnsSubdomain(group)) errors.push(invalid('spec.group', group, m));
  for (const m of dns1035Label(version)) errors.push(invalid('spec.version', version, m));
  const least = spec.groupPriorityMinimum ?? 0, priority = spec.versionPriority ?? 0;
  if (least <= 0 || least > 20_000) errors.push(invalid('spec.groupPriorityMinimum', least, 'must be positive and less than 20000'));
  if (priority <= 0 || priority > 1000) errors.push(invalid('spec.versionPriority', priority, 'must be positive and less than 1000'));
  if (!spec.service) {
    if (spec.caBundle) errors.push(invalid('spec.caBundle', `${Math.floor(spec.caBundle.replace(/=+$/, '').length * 3 / 4)} bytes`, 'local APIServices may not have a caBundle'));
    if (spec.insecureSkipTLSVerify) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
  } else {
    if (!spec.service.namespace) errors.push(required('spec.service.namespace'));
    if (!spec.service.name) errors.push(required('spec.service.name'));
    if (spec.insecureSkipTLSVerify && spec.caBundle) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  }
  a.status?.conditions?.forEach((c, i) => {
    if (!['True', 'False', 'Unknown'].includes(c.status)) errors.push(notSupported(`status.conditions[${i}].status`, c.status, ['True', 'False', 'Unknown']));
  });
  return errors;
}

/** What a group and version of this server's own says of itself. */
export const localCondition = (at: string | undefined): APIServiceCondition => ({ type: 'Available', status: 'True', ...(at ? { lastTransitionTime: at } : {}), reason: 'Local', message: 'Local APIServices are always available' });

/** `True`, or `False (ServiceNotFound)`. */
function availability(a: APIService): string {
  const c = a.status?.conditions?.find(x => x.type === 'Available');
  if (!c) return 'Unknown';
  return c.status === 'True' || !c.reason ? c.status : `${c.status} (${c.reason})`;
}

export const apiService = defineKind<APIService>({
  group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIService', plural: 'apiservices', namespaced: false,
  schema: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService', subresources: [STATUS], statusOnly: true, categories: ['api-extensions'], nameRule: 'path-segment',
  fields: { 'spec.group': a => a.spec?.group ?? '' },
  setDefaults(a) {
    a.spec ??= { groupPriorityMinimum: 0, versionPriority: 0 };
    if (a.spec.service) a.spec.service.port ??= 443;
    a.status ??= {};
  },
  prepareForCreate(a) {
    // Nobody has to ask whether this server itself is there.
    a.status = a.spec?.service ? {} : { conditions: [localCondition(a.metadata?.creationTimestamp)] };
  },
  prepareForUpdate(next, prev) { next.status = prev.status ?? {}; },
  validate,
  columns: [
    nameColumn,
    text('Service', 'The service that answers for this group and version; Local is this server.', a => (a.spec?.service ? `${a.spec.service.namespace ?? ''}/${a.spec.service.name ?? ''}` : 'Local')),
    text('Available', 'Whether it can be reached.', availability),
    ageColumn,
  ],
  view: {
    nav: 'Cluster', icon: 'endpoints', sections: ['conditions', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: a => (availability(a) === 'True' ? { level: 'good', word: 'Available' } : { level: 'bad', word: 'Unavailable', reason: a.status?.conditions?.find(c => c.type === 'Available')?.message }),
  },
});
