// Counters for /metrics in Prometheus' text format. Counting must cost next to nothing: one map look-up and a few additions.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Family } from '../../base/figures.ts';

/** Upper bounds in seconds, those of the API server. */
const BUCKETS = [0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60];

export interface RequestLabels {
  /** As Kubernetes writes it: GET, LIST, WATCH, POST, PUT, PATCH, DELETE, DELETECOLLECTION, CONNECT. */
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource: string;
  scope: 'resource' | 'namespace' | 'cluster' | '';
}

interface Series { labels: string; codes: Map<number, number>; buckets: Float64Array; sum: number; count: number }

const escape = (v: string): string => v.replace(/[\\"\n]/g, c => (c === '\n' ? '\\n' : `\\${c}`));

/** One gauge whose value is read when somebody asks. */
export interface Gauge { name: string; help: string; type?: 'gauge' | 'counter'; read(): number }

export class Metrics {
  readonly #series = new Map<string, Series>();
  readonly #gauges: Gauge[] = [];
  readonly #families: Family[] = [];
  readonly #delay = monitorEventLoopDelay({ resolution: 100 });
  #inflight = 0;
  #watches = 0;

  /** Starts watching the event loop's delay; without it that figure is left out. */
  start(): void { this.#delay.enable(); }
  stop(): void { this.#delay.disable(); }
  add(gauge: Gauge): void { this.#gauges.push(gauge); }
  addFamily(...families: readonly Family[]): void { this.#families.push(...families); }
  began(): void { this.#inflight++; }
  ended(): void { this.#inflight--; }
  watchBegan(): void { this.#watches++; }
  watchEnded(): void { this.#watches--; }

  /** Counts one finished request; a watch gets no duration. */
  observe(l: RequestLabels, code: number, seconds: number): void {
    const key = `${l.verb} ${l.group}/${l.version}/${l.resource}/${l.subresource} ${l.scope}`;
    let s = this.#series.get(key);
    if (s === undefined) {
      const labels = `group="${escape(l.group)}",resource="${escape(l.resource)}",scope="${l.scope}",subresource="${escape(l.subresource)}",verb="${escape(l.verb)}",version="${escape(l.version)}"`;
      s = { labels, codes: new Map(), buckets: new Float64Array(BUCKETS.length), sum: 0, count: 0 };
      this.#series.set(key, s);
    }
    s.codes.set(code, (s.codes.get(code) ?? 0) + 1);
    if (l.verb === 'WATCH' || l.verb === 'CONNECT') return;
    s.count++;
    s.sum += seconds;
    for (let i = 0; i < BUCKETS.length; i++) if (seconds <= BUCKETS[i]!) { s.buckets[i]!++; break; }
  }

  /** The whole page. */
  render(): string {
    const out: string[] = [];
    const head = (name: string, type: string, help: string): void => { out.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`); };
    head('apiserver_request_total', 'counter', 'Requests answered, by verb, resource and status code.');
    for (const s of this.#series.values()) for (const [code, n] of s.codes) out.push(`apiserver_request_total{code="${code}",component="apiserver",dry_run="",${s.labels}} ${n}`);
    head('apiserver_request_duration_seconds', 'histogram', 'Time to answer a request, watches and connections left out.');
    for (const s of this.#series.values()) {
      if (s.count === 0) continue;
      let sum = 0;
      for (let i = 0; i < BUCKETS.length; i++) {
        sum += s.buckets[i]!;
        out.push(`apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",${s.labels},le="${BUCKETS[i]}"} ${sum}`);
      }
      out.push(`apiserver_request_duration_seconds_bucket{component="apiserver",dry_run="",${s.labels},le="+Inf"} ${s.count}`,
        `apiserver_request_duration_seconds_sum{component="apiserver",dry_run="",${s.labels}} ${s.sum}`,
        `apiserver_request_duration_seconds_count{component="apiserver",dry_run="",${s.labels}} ${s.count}`);
    }
    const one = (name: string, type: string, help: string, value: number): void => { head(name, type, help); out.push(`${name} ${value}`); };
    one('apiserver_current_inflight_requests', 'gauge', 'Requests being answered.', this.#inflight);
    one('apiserver_longrunning_requests', 'gauge', 'Open watches.', this.#watches);
    const memory = process.memoryUsage(), cpu = process.cpuUsage();
    one('process_resident_memory_bytes', 'gauge', 'Resident memory in bytes.', memory.rss);
    one('process_cpu_seconds_total', 'counter', 'User and system CPU time in seconds.', (cpu.user + cpu.system) / 1e6);
    one('process_start_time_seconds', 'gauge', 'Start of the process, seconds since the epoch.', Math.round(performance.timeOrigin) / 1000);
    one('nodejs_heap_size_used_bytes', 'gauge', 'Heap in use.', memory.heapUsed);
    one('nodejs_external_memory_bytes', 'gauge', 'Memory outside the heap.', memory.external);
    if (this.#delay.count > 0) one('nodejs_eventloop_lag_p99_seconds', 'gauge', 'Delay of the event loop, 99th percentile.', this.#delay.percentile(99) / 1e9);
    for (const g of this.#gauges) one(g.name, g.type ?? 'gauge', g.help, g.read());
    for (const f of this.#families) {
      const series = f.read();
      if (series.length === 0) continue;
      head(f.name, f.type, f.help);
      for (const [labels, value, suffix = ''] of series) {
        const words = Object.entries(labels).map(([k, v]) => `${k}="${escape(v)}"`).join(',');
        out.push(`${f.name}${suffix}${words && `{${words}}`} ${value}`);
      }
    }
    return `${out.join('\n')}\n`;
  }
}
