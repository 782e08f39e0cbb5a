// The addresses of services as objects (IPAddress): each is written and removed in the one transaction with the service that has it, so
// that none is ever without the other. Who takes one away by hand finds it there again; an object somebody made keeps its address his.
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../api/meta/object.ts';
import type { IPAddress, Service } from '../../api/types/kubernetes.ts';
import { CompareFailed, type Op } from '../../store/store.ts';
import { timestamp, type RegistryEnv } from '../registry/env.ts';
import type { Resource } from '../registry/resource.ts';

const GROUP = 'networking.k8s.io', MANAGED = 'ipaddress.kubernetes.io/managed-by', ALLOCATOR = 'ipallocator.k8s.io', FAMILY = 'ipaddress.kubernetes.io/ip-family';
const OWNED = JSON.stringify({
  'f:metadata': { 'f:labels': { '.': {}, [`f:${FAMILY}`]: {}, [`f:${MANAGED}`]: {} } },
  'f:spec': { 'f:parentRef': { '.': {}, 'f:name': {}, 'f:namespace': {}, 'f:resource': {} } },
});

/** The address a service has from this cluster's range; '' for none. */
export function addressOf(s: Service | undefined): string {
  const spec = s?.spec;
  return spec?.clusterIP && spec.clusterIP !== 'None' && spec.type !== 'ExternalName' ? spec.clusterIP : '';
}

export class AddressObjects {
  readonly #env: () => RegistryEnv;
  /** `env` is asked for at each use: it is made after the allocators. */
  constructor(env: () => RegistryEnv) { this.#env = env; }

  /** Whether there is an object of this address, whosever. */
  taken(ip: string): boolean {
    const r = this.#resource();
    return r !== undefined && this.#env().store.get(r.key('', ip)) !== undefined;
  }

  /** What is to be written together with a service that becomes `next` (undefined: goes) and was `prev`. */
  beside(next: KubeObject | undefined, prev: KubeObject | undefined): Op[] {
    const r = this.#resource(), is = addressOf(next as Service | undefined), was = addressOf(prev as Service | undefined);
    if (!r || is === was) return [];
    return [...(was === '' ? [] : [{ type: 'delete' as const, key: r.key('', was) }]), ...(is === '' ? [] : [this.#put(r, is, next!)])];
  }

  /** Brings the objects in line with the services of the store; for the start. */
  async repair(): Promise<void> {
    const { store } = this.#env(), r = this.#resource();
    if (!r) return;
    const ops: Op[] = [], lost = new Map(store.range({ prefix: r.prefix }).entries.filter(e => r.stateOf(e).metadata?.labels?.[MANAGED] === ALLOCATOR).map(e => [e.key, e]));
    for (const service of this.#services()) {
      const ip = addressOf(service);
      if (ip !== '' && !lost.delete(r.key('', ip)) && store.get(r.key('', ip)) === undefined) ops.push(this.#put(r, ip, service));
    }
    for (const e of lost.values()) ops.push({ type: 'delete', key: e.key, expect: e.revision });
    if (ops.length) await store.txn(ops);
  }

  /** Puts back what is taken away from a service that lives; `close` ends it. */
  keep(): { close(): void } {
    const { store, log } = this.#env(), r = this.#resource();
    if (!r) return { close: () => undefined };
    return store.watch(r.prefix, store.revision, events => {
      for (const e of events) {
        if (e.type !== 'DELETE') continue;
        const services = this.#env().find('', 'services'), gone = r.stateOf(e.prev ?? e.entry) as IPAddress, ref = gone.spec?.parentRef;
        const entry = services && ref?.resource === 'services' && !ref.group ? store.get(services.key(ref.namespace ?? '', ref.name ?? '')) : undefined;
        const service = entry && services!.stateOf(entry) as Service, ip = gone.metadata!.name!;
        if (service === undefined || addressOf(service) !== ip) continue;
        store.txn([{ ...this.#put(r, ip, service), expect: 0 }]).catch((error: unknown) => { if (!(error instanceof CompareFailed)) log.warn('the address of a service could not be put back', { ip, error }); });
      }
    });
  }

  #resource(): Resource | undefined { return this.#env().find(GROUP, 'ipaddresses'); }
  #services(): Service[] {
    const services = this.#env().find('', 'services');
    return services ? this.#env().store.range({ prefix: services.prefix }).entries.map(e => services.stateOf(e) as Service) : [];
  }

  /** As stored bytes at once: every new service pays for this. Addresses and names hold nothing that JSON would escape. */
  #put(r: Resource, ip: string, { metadata: m }: KubeObject): Op & { type: 'put' } {
    const time = timestamp(this.#env().clock.now());
    const text = `{"metadata":{"name":"${ip}","uid":"${randomUUID()}","creationTimestamp":"${time}","labels":{"${FAMILY}":"${ip.includes(':') ? 'IPv6' : 'IPv4'}","${MANAGED}":"${ALLOCATOR}"},`
      + `"managedFields":[{"manager":"kube-apiserver","operation":"Update","apiVersion":"${GROUP}/v1","time":"${time}","fieldsType":"FieldsV1","fieldsV1":${OWNED}}]},`
      + `"spec":{"parentRef":{"resource":"services","namespace":"${m!.namespace!}","name":"${m!.name!}"}}}`;
    const value = Buffer.allocUnsafeSlow(text.length);
    value.write(text, 'latin1');
    return { type: 'put', key: r.key('', ip), value };
  }
}
