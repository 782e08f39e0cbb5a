// Removes pods' requests for certificates a quarter of an hour after they were made: by then they are answered or of no use.
import { podCertificateRequest as requestKind } from '../../api/kinds/certificates/pod-certificate-request.ts';
import { objectKey, splitKey } from '../../api/meta/object.ts';
import { isConflict, isNotFound } from '../../api/meta/status.ts';
import { parseTime } from '../../api/meta/time.ts';
import type { V1beta1PodCertificateRequest as Request } from '../../api/types/kubernetes.ts';
import type { Controller } from '../controller.ts';

const KEPT = 15 * 60_000;

export const podCertificateRequestCleanerController: Controller = {
  name: 'podcertificaterequest-cleaner-controller', alias: 'podcertificaterequest-cleaner-controller', account: 'podcertificaterequestcleaner', workers: 1,
  start(ctx, keys) {
    const requests = ctx.informers.for<Request>(requestKind);
    requests.on({ add: r => keys.add(objectKey(r)) });
    return async key => {
      const { namespace, name } = splitKey(key), r = requests.lister.get(namespace, name);
      if (!r) return undefined;
      const left = parseTime(r.metadata?.creationTimestamp) + KEPT - ctx.clock.now();
      if (left > 0) return { requeueAfter: left };
      try { await ctx.client.delete(requestKind, namespace, name, { preconditions: { uid: r.metadata?.uid ?? '' } }); } catch (error) { if (!isNotFound(error) && !isConflict(error)) throw error; }
      return undefined;
    };
  },
};
