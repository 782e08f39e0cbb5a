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
import { jobWarnings, validateJobSpec } from './job.ts';

/** A part of a zone's name (https://data.iana.org/time-zones/theory.html#naming), digits of old names included. */
const ZONE_PART = /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/;
function validateZone(zone: string | undefined): FieldError[] {
  if (zone === undefined) return [];
  const at = 'spec.timeZone';
  if (zone === '') return [invalid(at, zone, 'timeZone must be nil or non-empty string')];
  if (zone.split('/').some(p => p === '.' || p === '..' || !ZONE_PART.test(p))) return [invalid(at, zone, `unknown time zone ${zone}`)];
  if (zone.toLowerCase() === 'local') return [invalid(at, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'), ...(zone === 'Local' ? [] : [invalid(at, zone, `unknown time zone ${zone}`)])];
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
  if (!spec.schedule) errors.push(required('spec.schedule'));
  else {
    const bad = cronError(spec.schedule);
    if (bad) errors.push(invalid('spec.schedule', spec.schedule, bad));
  }
  errors.push(...nonNegative(spec.startingDeadlineSeconds, 'spec.startingDeadlineSeconds'), ...validateZone(spec.timeZone));
  if (!['Allow', 'Forbid', 'Replace'].includes(spec.concurrencyPolicy ?? '')) errors.push(spec.concurrencyPolicy ? notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, ['Allow', 'Forbid', 'Replace']) : required('spec.concurrencyPolicy'));
  if (!spec.jobTemplate?.spec) return [...errors, required('spec.jobTemplate.spec.template')];
  const { selector, manualSelector } = spec.jobTemplate.spec;
  errors.push(...validateJobSpec(spec.jobTemplate.spec, 'spec.jobTemplate.spec'));
  if (selector) errors.push(invalid('spec.jobTemplate.spec.selector', selector, '`selector` will be auto-generated'));
  if (manualSelector) errors.push(notSupported('spec.jobTemplate.spec.manualSelector', manualSelector, ['nil', 'false'], true));
  errors.push(...nonNegative(spec.successfulJobsHistoryLimit, 'spec.successfulJobsHistoryLimit'), ...nonNegative(spec.failedJobsHistoryLimit, 'spec.failedJobsHistoryLimit'));
  return errors;
}

const NO_ZONE_IN_SCHEDULE = 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead';
const namesZone = (c: CronJob): boolean => c.spec?.schedule?.includes('TZ') === true;

function validateCreate(c: CronJob): FieldError[] {
  const errors = namesZone(c) ? [invalid('spec.schedule', c.spec!.schedule, NO_ZONE_IN_SCHEDULE)] : [];
  // A job's name is this one and eleven characters more, and must itself fit into 63.
  if ((c.metadata?.name?.length ?? 0) > 52) errors.push(invalid('metadata.name', c.metadata!.name, 'must be no more than 52 characters'));
  return errors;
}

/** Schedules that name a zone are from before there was a field for it, and stay. */
function validateUpdate(next: CronJob, prev: CronJob): FieldError[] {
  if (!namesZone(next)) return [];
  if (!namesZone(prev)) return [invalid('spec.schedule', next.spec!.schedule, NO_ZONE_IN_SCHEDULE)];
  return next.spec!.timeZone === undefined ? [] : [invalid('spec.schedule', next.spec!.schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')];
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
  validateCreate,
  validateUpdate,
  validateStatusUpdate: () => [],
  warnings(c, prev) {
    const out = jobWarnings(c, prev, c.spec?.jobTemplate?.spec, 'spec.jobTemplate.spec');
    return namesZone(c) ? [...out, 'cannot use TZ or CRON_TZ in spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#time-zones for more details'] : out;
  },
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
    nav: 'Workloads', icon: 'cron', sections: ['schedule', 'podTemplate', 'owners', 'events', 'labels', 'spec'], actions: ['yaml', 'delete'],
    health: c => (c.spec?.suspend ? { level: 'warning', word: 'Suspended' } : { level: 'none', word: 'Scheduled' }),
  },
});
