// What an object hangs together with besides its owners: what it owns, what its pods use, which services lead to it.
import { useTranslation } from 'react-i18next';
import { kindFor, kindOf } from '../../../core/api/kinds/index.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';
import type { PodSpec, Service } from '../../../core/api/types/kubernetes.ts';
import { useApp } from '../../app/context.ts';
import { targetOf } from '../../app/workspace.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { Icon } from '../../kit/Icon.tsx';
import { Owners } from './Owners.tsx';
import { Section, type SectionProps } from './section.tsx';

/** Kinds whose objects own objects of another kind that has a list of its own; pods have their section already. */
const OWNS: Readonly<Record<string, KindSpec | undefined>> = { Deployment: kindOf('apps/v1', 'ReplicaSet'), CronJob: kindOf('batch/v1', 'Job') };
const SERVICE = kindFor('', 'v1', 'services')!;
const LIMIT = 20;

interface Link { kind: KindSpec; name: string; note?: string }

export function Related(p: SectionProps) {
  const { t } = useTranslation();
  const { object, kind, cluster } = p;
  const namespace = object.metadata?.namespace;
  const template = templateOf(object);
  const owned = OWNS[kind.kind];
  const children = useObjects<KubeObject>(owned ? { cluster, resource: owned, namespace } : undefined).items
    .filter(o => o.metadata?.ownerReferences?.some(r => r.uid === object.metadata?.uid))
    .sort((a, b) => (b.metadata?.creationTimestamp ?? '').localeCompare(a.metadata?.creationTimestamp ?? ''));
  const services = useObjects<Service>(template && namespace ? { cluster, resource: SERVICE, namespace } : undefined).items.filter(s => selects(s.spec?.selector, template?.labels ?? {}));
  const groups: [string, Link[]][] = [
    ['owns', owned ? children.map(o => ({ kind: owned, name: o.metadata?.name ?? '', note: replicas(o) })) : []],
    ['services', services.map(s => ({ kind: SERVICE, name: s.metadata?.name ?? '' }))],
    ['uses', template ? usedBy(template.spec) : []],
  ];
  const some = groups.filter(([, links]) => links.length > 0);
  return (
    <>
      <Owners {...p} />
      {some.length > 0 ? (
        <Section title={t('sections.related')}>
          {some.map(([word, links]) => (
            <div key={word}>
              <h4>{t(`related.${word}`)}</h4>
              <ul className="owner-chain">{links.slice(0, LIMIT).map(l => <LinkRow key={`${l.kind.kind}/${l.name}`} link={l} cluster={cluster} namespace={namespace} />)}</ul>
              {links.length > LIMIT ? <p className="quiet">{t('pods.more', { count: links.length - LIMIT })}</p> : null}
            </div>
          ))}
        </Section>
      ) : null}
    </>
  );
}

function LinkRow({ link, cluster, namespace }: { link: Link; cluster: string; namespace: string | undefined }) {
  const { workspace } = useApp();
  return <li><button type="button" className="link-button" onClick={() => workspace.openObject(targetOf(cluster, link.kind, namespace, link.name))}><Icon name={link.kind.view.icon} size={14} /><span className="mono ellipsis">{link.name}</span></button><span className="quiet">{link.kind.kind}{link.note ? ` · ${link.note}` : ''}</span></li>;
}

/** Labels and spec of the pods this object is, or makes. */
function templateOf(object: KubeObject): { labels: Readonly<Record<string, string>>; spec: PodSpec } | undefined {
  type Template = { metadata?: { labels?: Record<string, string> }; spec?: PodSpec };
  const o = object as { spec?: PodSpec & { template?: Template; jobTemplate?: { spec?: { template?: Template } } } };
  if (object.kind === 'Pod' || o.spec?.containers) return o.spec && { labels: object.metadata?.labels ?? {}, spec: o.spec };
  const template = o.spec?.template ?? o.spec?.jobTemplate?.spec?.template;
  return template?.spec && { labels: template.metadata?.labels ?? {}, spec: template.spec };
}

const selects = (selector: Readonly<Record<string, string>> | undefined, labels: Readonly<Record<string, string>>): boolean =>
  selector !== undefined && Object.keys(selector).length > 0 && Object.entries(selector).every(([k, v]) => labels[k] === v);

const replicas = (o: KubeObject): string | undefined => {
  const n = (o as { spec?: { replicas?: number } }).spec?.replicas;
  return n === undefined ? undefined : `${n}`;
};

/** Settings, secrets, claims and the account that a pod spec names, each once. */
export function usedBy(spec: PodSpec): Link[] {
  const found = new Map<string, Link>();
  const add = (kindName: string, name: string | undefined): void => {
    const kind = kindOf('v1', kindName);
    if (kind && name) found.set(`${kindName}/${name}`, { kind, name });
  };
  for (const v of spec.volumes ?? []) {
    add('ConfigMap', v.configMap?.name);
    add('Secret', v.secret?.secretName);
    add('PersistentVolumeClaim', v.persistentVolumeClaim?.claimName);
    // The projected token volume names the cluster's own certificate in every pod: no news.
    if (!v.name.startsWith('kube-api-access-')) for (const s of v.projected?.sources ?? []) { add('ConfigMap', s.configMap?.name); add('Secret', s.secret?.name); }
  }
  for (const c of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    for (const e of c.env ?? []) { add('ConfigMap', e.valueFrom?.configMapKeyRef?.name); add('Secret', e.valueFrom?.secretKeyRef?.name); }
    for (const e of c.envFrom ?? []) { add('ConfigMap', e.configMapRef?.name); add('Secret', e.secretRef?.name); }
  }
  for (const s of spec.imagePullSecrets ?? []) add('Secret', s.name);
  if (spec.serviceAccountName !== 'default') add('ServiceAccount', spec.serviceAccountName);
  return [...found.values()];
}
