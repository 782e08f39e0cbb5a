// What the autoscaler counts (Kubernetes' pkg/controller/podautoscaler/monitor).
import { exponential, type Counter, type Figures, type Histogram } from '../../base/figures.ts';

export type Action = 'none' | 'scale_down' | 'scale_up';
/** `spec`: the autoscaler's author has to mend it. */
export type Fault = 'none' | 'spec' | 'internal';

const SUBSYSTEM = 'horizontal_pod_autoscaler_controller';
const BOUNDS = exponential(0.001, 2, 15);
/** What going from one size to another is. */
export const actionOf = (from: number, to: number): Action => (to > from ? 'scale_up' : to < from ? 'scale_down' : 'none');

export class AutoscalerFigures {
  readonly #looks: Counter;
  readonly #lookSeconds: Histogram;
  readonly #metrics: Counter;
  readonly #metricSeconds: Histogram;

  constructor(f: Figures) {
    const labels = ['action', 'error'];
    this.#looks = f.counter(`${SUBSYSTEM}_reconciliations_total`, 'Looks at an autoscaler, by what came of it and what was in the way.', labels);
    this.#lookSeconds = f.histogram(`${SUBSYSTEM}_reconciliation_duration_seconds`, 'Seconds that looks at an autoscaler took.', labels, BOUNDS);
    this.#metrics = f.counter(`${SUBSYSTEM}_metric_computation_total`, 'Metrics judged, by what each asked for.', [...labels, 'metric_type']);
    this.#metricSeconds = f.histogram(`${SUBSYSTEM}_metric_computation_duration_seconds`, 'Seconds that judging a metric took.', [...labels, 'metric_type'], BOUNDS);
  }
  looked(action: Action, fault: Fault, ms: number): void { this.#looks.add([action, fault]); this.#lookSeconds.observe([action, fault], ms / 1000); }
  judged(action: Action, fault: Fault, type: string, ms: number): void { this.#metrics.add([action, fault, type]); this.#metricSeconds.observe([action, fault, type], ms / 1000); }
}
