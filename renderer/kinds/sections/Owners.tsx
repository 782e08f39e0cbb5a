// The chain of owners up to the top: pod, replica set, deployment.
import { useTranslation } from 'react-i18next';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject, OwnerReference } from '../../../core/api/meta/object.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useKinds, useObject } from '../../gateway/hooks.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Section, type SectionProps } from './section.tsx';

export function Owners({ object, cluster }: SectionProps) {
  const { t } = useTranslation();
  const owners = object.metadata?.ownerReferences ?? [];
  if (owners.length === 0) return null;
  return <Section title={t('sections.owners')}><ol className="owner-chain">{owners.map(o => <OwnerLink key={o.uid} cluster={cluster} owner={o} namespace={object.metadata?.namespace} depth={0} />)}</ol></Section>;
}

function OwnerLink({ cluster, owner, namespace, depth }: { cluster: string; owner: OwnerReference; namespace: string | undefined; depth: number }) {
  const { workspace, clusterKinds } = useApp();
  useKinds(cluster);
  const kind = clusterKinds.find(cluster, owner.apiVersion, owner.kind);
  const space = kind?.namespaced ? namespace : undefined;
  return (
    <>
      <li style={{ paddingLeft: depth * 18 }}>{depth > 0 ? <span className="quiet">↳</span> : null}
        <button type="button" className="link-button" disabled={!kind} onClick={() => kind && workspace.openObject(targetOf(cluster, kind, space, owner.name))}><Icon name={kind?.view.icon ?? 'box'} size={14} /><span className="mono">{owner.name}</span></button><span className="quiet">{owner.kind}</span>
      </li>
      {kind && depth < 4 ? <Above cluster={cluster} kind={kind} namespace={space} name={owner.name} depth={depth} /> : null}
    </>
  );
}

function Above({ cluster, kind, namespace, name, depth }: { cluster: string; kind: KindSpec; namespace: string | undefined; name: string; depth: number }) {
  const { object } = useObject<KubeObject>(cluster, kind, namespace, name);
  return <>{object?.metadata?.ownerReferences?.map(o => <OwnerLink key={o.uid} cluster={cluster} owner={o} namespace={namespace} depth={depth + 1} />)}</>;
}
