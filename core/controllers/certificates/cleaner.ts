// Removes certificate requests that are of no further use: an hour after they were answered (issued, denied, failed), a day after nobody
// answered, or when the certificate's own time is over.
import { X509Certificate } from 'node:crypto';
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const HOUR = 3_600_000;
const ANSWERED = HOUR, PENDING = 24 * HOUR;

/** When a certificate's time is over, in ms; Infinity of something that is none. */
function expiryOf(certificate: string): number {
  try { return Date.parse(new X509Certificate(Buffer.from(certificate, 'base64')).validTo); } catch (e) {
    if (!(e instanceof Error)) throw e;
    return Number.POSITIVE_INFINITY;
  }
}

/** When a request may go, in ms. One that is approved and not signed yet may not: its signer may be away. */
function endOf(c: CertificateSigningRequest): number {
  const { conditions = [], certificate } = c.status ?? {}, ends: number[] = [];
  if (conditions.length === 0) ends.push(parseTime(c.metadata?.creationTimestamp) + PENDING);
  for (const { type, lastUpdateTime } of conditions)
    if (type === 'Denied' || type === 'Failed' || (type === 'Approved' && certificate)) ends.push(parseTime(lastUpdateTime) + ANSWERED);
  if (certificate && conditions.some(x => x.type === 'Approved')) ends.push(expiryOf(certificate));
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
