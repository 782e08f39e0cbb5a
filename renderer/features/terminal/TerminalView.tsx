// A terminal tab: which pod and container, the screen, and what to do when the session is over.
import Button from '@mui/material/Button';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent as ReactKey } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Pod } from '../../../core/api/types/kubernetes.ts';
import { useStore } from '../../base/store.ts';
import { useApp } from '../../app/context.ts';
import type { DockViewProps } from '../../app/feature.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { IconButton } from '../../kit/IconButton.tsx';
import { StateMessage } from '../../kit/states.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { copyKeys } from './clipboard.ts';
import { openScreen, type Screen } from './screen.ts';
import { TerminalSession, type Phase, type Place } from './session.ts';
import { endText } from './shells.ts';
import { byUse, containersOf, isRunning, readTarget, type TerminalTarget } from './target.ts';
import './terminal.css';

const POD = kindFor('', 'v1', 'pods')!;

export function TerminalView({ props, active }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  return target ? <TerminalPane target={target} active={active} /> : <StateMessage icon="shell" title={t('dock.unknown')} />;
}

/** The place to go to, once its pod is there; follows the choice of the user and keeps to it. */
function usePlace(target: TerminalTarget) {
  const { items, complete } = useObjects<Pod>({ cluster: target.cluster, resource: POD, namespace: target.namespace, ...(target.pod ? { fieldSelector: `metadata.name=${target.pod}` } : { labelSelector: target.labelSelector }) });
  const [chosen, setChosen] = useState<{ pod?: string; container?: string }>({});
  const pods = byUse(items);
  const pod = pods.find(p => p.metadata?.name === chosen.pod) ?? pods[0];
  const containers = pod ? containersOf(pod) : [];
  const container = chosen.container && containers.includes(chosen.container) ? chosen.container : containers[0];
  const running = pod !== undefined && container !== undefined && isRunning(pod, container);
  return { pods, pod, containers, container, running, complete, setChosen };
}

