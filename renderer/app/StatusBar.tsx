// The bottom line: is the window live, on which cluster and version, how many nodes, and the command of the last deed.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../core/api/kinds/index.ts';
import { usePart, useStore } from '../base/store.ts';
import { useCounts } from '../gateway/hooks.ts';
import { FreshnessMark } from '../kit/Freshness.tsx';
import { Icon } from '../kit/Icon.tsx';
import { useApp } from './context.ts';

const NODE = kindFor('', 'v1', 'nodes')!;

export function StatusBar() {
  const app = useApp();
  const { connection, workspace, lastCommand, notify } = app;
  const { t } = useTranslation();
  const link = useStore(connection.link);
  const host = useStore(connection.host);
  const cluster = usePart(workspace, w => w.tabs.find(x => x.id === w.active)?.cluster ?? '');
  const command = useStore(lastCommand);
  const dockOpen = usePart(workspace, w => w.layout.dockOpen);
  const nodes = useCounts(cluster, NODE, link.state === 'open');
  const version = useVersionOf(cluster);
  const info = host?.clusters.find(c => c.id === cluster);
  const copy = (): void => {
    if (command) navigator.clipboard.writeText(command).then(() => notify({ level: 'good', text: t('kubectl.copied') }), (e: unknown) => notify({ level: 'bad', text: String(e) }));
  };
  return (
    <footer className="status-bar">
      <FreshnessMark freshness={{ state: link.state === 'open' ? 'live' : link.state === 'lost' ? 'stale' : 'catching-up', since: link.since, reason: link.reason, retryAt: link.retryAt }} onRetry={() => connection.reconnect()} />
      <span>{info?.name}</span>
      {version ? <span>{version}</span> : null}
      {nodes ? <span className={nodes.bad > 0 ? 'bad-text' : undefined}>{t('status.nodes', { count: nodes.total })}{nodes.bad > 0 ? ` · ${t('status.notReady', { count: nodes.bad })}` : ''}</span> : null}
      {(host?.forwards.length ?? 0) > 0 ? <button type="button" className="status-button" onClick={() => app.features.flatMap(f => f.commands?.(app) ?? []).find(c => c.id === 'forwards')?.run(app)}><Icon name="forward" size={14} /> {t('status.forwards', { count: host?.forwards.length })}</button> : null}
      {info?.protected ? <span className="protected">{t('status.protected')}</span> : null}
      <span className="spacer" />
      {command ? <button type="button" className="status-command" title={t('kubectl.copy')} onClick={copy}><Icon name="copy" size={12} /><code className="ellipsis">{command}</code></button> : null}
      <button type="button" className="status-button" aria-pressed={dockOpen} onClick={() => workspace.layout({ dockOpen: !dockOpen })}><Icon name="dock" size={14} /> {t('dock.title')}</button>
    </footer>
  );
}

function useVersionOf(cluster: string): string | undefined {
  const { connection } = useApp();
  const open = usePart(connection.link, l => l.state === 'open');
  const [known, setKnown] = useState<{ cluster: string; version: string }>();
  useEffect(() => {
    if (!open || cluster === '') return undefined;
    const stop = new AbortController();
    connection.request<{ gitVersion?: string }>({ cluster, method: 'GET', path: '/version' }, stop.signal)
      .then(v => setKnown({ cluster, version: v.gitVersion ?? '' }), () => setKnown(undefined));
    return () => stop.abort();
  }, [connection, cluster, open]);
  return known?.cluster === cluster ? known.version : undefined;
}
