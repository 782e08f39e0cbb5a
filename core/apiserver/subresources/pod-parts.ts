// pods/ephemeralcontainers and pods/resize: writes to one part of a pod's spec that the pod itself does not allow (contract 9.9, 9.10).
import type { Container, Pod } from '../../api/types/kubernetes.ts';
import { MIRROR } from '../../api/kinds/parts/pod-annotations.ts';
import { defaultPodRequirements, defaultRequirements } from '../../api/kinds/parts/resources.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { forbidden, invalid, type FieldError } from '../../api/meta/field-error.ts';
import type { KubeObject } from '../../api/meta/object.ts';
import { qosClass } from '../../api/meta/pod.ts';
import { invalidError, methodNotAllowed } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { RequestVerb, ResourceRequest } from '../http/request-info.ts';
import { objectFrom, settleName, settleNamespace } from '../registry/body.ts';
import { clone, equal } from '../../api/meta/clone.ts';
import type { RegistryEnv } from '../registry/env.ts';
import { read } from '../registry/get.ts';
import { writeOptions } from '../registry/options.ts';
import { Application, configurationOf } from '../registry/apply.ts';
import { isApply, patched, patchOf } from '../registry/patch.ts';
import type { Owners } from '../registry/ownership.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';

type Part = (next: Pod, wanted: Pod, prev: Pod) => FieldError[];

function part(subresource: string, take: Part) {
  return async (env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest, verb: RequestVerb): Promise<Result> => {
    if (verb === 'get') return read(env, resource, ctx, r.namespace, r.name);
    let wanted: (prev: KubeObject) => KubeObject, conditional = false;
    const applies = verb === 'patch' && isApply(ctx);
    let owners: Owners = [];
    const options = writeOptions(ctx, verb === 'patch' ? 'PatchOptions' : 'UpdateOptions', applies);
    if (verb === 'update') {
      const body = objectFrom(ctx, resource, options.fieldValidation);
      settleNamespace(body, r.namespace);
      settleName(body, r.name);
      conditional = Boolean(body.metadata!.resourceVersion);
      wanted = () => body;
    } else if (applies) {
      const application = new Application(env, resource, configurationOf(ctx, options.fieldValidation), { manager: options.fieldManager, subresource, force: options.force, namespace: r.namespace, name: r.name });
      conditional = Boolean(application.resourceVersion);
      wanted = prev => { const out = application.onto(prev); ({ owners } = out); return out.object; };
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
      ...(applies ? { owners: () => owners } : {}),
    });
  };
}

