// Cron jobs: their timetable and runs in the drawer; run now; suspend and resume, which jobs know too.
import { t } from 'i18next';
import type { CronJob, Job } from '../../../core/api/types/kubernetes.ts';
import { commandsOf, namesOf, patchAll, patchCommand, STRATEGIC_PATCH, tell } from '../../app/deeds.ts';
import type { ActionContext, Feature } from '../../app/feature.ts';
import { smallView } from '../../kit/lazy-view.ts';
import { RunDialog } from './RunDialog.tsx';

const isSuspended = (o: unknown): boolean => (o as CronJob | undefined)?.spec?.suspend === true;
const hasEnded = (o: unknown): boolean => (o as Job).status?.conditions?.some(c => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') ?? false;
/** Of several the first decides the way. */
const suspension = (c: ActionContext): { spec: { suspend: boolean } } => ({ spec: { suspend: !isSuspended(c.objects[0]) } });

export const schedules: Feature = {
  id: 'schedules',
  sections: { schedule: smallView(async () => (await import('./ScheduleSection.tsx')).ScheduleSection) },
  actions: [
    {
      id: 'trigger', icon: 'play', key: 't', bulk: false, quick: true,
      applies: kind => kind.group === 'batch' && kind.kind === 'CronJob',
      kubectl: c => commandsOf(c, names => ['create', 'job', `${names[0]}-manual`, `--from=cronjob/${names[0]}`]),
      run: c => c.app.openDialog(close => <RunDialog c={c} close={close} />),
    },
    {
      id: 'suspend', icon: 'pause', key: 'z', bulk: true,
      applies: (kind, objects) => kind.group === 'batch' && (kind.kind === 'CronJob' || (kind.kind === 'Job' && !objects.some(hasEnded))),
      kubectl: c => patchCommand(c, suspension(c)),
      run(c) {
        const body = suspension(c);
        tell(c, patchAll(c, body, STRATEGIC_PATCH), t(body.spec.suspend ? 'schedule.isSuspended' : 'schedule.isResumed', { names: namesOf(c) }), patchCommand(c, body));
      },
    },
  ],
};
