// Two lines of a story: the metrics as a part of their targets, and the replicas between their bounds. The pointer or the arrows
// read a moment off.
import { useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { clockTime } from '../../kit/Age.tsx';
import { replicaLine, type Sample, type Step } from './history.ts';
import { pathOf, spanOf, topOf, valueAt, type Point } from './plot.ts';

const LEAST_MS = 5 * 60_000, MOST_MS = 60 * 60_000;
/** Part of the width the arrows move by. */
const NUDGE = 0.02;

interface Props { samples: readonly Sample[]; steps: readonly Step[]; names: readonly string[]; min: number; max: number; now: number }

export function Chart({ samples, steps, names, min, max, now: shown }: Props) {
  const { t } = useTranslation();
  const [at, setAt] = useState<number>();
  // The second on the screen may be older than what came within it.
  const now = Math.max(shown, samples.at(-1)?.at ?? 0);
  const replicas = replicaLine(steps, samples);
  const span = spanOf(replicas, now, LEAST_MS, MOST_MS);
  const inSpan = samples.filter(s => s.at >= span.from);
  const lines = names.map((_, i) => samples.map((s): Point | undefined => (s.ratios[i] === undefined ? undefined : { at: s.at, value: s.ratios[i] })));
  const topRatio = Math.max(1.25, topOf(Math.max(0, ...inSpan.flatMap(s => s.ratios.filter(r => r !== undefined)))));
  const topReplicas = Math.max(max, ...replicas.filter(r => r.at >= span.from).map(r => r.value), 1) * 1.1;
  const moment = at === undefined ? span.to : span.from + at * (span.to - span.from);
  const read = [
    clockTime(moment),
    ...names.map((n, i) => { const v = valueAt(lines[i]!.filter(p => p !== undefined), moment); return v === undefined ? undefined : t('autoscale.ofTarget', { name: n, percent: Math.round(v * 100) }); }),
    (() => { const v = valueAt(replicas, moment); return v === undefined ? undefined : t('autoscale.replicas', { count: v }); })(),
  ].filter(Boolean).join(' · ');
  const onMove = (e: PointerEvent): void => { const box = e.currentTarget.getBoundingClientRect(); setAt(Math.max(0, Math.min(1, (e.clientX - box.left) / box.width))); };
  const onKeyDown = (e: KeyboardEvent): void => {
    const by = { ArrowLeft: -NUDGE, ArrowRight: NUDGE, Home: -1, End: 1 }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    setAt(a => Math.max(0, Math.min(1, (a ?? 1) + by)));
  };
  return (
    <figure className="hpa-chart" data-testid="hpa-chart">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- the arrows read the chart off */}
      <div className="hpa-plots" role="img" aria-label={`${t('autoscale.chart')}: ${read}`} tabIndex={0} onPointerMove={onMove} onPointerLeave={() => setAt(undefined)} onKeyDown={onKeyDown} onBlur={() => setAt(undefined)}>
        <Plot label={t('autoscale.metrics')} high={`${Math.round(topRatio * 100)} %`} at={at}>
          <line className="plot-target" x1="0" x2="100" y1={100 - 100 / topRatio} y2={100 - 100 / topRatio} />
          {lines.map((line, i) => <path key={names[i]} className={`plot-line plot-${i % 8 + 1}`} d={pathOf(line, span, topRatio, false)} />)}
        </Plot>
        <Plot label={t('autoscale.replicasHead')} high={String(max)} low={String(min)} at={at}>
          <rect className="plot-band" x="0" width="100" y={100 - max / topReplicas * 100} height={(max - min) / topReplicas * 100} />
          <path className="plot-line plot-replicas" data-line="replicas" d={pathOf(replicas, span, topReplicas, true)} />
        </Plot>
      </div>
      <figcaption><span className="quiet">{clockTime(span.from)}</span><span className="ellipsis" role="status">{read}</span></figcaption>
      {names.length > 1 ? <ul className="plot-legend">{names.map((n, i) => <li key={n}><span className={`plot-key plot-${i % 8 + 1}`} />{n}</li>)}</ul> : null}
    </figure>
  );
}

function Plot({ label, high, low, at, children }: { label: string; high: string; low?: string; at: number | undefined; children: React.ReactNode }) {
  return (
    <div className="plot">
      <span className="plot-label quiet">{label}</span><span className="plot-high quiet">{high}</span>{low === undefined ? null : <span className="plot-low quiet">{low}</span>}
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{children}{at === undefined ? null : <line className="plot-cursor" x1={at * 100} x2={at * 100} y1="0" y2="100" />}</svg>
    </div>
  );
}
