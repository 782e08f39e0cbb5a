// What an object hangs together with besides its owners: what it owns, what it names, what its pods use, who leads to it, scales or
// uses it.
import { useTranslation } from 'react-i18next';
import { kindFor, kindOf } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { HorizontalPodAutoscaler, Ingress, Pod, Service } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Icon } from '../../kit/Icon.tsx';
import { isUsable, pointsAt, selects, templateOf, usedBy, uses, type Link } from './links.ts';
import { Owners } from './Owners.tsx';
import { Section, type SectionProps } from './section.tsx';

/** Kinds whose objects own objects of another kind that has a list of its own; pods have their section already. */
const REVISION = kindOf('apps/v1', 'ControllerRevision')!;
const OWNS: Readonly<Record<string, KindSpec | undefined>> = {
  Deployment: kindOf('apps/v1', 'ReplicaSet'), CronJob: kindOf('batch/v1', 'Job'), StatefulSet: REVISION, DaemonSet: REVISION, Service: kindOf('discovery.k8s.io/v1', 'EndpointSlice'),
};
const SERVICE = kindFor('', 'v1', 'services')!;
const INGRESS = kindOf('networking.k8s.io/v1', 'Ingress')!;
const POD = kindFor('', 'v1', 'pods')!;
const AUTOSCALER = kindOf('autoscaling/v2', 'HorizontalPodAutoscaler')!;
const SCALED = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController']);
const LIMIT = 20;

export function Related(p: SectionProps) {
  const { t } = useTranslation();
  const groups = useGroups(p).filter(([, links]) => links.length > 0);
  return (
    <>
      <Owners {...p} />
      {groups.length > 0 ? (
        <Section title={t('sections.related')}>
          {groups.map(([word, links]) => (
            <div key={word}>
              <h4>{t(`related.${word}`)}</h4>
              <ul className="owner-chain">{links.slice(0, LIMIT).map(l => <LinkRow key={`${l.kind.kind}/${l.namespace}/${l.name}`} link={l} cluster={p.cluster} namespace={p.object.metadata?.namespace} />)}</ul>
              {links.length > LIMIT ? <p className="quiet">{t('pods.more', { count: links.length - LIMIT })}</p> : null}
            </div>
          ))}
        </Section>
      ) : null}
    </>
  );
}

function useGroups({ object, kind, cluster }: SectionProps): [string, Link[]][] {
  const { clusterKinds } = useApp();
  const namespace = object.metadata?.namespace;
  const name = object.metadata?.name ?? '';
  const template = templateOf(object);
  const owned = OWNS[kind.kind];
  const usable = isUsable(kind.kind);
  const scaled = SCALED.has(kind.kind);
  const children = useObjects<KubeObject>(owned ? { cluster, resource: owned, namespace } : undefined).items.filter(o => o.metadata?.ownerReferences?.some(r => r.uid === object.metadata?.uid));
  const services = useObjects<Service>(template && namespace ? { cluster, resource: SERVICE, namespace } : undefined).items.filter(s => selects(s.spec?.selector, template?.labels ?? {}));
  const ingresses = useObjects<Ingress>(kind.kind === 'Service' ? { cluster, resource: INGRESS, namespace } : undefined).items.filter(i => pointsAt({ ...i, kind: 'Ingress' }).some(l => l.kind === SERVICE && l.name === name));
  const users = useObjects<Pod>(usable && namespace ? { cluster, resource: POD, namespace } : undefined).items.filter(x => uses(x.spec, { kind: kind.kind, name }));
  const scalers = useObjects<HorizontalPodAutoscaler>(scaled ? { cluster, resource: AUTOSCALER, namespace } : undefined).items.filter(a => a.spec?.scaleTargetRef?.kind === kind.kind && a.spec.scaleTargetRef.name === name);
  const link = (of: KindSpec, note?: (o: KubeObject) => string | undefined) => (o: KubeObject): Link => ({ kind: of, name: o.metadata?.name ?? '', note: note?.(o) });
  const newest = (a: KubeObject, b: KubeObject): number => (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? '');
  return [
    ['owns', owned ? children.sort(newest).map(link(owned, replicas)) : []],
    ['services', [...services.map(link(SERVICE)), ...ingresses.map(link(INGRESS))]],
    ['scaledBy', scalers.map(link(AUTOSCALER))],
    ['names', pointsAt({ ...object, kind: kind.kind }, (apiVersion, k) => clusterKinds.find(cluster, apiVersion, k))],
    ['uses', template ? usedBy(template.spec) : []],
    ['usedBy', users.map(link(POD))],
  ];
}

function LinkRow({ link, cluster, namespace }: { link: Link; cluster: string; namespace: string | undefined }) {
  const { workspace } = useApp();
  const space = link.kind.namespaced ? link.namespace ?? namespace : undefined;
  return <li><button type="button" className="link-button" onClick={() => workspace.openObject(targetOf(cluster, link.kind, space, link.name))}><Icon name={link.kind.view.icon} size={14} /><span className="mono ellipsis">{link.name}</span></button><span className="quiet">{link.kind.kind}{link.note ? ` · ${link.note}` : ''}{space && space !== namespace ? ` · ${space}` : ''}</span></li>;
}

const replicas = (o: KubeObject): string | undefined => {
  const n = (o as { spec?: { replicas?: number } }).spec?.replicas;
  return n === undefined ? undefined : `${n}`;
};
