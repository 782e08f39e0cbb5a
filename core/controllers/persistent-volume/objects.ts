// Claims and volumes as the binder sees them: from the caches, or as it wrote them itself where the caches are behind; and every write it makes.
import { persistentVolumeClaim as claimKind } from '../../api/kinds/core/persistent-volume-claim.ts';
import { persistentVolume as volumeKind } from '../../api/kinds/core/persistent-volume.ts';
import { storageClass as classKind } from '../../api/kinds/storage/storage-class.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, annotated, classOf, isFor, namesClass } from '../../api/meta/claims.ts';
import { semanticEqual } from '../../api/meta/equal.ts';
import { objectKey, type KubeObject, type ResourceType } from '../../api/meta/object.ts';
import { formatTime } from '../../api/meta/time.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../api/types/kubernetes.ts';
import type { Informer } from '../../client/informer.ts';
import type { ControllerContext } from '../controller.ts';

const OPEN = 'open', FOR = 'for', WAITING = 'waiting', WANTS = 'wants';
/** Index value of claims that say nothing of a class. */
const UNSAID = '\0';

/** One kind, with what was written and has not come back through the watch yet: a second look must not see the time before the first. */
class Seen<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly #kind: ResourceType;
  readonly #ctx: ControllerContext;
  readonly #written = new Map<string, T>();

  constructor(ctx: ControllerContext, kind: ResourceType) {
    this.#ctx = ctx; this.#kind = kind;
    this.informer = ctx.informers.for<T>(kind);
    const caughtUp = (o: T): void => { const w = this.#written.get(objectKey(o)); if (w && Number(o.metadata?.resourceVersion) >= Number(w.metadata?.resourceVersion)) this.#written.delete(objectKey(o)); };
    this.informer.on({ add: caughtUp, update: caughtUp, delete: o => { this.#written.delete(objectKey(o)); } });
  }

  get(key: string): T | undefined {
    const cached = this.informer.lister.getByKey(key);
    return cached && (this.#written.get(key) ?? cached);
  }
  fresh(o: T): T { return this.#written.get(objectKey(o)) ?? o; }
  async write(next: T, subresource?: string): Promise<T> {
    const made = await this.#ctx.client.update(this.#kind, next, subresource);
    // The watch may have been quicker than the answer.
    if (Number(this.informer.lister.getByKey(objectKey(made))?.metadata?.resourceVersion ?? 0) < Number(made.metadata?.resourceVersion)) this.#written.set(objectKey(made), made);
    return made;
  }
  delete(key: string): void { this.#written.delete(key); }
}

export class Objects {
  readonly ctx: ControllerContext;
  readonly claims: Seen<PersistentVolumeClaim>;
  readonly volumes: Seen<PersistentVolume>;
  readonly classes: Informer<StorageClass>;

  constructor(ctx: ControllerContext) {
    this.ctx = ctx;
    this.claims = new Seen(ctx, claimKind);
    this.volumes = new Seen(ctx, volumeKind);
    this.classes = ctx.informers.for<StorageClass>(classKind);
    this.volumes.informer.addIndex(OPEN, v => (v.spec?.claimRef ? [] : [classOf(v)]));
    this.volumes.informer.addIndex(FOR, v => { const r = v.spec?.claimRef; return r ? [`${r.namespace ?? ''}/${r.name ?? ''}`] : []; });
    this.claims.informer.addIndex(WAITING, c => (annotated(c, BIND_COMPLETED) ? [] : namesClass(c) ? [classOf(c)] : [UNSAID, '']));
    this.claims.informer.addIndex(WANTS, c => (c.spec?.volumeName ? [c.spec.volumeName] : []));
  }

  /** Volumes that might be a claim's: those kept for it, and the free ones of its class. */
  candidates(c: PersistentVolumeClaim): PersistentVolume[] {
    const { lister } = this.volumes.informer;
    return [...lister.byIndex(FOR, objectKey(c)), ...lister.byIndex(OPEN, classOf(c))].map(v => this.volumes.fresh(v));
  }
  /** Volumes that name the claim as theirs. */
  keptFor = (claimKey: string): PersistentVolume[] => this.volumes.informer.lister.byIndex(FOR, claimKey);
  /** Claims not bound yet that ask for a class. */
  waiting = (className: string): PersistentVolumeClaim[] => this.claims.informer.lister.byIndex(WAITING, className);
  /** Claims not bound yet that say nothing of a class. */
  undecided = (): PersistentVolumeClaim[] => this.waiting(UNSAID);
  /** Claims that name the volume. */
  wanting = (volume: string): PersistentVolumeClaim[] => this.claims.informer.lister.byIndex(WANTS, volume);

  event(o: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string): void { this.ctx.recorder.event(o, type, reason, message); }

  /** Phase, and with a volume its size and modes (contract of PersistentVolumeClaim.status); nothing is written where nothing differs. */
  async claimStatus(c: PersistentVolumeClaim, phase: string, v?: PersistentVolume): Promise<PersistentVolumeClaim> {
    const { accessModes: _modes, capacity, currentVolumeAttributesClassName: _was, ...rest } = c.status ?? {};
    const attributes = v?.spec?.volumeAttributesClassName;
    // The size of a claim that is bound already is the business of whoever makes it grow.
    const size = c.status?.phase === phase && capacity ? capacity : v?.spec?.capacity;
    const status = { ...rest, phase, ...(v ? { accessModes: v.spec?.accessModes, capacity: size } : {}), ...(attributes ? { currentVolumeAttributesClassName: attributes } : {}) };
    return semanticEqual(status, c.status) ? c : this.claims.write({ ...c, status }, 'status');
  }
  /** The same with an event, which is told only when the phase changes. */
  async claimStatusTold(c: PersistentVolumeClaim, phase: string, reason: string, message: string): Promise<void> {
    if (c.status?.phase === phase) return;
    this.event(await this.claimStatus(c, phase), 'Warning', reason, message);
  }

  async volumePhase(v: PersistentVolume, phase: string, message = ''): Promise<PersistentVolume> {
    if (v.status?.phase === phase) return v;
    const { message: _old, ...rest } = v.status ?? {};
    return this.volumes.write({ ...v, status: { ...rest, phase, lastPhaseTransitionTime: formatTime(this.ctx.clock.now()), ...(message ? { message } : {}) } }, 'status');
  }
  async volumePhaseTold(v: PersistentVolume, phase: string, reason: string, message: string): Promise<void> {
    if (v.status?.phase === phase) return;
    this.event(await this.volumePhase(v, phase, message), 'Warning', reason, message);
  }

  /** The volume first, then the claim: whatever is cut short in between is finished by the next look at either. */
  async bind(v: PersistentVolume, c: PersistentVolumeClaim): Promise<void> {
    const volume = await this.volumePhase(await this.#claimed(v, c), 'Bound');
    await this.claimStatus(await this.#bound(c, volume), 'Bound', volume);
  }

  async #claimed(v: PersistentVolume, c: PersistentVolumeClaim): Promise<PersistentVolume> {
    const { metadata: m } = c, kept = isFor(v, c);
    if (kept && v.spec?.claimRef?.uid === m?.uid) return v;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: m?.namespace, name: m?.name, uid: m?.uid, resourceVersion: m?.resourceVersion };
    const metadata = kept ? v.metadata : { ...v.metadata, annotations: { ...v.metadata?.annotations, [BOUND_BY_CONTROLLER]: 'yes' } };
    return this.volumes.write({ ...v, metadata, spec: { ...v.spec, claimRef } });
  }
  async #bound(c: PersistentVolumeClaim, v: PersistentVolume): Promise<PersistentVolumeClaim> {
    const name = v.metadata?.name, named = c.spec?.volumeName === name;
    if (named && annotated(c, BIND_COMPLETED)) return c;
    const annotations = { ...c.metadata?.annotations, ...(named ? {} : { [BOUND_BY_CONTROLLER]: 'yes' }), [BIND_COMPLETED]: 'yes' };
    return this.claims.write({ ...c, metadata: { ...c.metadata, annotations }, spec: { ...c.spec, volumeName: name } } as PersistentVolumeClaim);
  }

  /** Takes back what the controller bound; of what a person bound only the uid. */
  async unbind(v: PersistentVolume): Promise<void> {
    const { claimRef, ...spec } = v.spec ?? {}, { [BOUND_BY_CONTROLLER]: ours, ...annotations } = v.metadata?.annotations ?? {};
    const { uid: _uid, resourceVersion: _version, ...ref } = claimRef ?? {};
    const next = ours === undefined ? { ...v, spec: { ...spec, claimRef: ref } } : { ...v, metadata: { ...v.metadata, annotations }, spec };
    await this.volumePhase(await this.volumes.write(next), 'Available');
  }
}
