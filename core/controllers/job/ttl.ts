// Deletes finished Jobs when their time after the end is over.
import { job as jobKind } from '../../api/kinds/batch/job.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import { exponential } from '../../base/figures.ts';
import type { Job } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';
import { finishedAs, jobCondition } from './status.ts';

export const ttlAfterFinishedController: Controller = {
  name: 'ttl-after-finished-controller', alias: 'ttl-after-finished', queue: 'ttl_jobs_to_delete', workers: 2,
  start(ctx, keys) {
    const jobs = ctx.informers.for<Job>(jobKind);
    const late = ctx.figures.histogram('ttl_after_finished_controller_job_deletion_duration_seconds', 'Seconds from when a job was due until it was deleted.', [], exponential(0.1, 2, 14));
    const wake = (j: Job): void => { if (j.spec?.ttlSecondsAfterFinished !== undefined && finishedAs(j)) keys.add(objectKey(j)); };
    jobs.on({ add: wake, update: wake });
    return async key => {
      const { namespace, name } = splitKey(key);
      const job = jobs.lister.get(namespace, name);
      const as = job && finishedAs(job);
      const ttl = job?.spec?.ttlSecondsAfterFinished;
      if (!as || ttl === undefined || job.metadata?.deletionTimestamp !== undefined) return undefined;
      const left = parseTime(jobCondition(job, as)?.lastTransitionTime) + ttl * 1000 - ctx.clock.now();
      // Of one that does not say when it ended nothing tells when its time is over.
      if (Number.isNaN(left)) return undefined;
      if (left > 0) return { requeueAfter: left };
      try {
        // The cache may be behind a user who has just given it more time.
        const live = await ctx.client.get<Job>(jobKind, namespace, name);
        if (live.metadata?.uid !== job.metadata?.uid || live.spec?.ttlSecondsAfterFinished !== ttl) return undefined;
        await ctx.client.delete(jobKind, namespace, name, { propagationPolicy: 'Foreground', preconditions: { uid: job.metadata?.uid } });
        late.observe([], -left / 1000);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    };
  },
};
