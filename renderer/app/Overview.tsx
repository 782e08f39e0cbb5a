// The first page of a cluster: what is in trouble, what runs, and three ways to begin.
import Button from '@mui/material/Button';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Example } from '../../electron/contract/app-calls.ts';
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../core/api/meta/object.ts';
import { useStore } from '../base/store.ts';
import { useAction, useCounts, useFreshness, useList, useVersion } from '../gateway/hooks.ts';
import { Age } from '../kit/Age.tsx';
import { FreshnessMark } from '../kit/Freshness.tsx';
import { Icon } from '../kit/Icon.tsx';
import { StatusPill } from '../kit/StatusPill.tsx';
import { pluralTitle } from '../kinds/navigation.ts';
import { AddCluster } from './AddCluster.tsx';
import { useApp } from './context.ts';
import { pageOf, targetOf } from './workspace.ts';
import './overview.css';

const TILES = ['Node', 'Pod', 'Deployment', 'Service'];

export function Overview({ cluster }: { cluster: string }) {
  const app = useApp();
  const host = useStore(app.connection.host);
  const info = host?.clusters.find(c => c.id === cluster);
  const pods = app.kinds.find(k => k.kind === 'Pod');
  return (
    <div className="overview">
      <div className="overview-in">
        <header><h1>{info?.name}</h1><p className="quiet mono">{info?.server}</p></header>
        <div className="tiles">{TILES.map(name => app.kinds.find(k => k.kind === name)).filter(k => k !== undefined).map(k => <Tile key={k.kind} cluster={cluster} kind={k} />)}</div>
        <div className="overview-columns">
          {pods ? <Trouble cluster={cluster} kinds={app.kinds.filter(k => ['Pod', 'Deployment', 'Node', 'StatefulSet', 'DaemonSet', 'Job'].includes(k.kind))} /> : null}
          <Begin cluster={cluster} />
        </div>
      </div>
    </div>
  );
}

function Tile({ cluster, kind }: { cluster: string; kind: KindSpec }) {
  const { workspace } = useApp();
  const { t } = useTranslation();
  const counts = useCounts(cluster, kind, true);
  const troubled = (counts?.bad ?? 0) + (counts?.warning ?? 0);
  return (
    <button type="button" className="tile" onClick={e => workspace.show(pageOf(kind), { cluster, apart: e.ctrlKey || e.metaKey })}>
      <span className="tile-head"><Icon name={kind.view.icon} />{pluralTitle(kind)}</span>
      <span className="tile-number">{counts ? counts.total.toLocaleString() : '–'}</span>
      <span className="tile-state">{counts === undefined ? ' ' : troubled > 0 ? <StatusPill level={counts.bad > 0 ? 'bad' : 'warning'} word={t('overview.troubled', { count: troubled })} /> : counts.total > 0 && kind.view.health ? <StatusPill level="good" word={t('overview.allWell')} /> : ' '}</span>
    </button>
  );
}

function Trouble({ cluster, kinds }: { cluster: string; kinds: readonly KindSpec[] }) {
  const { t } = useTranslation();
  return (
    <section className="panel"><h2>{t('overview.trouble')}</h2>
      <div className="trouble">{kinds.map(k => <TroubleOf key={k.kind} cluster={cluster} kind={k} />)}<p className="quiet trouble-none">{t('overview.noTrouble')}</p></div>
    </section>
  );
}

