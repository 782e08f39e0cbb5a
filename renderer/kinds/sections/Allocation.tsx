// A node's room: what its pods ask for and may take at most, of what it can give; its system, addresses and taints.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Node, Pod } from '../../../core/api/types/kubernetes.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { allocationOf } from './allocation.ts';
import { Fact, Section, type SectionProps } from './section.tsx';

const POD = kindFor('', 'v1', 'pods')!;

export function Allocation({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const node = object as Node;
  const { items, complete } = useObjects<Pod>({ cluster, resource: POD, fieldSelector: `spec.nodeName=${object.metadata?.name}` });
  const { nodeInfo: info, addresses } = node.status ?? {};
  return (
    <Section title={t('sections.allocation')}>
      <table className="allocation" aria-busy={!complete}>
        <thead><tr><th>{t('allocation.resource')}</th><th aria-hidden="true" /><th className="num">{t('allocation.requests')}</th><th className="num">{t('allocation.limits')}</th><th className="num">{t('allocation.allocatable')}</th></tr></thead>
        <tbody>{allocationOf(node, items).map(r => (
          <tr key={r.resource} data-resource={r.resource}>
            <th scope="row">{r.resource}</th>
            <td className="bar"><span className={`part-bar${(r.part ?? 0) > 0.9 ? ' full' : ''}`}><span style={{ width: `${Math.min(1, r.part ?? 0) * 100}%` }} /></span></td>
            <td className="num" data-part="requests">{r.requests}{r.part === undefined ? null : <span className="quiet"> {Math.round(r.part * 100)} %</span>}</td>
            <td className="num">{r.limits}</td><td className="num">{r.allocatable}</td>
          </tr>
        ))}</tbody>
      </table>
      <dl className="facts">
        {addresses?.map(a => <Fact key={`${a.type}${a.address}`} name={a.type}><code>{a.address}</code></Fact>)}
        <Fact name={t('node.agent')}>{info?.kubeletVersion}</Fact><Fact name={t('node.runtime')}>{info?.containerRuntimeVersion}</Fact>
        <Fact name={t('node.system')}>{info ? [info.osImage, info.architecture, info.kernelVersion].filter(Boolean).join(' · ') : undefined}</Fact>
        <Fact name={t('node.taints')}>{node.spec?.taints?.length ? <ul>{node.spec.taints.map(x => <li key={`${x.key}${x.effect}`}><code>{x.key}{x.value ? `=${x.value}` : ''}:{x.effect}</code></li>)}</ul> : undefined}</Fact>
      </dl>
    </Section>
  );
}
