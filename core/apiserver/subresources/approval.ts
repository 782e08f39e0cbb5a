// certificatesigningrequests/approval: what is decided about a request, and what is said of it in labels and annotations.
import { csrUpdateErrors, stampConditions } from '../../api/kinds/certificates/certificate-signing-request.ts';
import { clone } from '../../api/meta/clone.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { invalidError, methodNotAllowed } from '../../api/meta/status.ts';
import type { CertificateSigningRequest } from '../../api/types/kubernetes.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { objectFrom, settleName } from '../registry/body.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import { read } from '../registry/get.ts';
import { writeOptions } from '../registry/options.ts';
import { patched, patchOf } from '../registry/patch.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';

/** GET, PUT and PATCH; 422 when a decision is taken back or contradicts another. */
export function approval(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Result | Promise<Result> {
  if (verb === 'get') return read(env, resource, ctx, '', r.name);
  if (verb !== 'update' && verb !== 'patch') throw methodNotAllowed();
  const p = verb === 'patch' ? patchOf(ctx, true) : undefined;
  const options = writeOptions(ctx, p ? 'PatchOptions' : 'UpdateOptions');
  const body = p ? undefined : objectFrom(ctx, resource, options.fieldValidation);
  if (body) settleName(body, r.name);
  return change(env, ctx, {
    resource, namespace: '', name: r.name, subresource: 'approval', options, free: true, validated: true, conditional: Boolean(body?.metadata?.resourceVersion),
    produce: (prev: KubeObject) => {
      const wanted = (body ?? patched(p!, prev, resource.spec, options.fieldValidation, ctx.warnings)) as CertificateSigningRequest;
      const next = clone(prev) as CertificateSigningRequest;
      next.status = { ...next.status };
      if (wanted.status?.conditions?.length) next.status.conditions = clone(wanted.status.conditions); else delete next.status.conditions;
      // As of any update, labels and annotations may come along.
      next.metadata = clone(wanted.metadata);
      stampConditions(next, prev as CertificateSigningRequest, timestamp(env.clock.now()));
      const errors = csrUpdateErrors(next, prev as CertificateSigningRequest, 'approval');
      if (errors.length) throw invalidError(resource.spec, r.name, errors);
      return next;
    },
  });
}
