import { cronError } from '../../meta/cron.ts';
import { invalid, notSupported, required, type FieldError } from '../../meta/field-error.ts';
import { sinceText } from '../../meta/time.ts';
import type { CronJob } from '../../types/kubernetes.ts';
import { ageColumn, count, nameColumn, text } from '../columns.ts';
import { STATUS, defineKind } from '../kind.ts';
import { keepStatus } from '../parts/keep-status.ts';
import { tidyNestedMeta } from '../parts/nested-meta.ts';
import { defaultPodTemplate } from '../parts/pod-template.ts';
import { containerColumns, nonNegative, selectorColumn } from '../parts/workload.ts';
import { validateJobSpec } from './job.ts';

function validateZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  const at = 'spec.timeZone';
  if (zone === '') return [invalid(at, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local') return [invalid(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')];
  return knownZone(zone) ? [] : [invalid(at, zone, `unknown time zone ${zone}`)];
}

function knownZone(zone: string): boolean {
  // Offsets such as +01:00 are no zones of the IANA.
  if (/^[+-]/.test(zone)) return false;
  try { return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''; } catch { return false; }
}

function validate(c: CronJob): FieldError[] {
  const { spec } = c;
  if (!spec) return [required('spec.schedule')];
  const errors: FieldError[] = [];
  // A job's name is this one and eleven characters more, and must itself fit into 63.
  if ((c.metadata?.name?.length ?? 0) > 52) errors.push(invalid('metadata.name', c.metadata!.name, 'must be no more than 52 characters'));
  if (!spec.schedule) errors.push(required('spec.schedule'));
  else {
    const bad = cronError(spec.schedule);
    if (bad) errors.push(invalid('spec.schedule', spec.schedule, bad));
    if (/TZ=/.test(spec.schedule)) errors.push(invalid('spec.schedule', spec.schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'));
  }
  errors.push(...validateZone(spec.timeZone));
  errors.push(...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'));
  if (!['Allow', 'Forbid', 'Replace'].includes(spec.concurrencyPolicy ?? '')) errors.push(spec.concurrencyPolicy ? notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']) : required('spec.concurrencyPolicy'));
  if (!spec.jobTemplate?.spec) return [...errors, required('spec.jobTemplate.spec.template')];
  errors.push(...validateJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec', false));
  errors.push(...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'), ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'));
  return errors;
}

export const cronJob = defineKind<CronJob>({
  group: 'batch', version: 'v1', kind: 'CronJob', plural: 'cronjobs', namespaced: true,
  schema: 'io.k8s.api.batch.v1.CronJob', shortNames: ['cj'], categories: ['all'],
  subresources: [STATUS],
  generation: true,
  setDefaults(c) {
    const { spec } = c;
    if (!spec) return;
    if (!spec.concurrencyPolicy) spec.concurrencyPolicy = 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    tidyNestedMeta(spec.jobTemplate?.metadata);
    defaultPodTemplate(spec.jobTemplate?.spec?.template);
  },
  prepareForCreate(c) { c.status = {}; },
  prepareForUpdate: keepStatus,
  validate,
  columns: [
    nameColumn,
    text('Schedule', 'When jobs are started, in cron format.', c => c.spec?.schedule ?? '', { draw: 'code' }),
    text('Timezone', 'Time zone of the schedule.', c => c.spec?.timeZone ?? '<none>'),
    text('Suspend', 'Whether new jobs are held back.', c => (c.spec?.suspend ? 'True' : 'False')),
    count('Active', 'Number of running jobs.', c => c.status?.active?.length ?? 0),
    text('Last Schedule', 'Time since the last start.', () => '', { draw: 'age', value: (c, now) => (c.status?.lastScheduleTime ? sinceText(c.status.lastScheduleTime, now) : '<none>') }),
    ageColumn,
    ...containerColumns<CronJob>(c => c.spec?.jobTemplate?.spec?.template),
    selectorColumn<CronJob>(c => c.spec?.jobTemplate?.spec?.selector),
  ],
  view: {
    nav: 'Workloads', icon: 'cron', sections: ['podTemplate', 'owners', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: c => (c.spec?.suspend ? { level: 'warning', word: 'Suspended' } : { level: 'none', word: 'Scheduled' }),
  },
});
