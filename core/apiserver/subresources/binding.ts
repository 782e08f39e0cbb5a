// pods/binding: the scheduler's word (contract 9.7).
import type { Pod } from '../../api/types/kubernetes.ts';
import { invalid, required } from '../../api/meta/field-error.ts';
import type { Unstructured } from '../../api/meta/object.ts';
import { conflict, invalidError } from '../../api/meta/status.ts';
import type { RequestContext, Result } from '../context.ts';
import type { ResourceRequest } from '../http/request-info.ts';
import { clone } from '../../api/meta/clone.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import { writeOptions } from '../registry/options.ts';
import type { Resource } from '../registry/resource.ts';
import { change } from '../registry/update.ts';
import { BINDING, bodyAs } from './body.ts';

interface Binding extends Unstructured { target?: { kind?: string; name?: string } }

/** Puts the pod on its node, once: 409 when it has one, is going or is gated; 422 for a target that is no node. */
export async function bind(env: RegistryEnv, resource: Resource, ctx: RequestContext, r: ResourceRequest): Promise<Result> {
  const options = writeOptions(ctx, 'CreateOptions');
  const body = bodyAs<Binding>(ctx, BINDING, options.fieldValidation);
  const target = body.target?.name ?? '';
  if (target === '') throw invalidError(BINDING, r.name, [required('target.name')]);
  if (body.target?.kind && body.target.kind !== 'Node') throw invalidError(BINDING, r.name, [{ ...invalid('target.kind', body.target.kind), type: 'FieldValueNotSupported', detail: `Unsupported value: ${JSON.stringify(body.target.kind)}: supported values: "Node", "<empty>"` }]);
  await change(env, ctx, {
    resource, namespace: r.namespace, name: r.name, subresource: 'binding', options, free: true, unowned: true,
    produce: prev => {
      const pod = clone(prev) as Pod;
      const refuse = (why: string): Error => conflict({ group: '', plural: 'pods/binding' }, r.name, why);
      if (pod.metadata!.deletionTimestamp !== undefined) throw refuse(`pod ${r.name} is being deleted, cannot be assigned to a host`);
      if (pod.spec!.nodeName) throw refuse(`pod ${r.name} is already assigned to node ${JSON.stringify(pod.spec!.nodeName)}`);
      if ((pod.spec!.schedulingGates?.length ?? 0) > 0) throw refuse(`pod ${r.name} has non-empty .spec.schedulingGates`);
      if (body.metadata?.uid && body.metadata.uid !== pod.metadata!.uid) throw refuse(`Precondition failed: UID in precondition: ${body.metadata.uid}, UID in object meta: ${pod.metadata!.uid}`);
      pod.spec!.nodeName = target;
      const given = body.metadata?.annotations;
      if (given && Object.keys(given).length > 0) pod.metadata!.annotations = { ...pod.metadata!.annotations, ...given };
      const now = timestamp(env.clock.now());
      const others = (pod.status?.conditions ?? []).filter(c => c.type !== 'PodScheduled');
      // Go writes a time that was never set as null, and clients see it so.
      pod.status = { ...pod.status, conditions: [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null as unknown as undefined, lastTransitionTime: now }] };
      // Where it was to go has no more to say once it is there.
      delete pod.status.nominatedNodeName;
      return pod;
    },
    admitted: {
      attributes: () => ({ operation: 'CREATE', kind: BINDING, object: body, old: undefined }),
      take: (next, binding) => { if (binding.metadata?.labels) next.metadata!.labels = { ...next.metadata!.labels, ...binding.metadata.labels }; },
    },
  });
  return { type: 'object', code: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}