export const ephemeralContainers = part('ephemeralcontainers', (next, wanted, prev) => {
  const given = wanted.spec?.ephemeralContainers ?? [], before = prev.spec?.ephemeralContainers ?? [];
  if (prev.metadata?.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods do not support ephemeral containers')];
  next.spec!.ephemeralContainers = given;
  return before.flatMap(b => {
    const same = given.find(g => g.name === b.name);
    if (!same) return [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(b.name)} may not be removed\n`)];
    return equal(same, b) ? [] : [forbidden('spec.ephemeralContainers', `existing ephemeral containers ${JSON.stringify(b.name)} may not be changed\n`)];
  });
});

type Resources = NonNullable<Container['resources']>;
const RESIZABLE = ['cpu', 'memory'];

/** What of `next` is not cpu or memory, and what of `prev` is: the outcome if only the rest had been changed. */
function withoutResizable(next: Resources | undefined, prev: Resources | undefined): Resources {
  const list = (which: 'limits' | 'requests'): Record<string, string> => {
    const out: Record<string, string> = { ...next?.[which] };
    for (const r of RESIZABLE) { delete out[r]; const old = prev?.[which]?.[r]; if (old !== undefined) out[r] = old; }
    return out;
  };
  return { ...next, limits: list('limits'), requests: list('requests') };
}

const isRemoved = (next: Resources | undefined, prev: Resources | undefined, which: 'limits' | 'requests'): boolean => Object.keys(prev?.[which] ?? {}).some(r => next?.[which]?.[r] === undefined);

function resizeErrors(next: Container, prev: Container, path: string): FieldError[] {
  return (['requests', 'limits'] as const).flatMap(which => (isRemoved(next.resources, prev.resources, which) ? [forbidden(`${path}.${which}`, `resource ${which} cannot be removed`)] : []));
}

const asks = (r: Resources | undefined): boolean => Object.keys({ ...r?.limits, ...r?.requests }).length > 0;

/** New resources of the pod as a whole: cpu and memory alone, and none goes. */
function wholeErrors(next: Resources | undefined, prev: Resources | undefined): FieldError[] {
  if (!asks(next) && !asks(prev)) return [];
  if (prev && !next) return [forbidden('spec.resources', 'pod-level resources cannot be removed')];
  const errors = (['requests', 'limits'] as const).flatMap(which => (isRemoved(next, prev, which) ? [forbidden(`spec.resources.${which}`, `pod-level resource ${which} cannot be removed`)] : []));
  if (!semanticEqual(withoutResizable(next, prev), withoutResizable(prev, prev))) errors.push(forbidden('spec', 'only cpu and memory resources are mutable at pod-level'));
  return errors;
}

/** The containers must be those the pod has, in its order. */
function orderErrors(wanted: Pod, prev: Pod): FieldError[] {
  return (['containers', 'initContainers'] as const).flatMap(list => {
    const next = wanted.spec?.[list] ?? [], old = prev.spec?.[list] ?? [];
    if (next.length !== old.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)];
    return old.flatMap((c, i) => (next[i]!.name === c.name ? [] : [forbidden(`spec.${list}[${i}].name`, `${list} may not be renamed or reordered on resize`)]));
  });
}

/** Takes new amounts of cpu and memory, of containers and of the pod, and nothing else. */
export const resize = part('resize', (next, wanted, prev) => {
  if (prev.metadata?.annotations?.[MIRROR] !== undefined) return [forbidden('', 'static pods cannot be resized')];
  if (prev.spec?.os?.name === 'windows') return [forbidden('', 'windows pods cannot be resized')];
  const { resources: whole } = wanted.spec ?? {};
  if (whole) next.spec!.resources = whole; else delete next.spec!.resources;
  const errors = wholeErrors(whole, prev.spec?.resources), order = orderErrors(wanted, prev);
  if (order.length > 0) return [...errors, ...order];
  for (const list of ['initContainers', 'containers'] as const) {
    next.spec?.[list]?.forEach((c, i) => {
      const w = wanted.spec![list]![i]!, prior = prev.spec![list]![i]!, init = list === 'initContainers';
      if (w.resources !== undefined) c.resources = w.resources; else delete c.resources;
      if (w.resizePolicy !== undefined) c.resizePolicy = w.resizePolicy;
      defaultRequirements(c.resources, true);
      errors.push(...resizeErrors(c, prior, `spec.${list}[${i}].resources`));
      if (!semanticEqual(withoutResizable(c.resources, prior.resources), withoutResizable(prior.resources, prior.resources))) errors.push(init ? forbidden(`spec.initContainers[${i}]`, 'only cpu and memory resources for init or sidecar containers are mutable') : forbidden('spec', 'only cpu and memory resources are mutable'));
      if (init && c.restartPolicy !== 'Always' && !semanticEqual(c, prior) && c.resizePolicy?.some(p => p.restartPolicy === 'RestartContainer')) errors.push(forbidden(`spec.initContainers[${i}]`, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized'));
    });
  }
  if (next.spec!.resources) defaultPodRequirements(next.spec!, true);
  const qos = prev.status?.qosClass ?? qosClass(prev.spec!);
  // The class shown is the one that stays.
  return qosClass(next.spec!) === qos ? errors : [invalid('spec', qos, 'Pod QOS Class may not change as a result of resizing'), ...errors];
});
