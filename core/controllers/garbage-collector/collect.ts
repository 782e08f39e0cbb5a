// What becomes of one object of the graph: it stays, loses references to owners that are gone, or is deleted.
import { kindOf } from '../../api/kinds/index.ts';
import { apiVersionOf, type KubeObject, type OwnerReference, type ResourceType } from '../../api/meta/object.ts';
import { isNotFound } from '../../api/meta/status.ts';
import type { ControllerContext } from '../controller.ts';
import { FOREGROUND, isCalled, ORPHAN, type Graph, type GraphNode } from './graph.ts';

/** `unsound`: what it names cannot own this, and nobody can say what was meant. */
type Verdict = 'solid' | 'dangling' | 'waiting' | 'unsound';

/** Owners asked for and found absent, as they were asked for: what once is gone never comes back, but a reference may have a name or kind wrong. */
const REMEMBERED_ABSENT = 500;

export class Collector {
  readonly #ctx: ControllerContext;
  readonly #graph: Graph;
  readonly #absent = new Set<string>();
  constructor(ctx: ControllerContext, graph: Graph) { this.#ctx = ctx; this.#graph = graph; }

  /** Judges the object of this uid against the server and does what follows. Safe to repeat. */
  async delete(uid: string): Promise<void> {
    const node = this.#graph.get(uid), resource = node?.resource;
    if (!node || !resource) return;
    if (node.deleting && !node.waitsForDependents) return;
    if (node.waitsForDependents) { await this.#finishForeground(node, resource); return; }
    const live = await this.#live(resource, node.namespace, node.name, uid);
    if (!live) { this.#graph.gone(uid); return; }
    const refs = live.metadata?.ownerReferences ?? [];
    if (refs.length === 0) return;
    const verdicts = await Promise.all(refs.map(async ref => ({ ref, verdict: await this.#judge(node, ref) })));
    if (verdicts.some(v => v.verdict === 'unsound')) return;
    const solid = verdicts.some(v => v.verdict === 'solid');
    const others = verdicts.filter(v => v.verdict !== 'solid');
    if (solid) {
      if (others.length) await this.#setOwners(resource, live, refs.filter(r => !others.some(v => v.ref.uid === r.uid)));
      return;
    }
    const waiting = others.some(v => v.verdict === 'waiting');
    if (waiting && node.dependents.size > 0) {
      // Two that wait for each other would wait for ever: one of them stops holding its owner.
      const knot = [...node.dependents].some(d => d.waitsForDependents) && refs.some(r => r.blockOwnerDeletion);
      const current = knot ? await this.#setOwners(resource, live, refs.map(r => (r.blockOwnerDeletion ? { ...r, blockOwnerDeletion: false } : r))) : live;
      if (current) await this.#remove(resource, current, 'Foreground');
      return;
    }
    const finalizers = live.metadata?.finalizers ?? [];
    await this.#remove(resource, live, finalizers.includes(ORPHAN) ? 'Orphan' : finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background');
  }

  /** Lets the dependents of this uid go, then the object itself. */
  async orphan(uid: string): Promise<void> {
    const node = this.#graph.get(uid), resource = node?.resource;
    if (!resource || !node?.orphans) return;
    await Promise.all([...node.dependents].map(async d => {
      const kind = d.resource, live = kind && await this.#live(kind, d.namespace, d.name, d.uid);
      if (live) await this.#setOwners(kind, live, (live.metadata?.ownerReferences ?? []).filter(r => r.uid !== uid));
    }));
    await this.#dropFinalizer(node, resource, ORPHAN);
  }

  async #finishForeground(node: GraphNode, resource: ResourceType): Promise<void> {
    const blocking = [...node.dependents].filter(d => d.owners.some(r => r.uid === node.uid && r.blockOwnerDeletion));
    if (blocking.length === 0) { await this.#dropFinalizer(node, resource, FOREGROUND); return; }
    await Promise.all(blocking.filter(d => !d.deleting).map(d => this.delete(d.uid)));
  }

  /** A custom kind is found under any of its versions. */
  #served(ref: OwnerReference): ResourceType | undefined {
    const group = ref.apiVersion.slice(0, Math.max(0, ref.apiVersion.indexOf('/')));
    return this.#ctx.config.resources().find(r => r.kind === ref.kind && r.group === group);
  }

  async #judge(node: GraphNode, ref: OwnerReference): Promise<Verdict> {
    const asked = `${ref.apiVersion}/${ref.kind}/${node.namespace}/${ref.name}/${ref.uid}`;
    if (this.#absent.has(asked)) return 'dangling';
    const kind = kindOf(ref.apiVersion, ref.kind) ?? this.#served(ref);
    // Not a kind served here: whether the owner exists cannot be known, and nothing may be deleted on a guess.
    if (!kind) throw new Error(`owner kind ${ref.apiVersion} ${ref.kind} of ${node.namespace}/${node.name} is not served`);
    const known = this.#graph.get(ref.uid);
    const namespace = kind.namespaced ? node.namespace : '';
    // Something of the whole cluster cannot belong to something of a namespace.
    if (kind.namespaced && node.namespace === '') { if (known?.resource) this.#invalid(node, ref); return 'unsound'; }
    if (known?.resource) {
      if (known.namespace !== namespace) { this.#invalid(node, ref); return 'dangling'; }
      // Somebody has this uid, but under another name or kind.
      if (!isCalled(known, ref)) return 'dangling';
      return known.waitsForDependents ? 'waiting' : 'solid';
    }
    const live = await this.#live(kind, namespace, ref.name, ref.uid);
    if (live) return live.metadata?.deletionTimestamp !== undefined && live.metadata.finalizers?.includes(FOREGROUND) ? 'waiting' : 'solid';
    if (this.#absent.size >= REMEMBERED_ABSENT) this.#absent.delete(this.#absent.values().next().value!);
    this.#absent.add(asked);
    return 'dangling';
  }

  #invalid(node: GraphNode, ref: OwnerReference): void {
    this.#ctx.recorder.event({ apiVersion: node.resource && apiVersionOf(node.resource), kind: node.resource?.kind, metadata: { namespace: node.namespace, name: node.name, uid: node.uid } }, 'Warning', 'OwnerRefInvalidNamespace',
      `ownerRef [${ref.apiVersion}/${ref.kind}, namespace: ${node.namespace}, name: ${ref.name}, uid: ${ref.uid}] does not exist in namespace "${node.namespace}"`);
  }

  async #live(r: ResourceType, namespace: string, name: string, uid: string): Promise<KubeObject | undefined> {
    try {
      const o = await this.#ctx.client.get(r, namespace || undefined, name);
      return o.metadata?.uid === uid ? o : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
  async #setOwners(r: ResourceType, o: KubeObject, ownerReferences: readonly OwnerReference[]): Promise<KubeObject | undefined> {
    const m = o.metadata;
    return ignoringMissing(this.#ctx.client.patch(r, m?.namespace, m?.name ?? '', 'application/merge-patch+json', { metadata: { uid: m?.uid, resourceVersion: m?.resourceVersion, ownerReferences } }));
  }
  async #remove(r: ResourceType, o: KubeObject, propagationPolicy: 'Background' | 'Foreground' | 'Orphan'): Promise<void> {
    const m = o.metadata;
    // The version too: an object that got a new owner meanwhile is judged again.
    await ignoringMissing(this.#ctx.client.delete(r, m?.namespace, m?.name ?? '', { propagationPolicy, preconditions: { uid: m?.uid, resourceVersion: m?.resourceVersion } }));
  }
  async #dropFinalizer(node: GraphNode, r: ResourceType, finalizer: string): Promise<void> {
    const live = await this.#live(r, node.namespace, node.name, node.uid);
    if (!live?.metadata?.finalizers?.includes(finalizer)) return;
    await ignoringMissing(this.#ctx.client.patch(r, node.namespace || undefined, node.name, 'application/merge-patch+json',
      { metadata: { uid: node.uid, resourceVersion: live.metadata.resourceVersion, finalizers: live.metadata.finalizers.filter(f => f !== finalizer) } }));
  }
}

async function ignoringMissing<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write;
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return undefined;
  }
}
