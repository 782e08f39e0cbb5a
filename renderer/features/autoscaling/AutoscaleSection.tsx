// An autoscaler: measured and wanted, replicas between their bounds, and how both went.
import Button from '@mui/material/Button';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { CoreEvent, V2HorizontalPodAutoscaler } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { onTick, shownNow } from '../../base/ticker.ts';
import { useKinds, useObjects } from '../../gateway/hooks.ts';
import { Fact, Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { Age } from '../../kit/Age.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { BoundsDialog } from './BoundsDialog.tsx';
import { Chart } from './Chart.tsx';
import { historyOf, sampleOf, stepsOf, type Sample } from './history.ts';
import { metricsOf } from './metrics.ts';
import './autoscaling.css';

const EVENT = kindFor('', 'v1', 'events')!;
/** Seconds between samples while nothing changes. */
const EVERY = 15;

/** What was seen of it, with a sample now at every change and some seconds apart. */
function useHistory(h: V2HorizontalPodAutoscaler): readonly Sample[] {
  const history = historyOf(h.metadata?.uid ?? '');
  const [, redraw] = useState(0);
  useEffect(() => {
    const take = (): void => { history.add(sampleOf(h, Date.now())); redraw(n => n + 1); };
    take();
    let seconds = 0;
    return onTick(() => { if (++seconds % EVERY === 0) take(); });
  }, [h, history]);
  return history.samples;
}

export function AutoscaleSection({ object, cluster, kind }: SectionProps) {
  const { t } = useTranslation();
  const app = useApp();
  useKinds(cluster);
  const h = object as unknown as V2HorizontalPodAutoscaler;
  const samples = useHistory(h);
  const { items } = useObjects<CoreEvent>({ cluster, resource: EVENT, namespace: object.metadata?.namespace, fieldSelector: `involvedObject.uid=${object.metadata?.uid}` });
  const steps = stepsOf(items), metrics = metricsOf(h);
  const min = h.spec.minReplicas ?? 1, max = h.spec.maxReplicas;
  const now = h.status?.currentReplicas ?? 0, desired = h.status?.desiredReplicas ?? 0;
  const ref = h.spec.scaleTargetRef;
  const target = app.clusterKinds.find(cluster, ref.apiVersion ?? '', ref.kind);
  const names = metrics.map(m => (m.of ? `${m.name} (${m.of})` : m.name));
  const edit = (): void => app.openDialog(close => <BoundsDialog c={{ app, cluster, kind, objects: [object] }} close={close} />);
  return (
    <Section title={t('autoscale.title')} aside={<button type="button" className="link-button" disabled={!target} onClick={() => target && app.workspace.openObject(targetOf(cluster, target, object.metadata?.namespace, ref.name))}><Icon name={target?.view.icon ?? 'box'} size={14} /><span className="mono">{ref.name}</span></button>}>
      <div data-testid="autoscale">
        <Chart samples={samples} steps={steps} names={names} min={min} max={max} now={shownNow()} />
        <table className="metric-table">
          <thead><tr><th>{t('autoscale.metric')}</th><th aria-hidden="true" /><th className="num">{t('autoscale.measured')}</th><th className="num">{t('autoscale.wanted')}</th><th className="num">{t('autoscale.asksFor')}</th></tr></thead>
          <tbody>{metrics.map((m, i) => (
            <tr key={names[i]} data-metric={m.name}>
              <th scope="row">{names[i]}</th>
              <td><span className={`part-bar${(m.ratio ?? 0) > 1 ? ' full' : ''}`}><span style={{ width: `${Math.min(1, m.ratio ?? 0) * 100}%` }} /></span></td>
              <td>{m.current ?? <span className="quiet">{t('autoscale.unknown')}</span>}</td><td>{m.target}</td><td>{m.wants ?? '–'}</td>
            </tr>
          ))}</tbody>
        </table>
        <dl className="facts">
          <Fact name={t('autoscale.replicasHead')}>{desired === now ? now : t('autoscale.onTheWay', { now, desired })}</Fact>
          <Fact name={t('autoscale.bounds')}>{t('autoscale.between', { min, max })} <Button variant="outlined" size="small" onClick={edit}>{t('autoscale.change')}</Button></Fact>
          <Fact name={t('autoscale.lastScale')}>{h.status?.lastScaleTime ? <Age at={h.status.lastScaleTime} /> : undefined}</Fact>
          <Fact name={t('autoscale.lastWhy')}>{steps.at(-1)?.why}</Fact>
        </dl>
      </div>
    </Section>
  );
}
