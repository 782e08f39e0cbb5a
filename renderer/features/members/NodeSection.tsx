// A daemon set node by node: its pod, whether it is ready, of which revision; or why there is none.
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { ControllerRevision, DaemonSet, Node, Pod } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { selectorText } from '../../kinds/sections/Pods.tsx';
import { Section, type SectionProps } from '../../kinds/sections/section.tsx';
import { StatusShape, type Level } from '../../kit/StatusPill.tsx';
import { nodeRows, type NodeState } from './nodes.ts';
import './members.css';

const POD = kindFor('', 'v1', 'pods')!;
const NODE = kindFor('', 'v1', 'nodes')!;
const REVISION = kindFor('apps', 'v1', 'controllerrevisions')!;
const LEVEL: Readonly<Record<NodeState, Level>> = { ready: 'good', starting: 'busy', broken: 'bad', leaving: 'warning', missing: 'warning', excluded: 'none' };
const SHOWN = 300;

export function NodeSection({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const { workspace } = useApp();
  const set = object as DaemonSet;
  const namespace = object.metadata?.namespace;
  const nodes = useObjects<Node>({ cluster, resource: NODE });
  const pods = useObjects<Pod>({ cluster, resource: POD, namespace, labelSelector: selectorText(set.spec?.selector ?? {}) });
  const revisions = useObjects<ControllerRevision>({ cluster, resource: REVISION, namespace });
  const rows = nodeRows(set, nodes.items, pods.items, revisions.items);
  const refused = nodes.freshness.state === 'forbidden' || nodes.freshness.state === 'failed';
  return (
    <Section title={t('members.nodes')} count={nodes.complete ? rows.length : undefined}>
      {refused ? <p className="quiet section-none">{nodes.freshness.reason}</p> : nodes.complete && rows.length === 0 ? <p className="quiet section-none">{t('members.noNodes')}</p> : null}
      <ul className="node-grid" data-testid="daemon-nodes" aria-busy={!pods.complete}>
        {rows.slice(0, SHOWN).map(r => {
          const word = t(`members.states.${r.state}`);
          const to = r.pod ? targetOf(cluster, POD, namespace, r.pod.metadata?.name ?? '') : targetOf(cluster, NODE, undefined, r.node);
          const why = r.state === 'excluded' ? (r.taint ? t('members.tainted', { taint: r.taint }) : t('members.notSelected')) : undefined;
          return (
            <li key={r.node}>
              <button type="button" className="node-tile" data-node={r.node} data-state={r.state} title={[r.node, r.pod?.metadata?.name, why].filter(Boolean).join('\n')} onClick={() => workspace.openObject(to)}>
                <span className="node-name"><StatusShape level={LEVEL[r.state]} /><span className="mono ellipsis">{r.node}</span></span>
                <span className="quiet ellipsis">{why ?? word}</span>
                {r.revision === undefined ? null : <span className={`tag${r.updated ? ' tag-new' : ''}`}>{t('members.revision', { revision: r.revision })}</span>}
              </button>
            </li>
          );
        })}
      </ul>
      {rows.length > SHOWN ? <p className="quiet">{t('pods.more', { count: rows.length - SHOWN })}</p> : null}
    </Section>
  );
}
