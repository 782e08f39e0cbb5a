// namespaces/finalize: writes spec.finalizers and nothing else; the last one gone lets a deleted namespace go (contract 5.9, 9.11).
import type { Namespace } from '../../api/types/kubernetes.ts';
import { finalizerErrors } from '../../api/kinds/core/namespace.ts';
import { invalidError, methodNotAllowed } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { objectFrom, settleName } from '../registry/body.ts';
import { clone } from '../../api/meta/clone.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';

/** PUT only; 405 otherwise. */
export async function finalize(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Promise<Result> {
  if (verb !== 'update') throw methodNotAllowed();
  const options = writeOptions(ctx, 'UpdateOptions');
  const body = objectFrom(ctx, resource, options.fieldValidation) as Namespace;
  settleName(body, r.name);
  const finalizers = body.spec?.finalizers ?? [], errors = finalizers.flatMap((f, i) => finalizerErrors(f, `spec.finalizers[${i}]`));
  if (errors.length > 0) throw invalidError(resource.spec, r.name, errors);
  return change(env, ctx, {
    resource, namespace: '', name: r.name, subresource: 'finalize', options, free: true, conditional: Boolean(body.metadata!.resourceVersion),
    produce: prev => {
      const next = clone(prev) as Namespace;
      next.spec = { ...next.spec };
      if (finalizers.length > 0) next.spec.finalizers = finalizers; else delete next.spec.finalizers;
      if (body.metadata!.resourceVersion) next.metadata!.resourceVersion = body.metadata!.resourceVersion;
      return next;
    },
  });
}
