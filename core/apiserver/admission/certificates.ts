// Certificate requests: who asks is written into them, what cannot be read is refused, and only those who may speak for a signer approve
// and sign. CertificateApproval, CertificateSigning and CertificateSubjectRestriction are Kubernetes' plug-ins.
import { stampConditions } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { invalid } from '../../api/meta/field-error.ts';
import { forbiddenError, invalidError } from '../../api/meta/status.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import { readCertificateRequest, type CertificateRequest } from '../../base/x509.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import type { AdmissionPlugin, Attributes } from './chain.ts';

const GROUP = 'certificates.k8s.io', CLIENT = 'kubernetes.io/kube-apiserver-client';
const isRequest = (a: Attributes): boolean => a.resource.spec.group === GROUP && a.resource.spec.plural === 'certificatesigningrequests';

/** `env` is asked for at each use: it is made after admission. */
export function certificatePlugins(env: () => RegistryEnv): AdmissionPlugin[] {
  /** Whether the user may `verb` for this signer, or for all of its domain. */
  const may = (a: Attributes, verb: string, signer: string): boolean => [signer, `${signer.slice(0, signer.indexOf('/'))}/*`].some(name =>
    env().authorizer.authorize({ user: a.user, verb, resource: { group: GROUP, version: '*', resource: 'signers', subresource: '', namespace: '', name } }).verdict === 'allow');

  return [
    {
      // Part of the server, no plug-in of Kubernetes: the strategy of the kind fills in who asks.
      name: 'CertificateRequester',
      mutate(a) {
        if (!isRequest(a) || a.object === undefined) return;
        const { spec, status } = a.object as CertificateSigningRequest;
        if (a.operation === 'UPDATE') { if (a.subresource === 'status' && status) stampConditions(a.object as CertificateSigningRequest, a.old as CertificateSigningRequest, timestamp(env().clock.now())); return; }
        if (!spec) return;
        const { name, uid, groups, extra } = a.user;
        Object.assign(spec, { username: name, groups: [...groups] });
        if (uid) spec.uid = uid; else delete spec.uid;
        if (extra && Object.keys(extra).length) spec.extra = Object.fromEntries(Object.entries(extra).map(([k, v]) => [k, [...v]])); else delete spec.extra;
      },
      async validate(a) {
        if (!isRequest(a) || a.operation !== 'CREATE' || a.subresource !== '') return;
        const { spec } = a.object as CertificateSigningRequest;
        let asked: CertificateRequest;
        try { asked = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString()); } catch (e) {
          throw invalidError(a.resource.spec, a.name, [invalid('spec.request', spec.request, e instanceof Error ? e.message : String(e))]);
        }
        if (spec.signerName === CLIENT && asked.organizations.includes('system:masters')) {
          throw forbiddenError(a.resource.spec, a.name, `use of ${CLIENT} signer with system:masters group is not allowed`);
        }
      },
    },
    {
      name: 'CertificateApproval',
      validate(a) {
        if (!isRequest(a) || a.subresource !== 'approval' || a.operation !== 'UPDATE') return;
        const { signerName } = (a.old as CertificateSigningRequest).spec;
        if (!may(a, 'approve', signerName)) throw forbiddenError(a.resource.spec, a.name, `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`);
      },
    },
    {
      name: 'CertificateSigning',
      validate(a) {
        if (!isRequest(a) || a.subresource !== 'status' || a.operation !== 'UPDATE') return;
        const old = a.old as CertificateSigningRequest, next = a.object as CertificateSigningRequest;
        if (old.status?.certificate === next.status?.certificate && semanticEqual(old.status?.conditions, next.status?.conditions)) return;
        if (!may(a, 'sign', old.spec.signerName)) throw forbiddenError(a.resource.spec, a.name, `user not permitted to sign requests with signerName ${JSON.stringify(old.spec.signerName)}`);
      },
    },
  ];
}
