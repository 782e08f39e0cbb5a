// pods/ephemeralcontainers and pods/resize: writes to one part of a pod's spec that the pod itself does not allow (contract 9.9, 9.10).
import type { Pod } from '../../api/types/kubernetes.ts';
import { forbidden, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { invalidError, methodNotAllowed } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { objectFrom, settleName, settleNamespace } from '../registry/body.ts';
import { clone, equal } from '../../api/meta/clone.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { read } from '../registry/get.ts';
import { writeOptions } from '../registry/options.ts';
import { patched, patchOf } from '../registry/patch.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';

type Part = (next: Pod, wanted: Pod, prev: Pod) => FieldError[];

function part(subresource: string, take: Part) {
  return async (env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Promise<Result> => {
    if (verb === 'get') return read(env, resource, ctx, r.namespace, r.name);
    let wanted: (prev: KubeObject) => KubeObject, conditional = false;
    const options = writeOptions(ctx, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions');
    if (verb === 'update') {
      const body = objectFrom(ctx, resource, options.fieldValidation);
      settleNamespace(body, r.namespace);
      settleName(body, r.name);
      conditional = Boolean(body.metadata!.resourceVersion);
      wanted = () => body;
    } else if (verb === 'patch') {
      const p = patchOf(ctx, true);
      wanted = prev => patched(p, prev, resource.spec, options.fieldValidation, ctx.warnings);
    } else throw methodNotAllowed();
    return change(env, ctx, {
      resource, namespace: r.namespace, name: r.name, subresource, options, conditional, free: true, validated: true,
      produce: prev => {
        const w = wanted(prev) as Pod, next = clone(prev) as Pod;
        if (w.metadata?.resourceVersion) next.metadata!.resourceVersion = w.metadata.resourceVersion;
        const errors = take(next, clone(w), prev as Pod);
        if (errors.length > 0) throw invalidError(resource.spec, r.name, errors);
        return next;
      },
    });
  };
}

export const ephemeralContainers = part('ephemeralcontainers', (next, wanted, prev) => {
  const given = wanted.spec?.ephemeralContainers ?? [], before = prev.spec?.ephemeralContainers ?? [];
  next.spec!.ephemeralContainers = given;
  return before.flatMap(b => {
    const same = given.find(g => g.name === b.name);
    if (!same) return [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(b.name)} may not be removed\n`)];
    return equal(same, b) ? [] : [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(b.name)} may not be changed\n`)];
  });
});

export const resize = part('resize', (next, wanted) => {
  for (const list of ['containers', 'initContainers'] as const) {
    for (const c of next.spec?.[list] ?? []) {
      const w = wanted.spec?.[list]?.find(x => x.name === c.name);
      if (!w) continue;
      if (w.resources !== undefined) c.resources = w.resources;
      if (w.resizePolicy !== undefined) c.resizePolicy = w.resizePolicy;
    }
  }
  return [];
});
