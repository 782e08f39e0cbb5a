// Puts the parts of the window together: given a way to the host, the rest is the same everywhere.
import { ThemeProvider } from '@mui/material/styles';
import { useMemo, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { useTranslation } from 'react-i18next';
import { kinds } from '../../core/api/kinds/index.ts';
import type { FramePort } from '../../electron/contract/frames.ts';
import { Store, useStore } from '../base/store.ts';
import { features } from '../features/index.ts';
import { Connection } from '../gateway/connection.ts';
import { ClusterKinds } from '../gateway/cluster-kinds.ts';
import { Stores } from '../gateway/stores.ts';
import { FreshnessMark } from '../kit/Freshness.tsx';
import { warmUp } from '../kit/lazy-view.ts';
import { StateMessage } from '../kit/states.tsx';
import { startText } from '../text.ts';
import '../theme/tokens.css';
import '../theme/base.css';
import { makeTheme, themeName } from '../theme/theme.ts';
import { AppFrame } from './App.tsx';
import { AppContext } from './context.ts';
import type { App, Notice } from './feature.ts';
import { Fence } from './Fence.tsx';
import { FocusStore } from './subject.ts';
import { initial, restore, SETTING, WorkspaceStore } from './workspace.ts';

/** Milliseconds from the last change of the workspace until it is stored. */
const SAVE_AFTER = 800;
const NOTICE_STAYS = { good: 6000, busy: 6000, bad: 20_000 } as const;

export function start(open: () => Promise<FramePort>, token?: string): App {
  startText();
  const connection = new Connection(open, token);
  const workspace = new WorkspaceStore(initial(''));
  const dialog = new Store<ReactNode>(null);
  const notices = new Store<readonly Notice[]>([]);
  const stores = new Stores(connection);
  let notice = 0;
  const app: App = {
    connection, workspace, stores, kinds, clusterKinds: new ClusterKinds(stores, kinds), features, actions: features.flatMap(f => f.actions ?? []), dialog, notices,
    openDialog: render => dialog.set(render(() => dialog.set(null))),
    notify(n) {
      const id = ++notice;
      notices.update(list => [...list.slice(-3), { ...n, id }]);
      setTimeout(() => notices.update(list => list.filter(x => x.id !== id)), NOTICE_STAYS[n.level]);
    },
    lastCommand: new Store<string | undefined>(undefined), focus: new FocusStore(),
  };
  const ready = new Store(false);
  connection.host.subscribe(() => {
    const host = connection.host.get();
    if (!host || host.clusters.length === 0) return;
    const ids = host.clusters.map(c => c.id);
    if (!ready.get()) {
      workspace.set(restore(host.settings[SETTING], ids));
      ready.set(true);
      keep(app);
      warmUp();
    } else if (workspace.get().tabs.some(t => !ids.includes(t.cluster))) workspace.set(restore(workspace.get(), ids));
  });
  createRoot(document.getElementById('root')!).render(<Root app={app} ready={ready} />);
  return app;
}

/** Stores the workspace with the host a moment after it changed. */
function keep(app: App): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  app.workspace.subscribe(() => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!app.connection.host.get()?.calls.has('settings.set')) return;
      app.connection.app('settings.set', { key: SETTING, value: app.workspace.get() }).catch((e: unknown) => console.warn('workspace not stored', e));
    }, SAVE_AFTER);
  });
}

function Root({ app, ready }: { app: App; ready: Store<boolean> }) {
  const name = useStore(themeName);
  const theme = useMemo(() => makeTheme(name), [name]);
  return <ThemeProvider theme={theme}><AppContext value={app}><Fence>{useStore(ready) ? <AppFrame /> : <Splash app={app} />}</Fence></AppContext></ThemeProvider>;
}

function Splash({ app }: { app: App }) {
  const { t } = useTranslation();
  const link = useStore(app.connection.link);
  const host = useStore(app.connection.host);
  if (host && host.clusters.length === 0) return <div className="splash"><StateMessage icon="wheel" title={t('splash.noClusters')} text={t('splash.noClustersText')} /></div>;
  if (link.state !== 'lost') return <div className="splash" aria-busy="true" />;
  return <div className="splash"><StateMessage icon="wheel" title={t('splash.noHost')} text={t('splash.noHostText')} detail={link.reason}><FreshnessMark freshness={{ state: 'stale', since: link.since, retryAt: link.retryAt }} onRetry={() => app.connection.reconnect()} /></StateMessage></div>;
}