function TroubleOf({ cluster, kind }: { cluster: string; kind: KindSpec }) {
  const { workspace } = useApp();
  const { t } = useTranslation();
  const { store, retry } = useList<KubeObject>({ cluster, resource: kind });
  const freshness = useFreshness(store);
  useVersion(store);
  const judge = kind.view.health;
  if (freshness.state !== 'live' && freshness.state !== 'loading') return <div className="trouble-row"><Icon name={kind.view.icon} /><span>{pluralTitle(kind)}</span><FreshnessMark freshness={freshness} onRetry={retry} /></div>;
  if (!judge) return null;
  const broken: { o: KubeObject; h: ReturnType<typeof judge> }[] = [];
  let total = 0;
  for (const o of store.values()) {
    const h = judge(o);
    if (h.level !== 'bad' && h.level !== 'warning') continue;
    total++;
    if (broken.length < 400) broken.push({ o, h });
  }
  broken.sort((a, b) => Number(a.h.level !== 'bad') - Number(b.h.level !== 'bad') || (b.o.metadata?.creationTimestamp ?? '').localeCompare(a.o.metadata?.creationTimestamp ?? ''));
  return (
    <>
      {broken.slice(0, 8).map(({ o, h }) => (
        <button type="button" key={o.metadata?.uid ?? o.metadata?.name} className="trouble-row" onClick={() => workspace.openObject(targetOf(cluster, kind, o.metadata?.namespace, o.metadata?.name ?? ''))}>
          <Icon name={kind.view.icon} /><span className="mono ellipsis trouble-name" title={o.metadata?.name}>{o.metadata?.name}</span><span className="quiet ellipsis">{o.metadata?.namespace}</span>
          <span className="trouble-why"><StatusPill level={h.level} word={h.word} reason={h.reason} /></span><span className="quiet"><Age at={o.metadata?.creationTimestamp} /></span>
        </button>
      ))}
      {total > 8 ? <button type="button" className="link-button trouble-more" onClick={() => workspace.show(pageOf(kind), { cluster })}>{t('overview.more', { count: total - 8, kinds: pluralTitle(kind).toLowerCase() })}</button> : null}
    </>
  );
}

function Begin({ cluster }: { cluster: string }) {
  const app = useApp();
  const { t } = useTranslation();
  const host = useStore(app.connection.host);
  const [examples, setExamples] = useState<Example[]>([]);
  useEffect(() => {
    if (host?.calls.has('examples.list')) app.connection.app('examples.list', undefined).then(setExamples, (e: unknown) => app.notify({ level: 'bad', text: String(e) }));
  }, [app, host?.calls]);
  const commands = app.features.flatMap(f => f.commands?.(app) ?? []).filter(c => c.id.startsWith('create'));
  return (
    <section className="panel"><h2>{t('overview.begin')}</h2>
      {examples.map(e => <ExampleCard key={e.name} example={e} cluster={cluster} />)}
      <div className="begin-more">
        {commands.map(c => <Button key={c.id} variant="outlined" startIcon={<Icon name={c.icon} />} onClick={() => c.run(app)}>{c.title}</Button>)}
        {host?.calls.has('kubeconfig.add') ? <Button variant="outlined" startIcon={<Icon name="folder" />} onClick={() => app.openDialog(close => <AddCluster close={close} />)}>{t('overview.openKubeconfig')}</Button> : null}
      </div>
    </section>
  );
}

function ExampleCard({ example, cluster }: { example: Example; cluster: string }) {
  const app = useApp();
  const { t } = useTranslation();
  const { run, busy, error } = useAction(async () => {
    const { lines, namespace } = await app.connection.app('examples.start', { cluster, name: example.name });
    app.notify({ level: 'good', text: t('overview.started', { title: example.title, count: lines.length }), kubectl: `kubectl -n ${namespace} apply -f resources/examples/${example.name}` });
    app.workspace.setNamespaces(cluster, [namespace]);
    const pods = app.kinds.find(k => k.kind === 'Pod');
    if (pods) app.workspace.show(pageOf(pods), { cluster });
  });
  return (
    <article className="example">
      <div><h3>{example.title}</h3><p className="quiet">{example.description}</p>{error ? <p className="inline-error" role="alert">{error.message}</p> : null}</div>
      <Button variant="contained" disabled={busy} data-example={example.name} onClick={() => void run()}>{busy ? t('overview.starting') : t('overview.start')}</Button>
    </article>
  );
}