function TerminalPane({ target, active }: { target: TerminalTarget; active: boolean }) {
  const app = useApp();
  const { t } = useTranslation();
  const { pods, pod, containers, container, running, complete, setChosen } = usePlace(target);
  const [place, setPlace] = useState<Place>();
  const [phase, setPhase] = useState<Phase>({ state: 'connecting' });
  const [finding, setFinding] = useState(false);
  const [menu, setMenu] = useState<{ x: number; y: number; selection: boolean }>();
  const box = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen>(undefined);
  const link = useStore(app.connection.link);
  const platform = app.connection.host.get()?.platform ?? 'linux';

  const placeNow = useCallback((): Place | undefined => {
    if (!pod || !container) return undefined;
    const spec = [...pod.spec?.containers ?? [], ...pod.spec?.ephemeralContainers ?? []].find(c => c.name === container);
    const attach = target.mode === 'attach';
    return { cluster: target.cluster, namespace: target.namespace, pod: pod.metadata?.name ?? '', container, mode: target.mode, tty: !attach || spec?.tty === true, stdin: !attach || spec?.stdin === true };
  }, [pod, container, target]);
  const begin = useCallback((): void => {
    const p = placeNow();
    // A fresh object each time: the same place again is a new session.
    if (p) setPlace(p);
  }, [placeNow]);
  // The first session begins by itself as soon as the container runs.
  // oxlint-disable-next-line react-hooks/set-state-in-effect -- what begins is a conversation with the host
  useEffect(() => { if (!place && running) begin(); }, [place, running, begin]);

  useEffect(() => {
    if (!box.current || !place) return undefined;
    const s = screen.current ?? openScreen(box.current, platform);
    screen.current = s;
    s.fit();
    const session = new TerminalSession(app.connection, s.term, place, setPhase);
    s.term.attachCustomKeyEventHandler(e => copyKeys(e, s.term, platform, () => setFinding(true)));
    s.term.focus();
    return () => session.close();
  }, [app.connection, place, platform]);
  useEffect(() => () => { screen.current?.dispose(); screen.current = undefined; }, []);
  useEffect(() => { if (active) { screen.current?.fit(); screen.current?.term.focus(); } }, [active]);

  const over = phase.state === 'over';
  const lost = over && phase.end.error?.reason === 'Disconnected';
  // A lost host comes back by itself; the shell that ran is gone with the old connection and a new one is opened.
  // oxlint-disable-next-line react-hooks/set-state-in-effect -- what begins is a conversation with the host
  useEffect(() => { if (lost && link.state === 'open' && running) { screen.current?.term.write('\r\n'); begin(); } }, [lost, link.state, running, begin]);
  const again = (): void => { screen.current?.term.write('\r\n'); begin(); };

  const onKey = (e: ReactKey): void => { if (over && e.key === 'Enter' && running && !(e.target instanceof HTMLButtonElement || e.target instanceof HTMLSelectElement)) { e.preventDefault(); again(); } };
  const paste = (): void => { void navigator.clipboard.readText().then(text => screen.current?.term.paste(text), (e: unknown) => app.notify({ level: 'bad', text: t('terminal.noPaste', { why: String(e) }) })); };
  const copy = (): void => { const text = screen.current?.term.getSelection(); if (text) void navigator.clipboard.writeText(text); };
  const choose = (c: { pod?: string; container?: string }): void => { setChosen(c); setPlace(undefined); screen.current?.term.reset(); };
  const word = over ? endText(phase.end) : undefined;
  const none = phase.state === 'over' && phase.tried.length > 0;
  return (
    <section className="terminal" aria-label={target.mode === 'exec' ? t('actions.shell') : t('actions.attach')} data-testid="terminal" data-state={place ? phase.state : 'waiting'} onKeyDown={onKey}>
      <div className="terminal-bar">
        <StatusShape level={!place ? 'busy' : phase.state === 'open' ? 'good' : over ? 'none' : 'busy'} />
        {pods.length > 1 ? <select className="input" aria-label={t('terminal.pod')} value={pod?.metadata?.name} onChange={e => choose({ pod: e.target.value })}>{pods.map(p => <option key={p.metadata?.uid} value={p.metadata?.name}>{p.metadata?.name}</option>)}</select> : <span className="mono ellipsis">{pod?.metadata?.name ?? target.pod}</span>}
        {containers.length > 1 ? <select className="input" aria-label={t('terminal.container')} value={container} onChange={e => choose({ pod: pod?.metadata?.name, container: e.target.value })}>{containers.map(c => <option key={c}>{c}</option>)}</select> : <span className="mono quiet ellipsis">{container}</span>}
        {phase.state !== 'over' && phase.shell ? <span className="quiet mono">{phase.shell}</span> : null}
        {target.mode === 'attach' && place && !place.stdin ? <span className="quiet">{t('terminal.readOnly')}</span> : null}
        <span className="spacer" />
        {finding ? <FindBox onFind={(text, back) => { if (back) screen.current?.search.findPrevious(text); else screen.current?.search.findNext(text); }} onClose={() => { setFinding(false); screen.current?.search.clearDecorations(); screen.current?.term.focus(); }} /> : null}
        <IconButton icon="search" label={t('terminal.find')} keys="Ctrl Shift F" pressed={finding} onClick={() => setFinding(f => !f)} />
        <IconButton icon="restart" label={t('terminal.again')} disabled={!running} onClick={again} />
      </div>
      <div ref={box} className="terminal-box" onContextMenu={e => { if (platform === 'darwin' && e.ctrlKey) return; e.preventDefault(); setMenu({ x: e.clientX, y: e.clientY, selection: screen.current?.term.hasSelection() ?? false }); }}
        onAuxClick={e => { if (e.button === 1 && platform !== 'darwin') { e.preventDefault(); const text = screen.current?.term.getSelection(); if (text) screen.current?.term.paste(text); else paste(); } }} />
      {!place ? <div className="terminal-over"><span className="quiet">{pod ? t('terminal.waiting', { container }) : complete ? t('terminal.noPod') : t('states.loading')}</span></div> : null}
      {word ? (
        <div className={`terminal-over terminal-${none ? 'bad' : word.level}`} role="status">
          <span>{none && phase.state === 'over' ? t('terminal.end.noShell', { tried: phase.tried.join(', ') }) : pod ? t(word.key, word.values) : t('terminal.end.podGone')}</span>
          {running ? <Button variant="outlined" onClick={again}>{t('terminal.again')}&nbsp;<kbd>Enter</kbd></Button> : null}
        </div>
      ) : null}
      {menu ? (
        <Menu open onClose={() => setMenu(undefined)} anchorReference="anchorPosition" anchorPosition={{ left: menu.x, top: menu.y }}>
          <MenuItem disabled={!menu.selection} onClick={() => { setMenu(undefined); copy(); }}>{t('terminal.copy')}</MenuItem>
          <MenuItem onClick={() => { setMenu(undefined); paste(); screen.current?.term.focus(); }}>{t('terminal.paste')}</MenuItem>
          <MenuItem onClick={() => { setMenu(undefined); screen.current?.term.selectAll(); }}>{t('terminal.selectAll')}</MenuItem>
          <MenuItem onClick={() => { setMenu(undefined); screen.current?.term.clear(); }}>{t('terminal.clear')}</MenuItem>
        </Menu>
      ) : null}
    </section>
  );
}

function FindBox({ onFind, onClose }: { onFind(text: string, back: boolean): void; onClose(): void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  return <input className="input terminal-find" type="search" autoFocus spellCheck={false} value={text} placeholder={t('terminal.find')} aria-label={t('terminal.find')} onChange={e => { setText(e.target.value); if (e.target.value) onFind(e.target.value, false); }}
    onKeyDown={e => { if (e.key === 'Enter') { onFind(text, e.shiftKey); e.preventDefault(); e.stopPropagation(); } if (e.key === 'Escape') { e.stopPropagation(); onClose(); } }} />;
}
