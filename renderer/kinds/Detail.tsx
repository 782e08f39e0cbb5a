// The drawer: one object, live, in the sections its kind names.
import { Suspense, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec, Section } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { actionsFor } from '../app/actions.ts';
import { useApp } from '../app/context.ts';
import { kubectl } from '../app/kubectl.ts';
import type { Target } from '../app/workspace.ts';
import { useObject } from '../gateway/hooks.ts';
import { Age } from '../kit/Age.tsx';
import { FreshnessMark } from '../kit/Freshness.tsx';
import { Icon } from '../kit/Icon.tsx';
import { IconButton } from '../kit/IconButton.tsx';
import { KubectlCommand } from '../kit/KubectlCommand.tsx';
import { Loading, StateMessage } from '../kit/states.tsx';
import { StatusPill } from '../kit/StatusPill.tsx';
import { Allocation } from './sections/Allocation.tsx';
import { Conditions } from './sections/Conditions.tsx';
import { Containers } from './sections/Containers.tsx';
import { Data } from './sections/Data.tsx';
import { Endpoints, Ports } from './sections/Network.tsx';
import { Events } from './sections/Events.tsx';
import { Labels } from './sections/Labels.tsx';
import { Pods, Rollout } from './sections/Pods.tsx';
import { Related } from './sections/Related.tsx';
import { Spec } from './sections/Spec.tsx';
import type { SectionProps } from './sections/section.tsx';
import './detail.css';

/** Parts the drawer has of itself; features bring the others. */
const SECTIONS: Partial<Record<Section, (p: SectionProps) => React.ReactNode>> = {
  conditions: Conditions, containers: Containers, podTemplate: Containers, pods: Pods, rollout: Rollout, owners: Related, events: Events, labels: Labels, data: Data, ports: Ports, endpoints: Endpoints, spec: Spec, allocation: Allocation,
};

export function Detail({ target, kind }: { target: Target; kind: KindSpec }) {
  const app = useApp();
  const { focus } = app;
  const { t } = useTranslation();
  const { object, gone, freshness } = useObject<KubeObject>(target.cluster, kind, target.namespace, target.name);
  const known = useRef(false);
  useEffect(() => {
    if (!object) return;
    focus.drawer({ cluster: target.cluster, kind, objects: [object] }, !known.current);
    known.current = true;
  }, [focus, object, kind, target.cluster]);
  useEffect(() => () => focus.drawer(undefined), [focus]);
  const health = object ? kind.view.health?.(object) : undefined;
  const sections = useMemo(() => partsOf(kind), [kind]);
  const actions = object ? actionsFor(app, kind, [object]) : [];
  const info = app.connection.host.get()?.clusters.find(c => c.id === target.cluster);
  return (
    <aside className="drawer" aria-label={`${kind.kind} ${target.name}`} data-testid="drawer">
      <header className="drawer-head">
        <div className="drawer-title"><Icon name={kind.view.icon} size={18} /><h2 className="mono" title={target.name}>{target.name}</h2><IconButton icon="close" label={t('drawer.close')} keys="Esc" onClick={() => app.workspace.closeDrawer()} /></div>
        <div className="drawer-sub">
          <span className="quiet">{kind.kind}{target.namespace ? <> · {target.namespace}</> : null}{object ? <> · <Age at={object.metadata?.creationTimestamp} /></> : null}</span>
          <span className="spacer" />{freshness.state !== 'live' ? <FreshnessMark freshness={freshness} /> : null}
        </div>
        {object && !gone ? <div className="drawer-actions">{actions.map(a => <IconButton key={a.id} icon={a.icon} label={t(`actions.${a.id}`)} keys={a.key} danger={a.danger} onClick={() => a.run({ app, cluster: target.cluster, kind, objects: [object] })} />)}</div> : null}
      </header>
      <div className="drawer-body">
        {gone && object ? <p className="gone" role="status">{t('drawer.gone')}</p> : null}
        {object === undefined && gone ? <StateMessage icon={kind.view.icon} title={t('drawer.missing', { kind: kind.kind })} text={t('drawer.missingText')} /> : null}
        {object === undefined && !gone && (freshness.state === 'forbidden' || freshness.state === 'failed') ? <StateMessage icon="secret" level="warning" title={t('drawer.refused')} detail={freshness.reason} /> : null}
        {object === undefined && !gone && freshness.state !== 'forbidden' && freshness.state !== 'failed' ? <Loading rows={8} /> : null}
        {object ? (
          <>
            {health && health.level !== 'none' ? <div className={`verdict verdict-${health.level}`}><StatusPill level={health.level} word={health.word} />{health.reason ? <p>{health.reason}</p> : null}</div> : null}
            {object.metadata?.deletionTimestamp ? <p className="gone">{t('drawer.deleting')} <Age at={object.metadata.deletionTimestamp} />{object.metadata.finalizers?.length ? ` · ${t('drawer.finalizers', { list: object.metadata.finalizers.join(', ') })}` : ''}</p> : null}
            {sections.map(s => { const View = SECTIONS[s] ?? app.features.find(f => f.sections?.[s])?.sections?.[s]; return View ? <Suspense key={s} fallback={null}><View section={s} cluster={target.cluster} kind={kind} object={object} /></Suspense> : null; })}
            <KubectlCommand command={kubectl(info, target.namespace, 'describe', kind.group ? `${kind.plural}.${kind.group}` : kind.singular, target.name)} />
          </>
        ) : null}
      </div>
    </aside>
  );
}

/** What tells why something is broken comes first; labels and events close every page. */
const ORDER: readonly Section[] = [
  'placement', 'rollout', 'schedule', 'completions', 'autoscale', 'budget', 'quota', 'claim', 'volume', 'class', 'priority', 'limits', 'ordinals', 'daemonNodes',
  'conditions', 'allocation', 'containers', 'podTemplate', 'ports', 'endpoints', 'pods', 'data', 'spec', 'events', 'owners', 'labels',
];
/** Kinds whose spec says more than their pod template does. */
const SPEC_TOO = new Set(['Job', 'CronJob']);
function partsOf(kind: KindSpec): Section[] {
  const all = new Set<Section>([...kind.view.sections, 'owners', 'events', 'labels']);
  if (all.has('containers')) all.delete('podTemplate');
  // The outline of a spec is for kinds that have nothing better.
  if (SPEC_TOO.has(kind.kind)) all.add('spec');
  else if ((['containers', 'podTemplate', 'ports', 'data', 'rollout'] as const).some(s => all.has(s))) all.delete('spec');
  return ORDER.filter(s => all.has(s));
}
