// A Service's addresses and ports, and what stands behind it.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { EndpointSlice, Service } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { Fact, Section, type SectionProps } from './section.tsx';

const SLICE = kindFor('discovery.k8s.io', 'v1', 'endpointslices')!;
const POD = kindFor('', 'v1', 'pods')!;

export function Ports({ object, kind }: SectionProps) {
  const { t } = useTranslation();
  if (kind.kind !== 'Service') return null;
  const { spec, status } = object as Service;
  return (
    <Section title={t('sections.ports')}>
      <dl className="facts">
        <Fact name={t('facts.type')}>{spec?.type}</Fact><Fact name={t('facts.clusterIP')}><code>{spec?.clusterIP}</code></Fact><Fact name={t('facts.externalName')}>{spec?.externalName}</Fact>
        <Fact name={t('facts.external')}>{[...(spec?.externalIPs ?? []), ...(status?.loadBalancer?.ingress ?? []).map(i => i.ip ?? i.hostname)].join(', ')}</Fact>
        <Fact name={t('facts.affinity')}>{spec?.sessionAffinity === 'ClientIP' ? 'ClientIP' : undefined}</Fact>
        <Fact name={t('facts.selector')}>{spec?.selector ? <code>{Object.entries(spec.selector).map(([k, v]) => `${k}=${v}`).join(',')}</code> : undefined}</Fact>
      </dl>
      <ul className="port-list">{spec?.ports?.map(p => <li key={`${p.port}${p.protocol}`} className="mono"><b>{p.port}</b><span className="quiet">/{p.protocol ?? 'TCP'}</span> → {String(p.targetPort ?? p.port)}{p.nodePort ? <span className="quiet"> · {t('facts.nodePort')} {p.nodePort}</span> : null}{p.name ? <span className="quiet"> · {p.name}</span> : null}</li>)}</ul>
    </Section>
  );
}

export function Endpoints({ object, kind, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const name = object.metadata?.name ?? '';
  const isSlice = kind.kind === 'EndpointSlice';
  const found = useObjects<EndpointSlice>(isSlice ? undefined : { cluster, resource: SLICE, namespace: object.metadata?.namespace, labelSelector: `kubernetes.io/service-name=${name}` });
  const slices = isSlice ? [object as EndpointSlice] : found.items;
  const rows = slices.flatMap(s => (s.endpoints ?? []).map(e => ({ e, ports: (s.ports ?? []).map(p => p.port).join(',') })));
  return (
    <Section title={t('sections.endpoints')} count={isSlice || found.complete ? rows.length : undefined}>
      {rows.length === 0 ? <p className="quiet section-none">{found.freshness.state === 'forbidden' || found.freshness.state === 'failed' ? found.freshness.reason : isSlice || found.complete ? t('endpoints.none') : t('states.loading')}</p> : null}
      <ul className="endpoint-list">
        {rows.slice(0, 200).map(({ e, ports }) => {
          const pod = e.targetRef?.kind === 'Pod' ? e.targetRef : undefined;
          return <li key={`${e.addresses.join()} ${ports} ${e.targetRef?.uid ?? ''}`}><StatusShape level={e.conditions?.terminating ? 'warning' : e.conditions?.ready === false ? 'bad' : 'good'} /><code>{e.addresses.join(', ')}{ports ? `:${ports}` : ''}</code>
            {pod ? <button type="button" className="link-button mono" onClick={() => workspace.openObject(targetOf(cluster, POD, pod.namespace, pod.name ?? ''))}>{pod.name}</button> : null}</li>;
        })}
      </ul>
    </Section>
  );
}
