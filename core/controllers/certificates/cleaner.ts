// Removes certificate requests that are of no further use: an hour after a decision, a day after nobody took one.
import { X509Certificate } from 'node:crypto';
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const HOUR = 3_600_000;
const DECIDED = HOUR, PENDING = 24 * HOUR;

/** When a request may go, in ms. */
function endOf(c: CertificateSigningRequest): number {
  const ends: number[] = [];
  const decisions = c.status?.conditions?.filter(x => ['Approved', 'Denied', 'Failed'].includes(x.type)) ?? [];
  for (const x of decisions) ends.push(parseTime(x.lastUpdateTime ?? c.metadata?.creationTimestamp) + DECIDED);
  if (decisions.length === 0 && !c.status?.certificate) ends.push(parseTime(c.metadata?.creationTimestamp) + PENDING);
  if (c.status?.certificate) {
    try { ends.push(Date.parse(new X509Certificate(Buffer.from(c.status.certificate, 'base64')).validTo)); } catch (e) { if (!(e instanceof Error)) throw e; }
  }
  return Math.min(...ends.filter(e => !Number.isNaN(e)));
}

export const certificateCleanerController: Controller = {
  name: 'certificatesigningrequest-cleaner-controller', alias: 'csrcleaner', account: 'certificate-controller', workers: 1,
  start(ctx, keys) {
    const requests = ctx.informers.for<CertificateSigningRequest>(csrKind);
    const wake = (c: CertificateSigningRequest): void => keys.add(c.metadata?.name ?? '');
    requests.on({ add: wake, update: wake });
    return async name => {
      const c = requests.lister.get(undefined, name);
      if (!c) return undefined;
      const left = endOf(c) - ctx.clock.now();
      if (!Number.isFinite(left)) return undefined;
      if (left > 0) return { requeueAfter: Math.min(left, 24 * HOUR) };
      try { await ctx.client.delete(csrKind, undefined, name, { preconditions: { uid: c.metadata?.uid ?? '' } }); } catch (error) { if (!isNotFound(error)) throw error; }
      return undefined;
    };
  },
};
