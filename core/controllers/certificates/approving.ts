// Approves what a node asks for itself: client certificates of kubelets, when the asking user may have such ones approved.
import { certificateSigningRequest as csrKind } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { subjectAccessReview } from '../../api/kinds/authorization/subject-access-review.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import type { CertificateSigningRequest, SubjectAccessReview } from '../../api/types/kubernetes.ts';
import { readCertificateRequest } from '../../base/x509.ts';
import type { Controller } from '../controller.ts';
import { SIGNERS } from './signing.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';
/** Rights may be given later: a request that is what it should be, but whose asker may not have it, is looked at again. */
const LOOK_AGAIN = 30_000;
const decided = (c: CertificateSigningRequest): boolean => c.status?.conditions?.some(x => x.type === 'Approved' || x.type === 'Denied') ?? false;

export const certificateApprovingController: Controller = {
  name: 'certificatesigningrequest-approving-controller', alias: 'csrapproving', queue: 'certificate', account: 'certificate-controller', workers: 2,
  start(ctx, keys) {
    const requests = ctx.informers.for<CertificateSigningRequest>(csrKind);
    const wake = (c: CertificateSigningRequest): void => { if (c.spec.signerName === SIGNER && !decided(c) && !c.status?.certificate) keys.add(c.metadata?.name ?? ''); };
    requests.on({ add: wake, update: wake });
    return async name => {
      const c = requests.lister.get(undefined, name);
      if (!c || decided(c) || c.status?.certificate) return undefined;
      const { spec } = c, asked = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString());
      if (SIGNERS[SIGNER]!(asked, spec.usages ?? []) !== undefined) return undefined;
      for (const [subresource, fits, message] of [
        ['selfnodeclient', spec.username === asked.commonName, 'Auto approving self kubelet client certificate after SubjectAccessReview.'],
        ['nodeclient', true, 'Auto approving kubelet client certificate after SubjectAccessReview.'],
      ] as const) {
        if (!fits) continue;
        const review = await ctx.client.create<KubeObject>(subjectAccessReview, {
          spec: { user: spec.username, uid: spec.uid, groups: spec.groups, extra: spec.extra, resourceAttributes: { group: 'certificates.k8s.io', resource: 'certificatesigningrequests', verb: 'create', subresource } },
        } as unknown as KubeObject) as unknown as SubjectAccessReview;
        if (!review.status?.allowed) continue;
        const conditions = [...c.status?.conditions ?? [], { type: 'Approved', status: 'True', reason: 'AutoApproved', message }];
        try { await ctx.client.update<CertificateSigningRequest>(csrKind, { ...c, status: { ...c.status, conditions } }, 'approval'); } catch (error) { if (!isNotFound(error)) throw error; }
        return undefined;
      }
      return { requeueAfter: LOOK_AGAIN };
    };
  },
};
