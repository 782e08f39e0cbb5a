// Docker before 23.0 can lock itself up for good when a container leaves a network while another joins or leaves the same one
// (libnetwork takes the locks of network and controller in both orders; moby/moby#42545). So on such a daemon joining and leaving
// exclude each other: containers join together, leave one by one, and never both. Only within one host, but so is a cluster's network.

/** First come, first served; `join`s run together, a `leave` runs alone. */
export class NetworkGate {
  #joining = 0;
  #leaving = false;
  readonly #queue: { alone: boolean; go: () => void }[] = [];

  join<T>(work: () => Promise<T>): Promise<T> { return this.#run(false, work); }
  leave<T>(work: () => Promise<T>): Promise<T> { return this.#run(true, work); }

  async #run<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>(resolve => { this.#queue.push({ alone, go: resolve }); this.#next(); });
    try { return await work(); } finally {
      if (alone) this.#leaving = false; else this.#joining--;
      this.#next();
    }
  }

  #next(): void {
    for (let first = this.#queue[0]; first && !this.#leaving && !(first.alone && this.#joining > 0); first = this.#queue[0]) {
      this.#queue.shift();
      if (first.alone) this.#leaving = true; else this.#joining++;
      first.go();
    }
  }
}

/** What needs no gate. */
const OPEN = { join: <T>(work: () => Promise<T>): Promise<T> => work(), leave: <T>(work: () => Promise<T>): Promise<T> => work() };
const FIXED_IN = 23;
const gates = new Map<string, NetworkGate>();

/** The gate of a cluster's network on a daemon of that version (`20.10.24+dfsg1`); nodes of one host share it. */
export function networkGate(clusterId: string, version: string): Pick<NetworkGate, 'join' | 'leave'> {
  const major = Number.parseInt(version, 10);
  if (major >= FIXED_IN) return OPEN;
  const gate = gates.get(clusterId) ?? new NetworkGate();
  gates.set(clusterId, gate);
  return gate;
}
