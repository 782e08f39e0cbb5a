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
import { kubectl } from '../../app/kubectl.ts';
import { useObjects } from '../../gateway/hooks.ts';
import { takesFocus } from '../../kit/focus.ts';
import { IconButton } from '../../kit/IconButton.tsx';
import { StateMessage } from '../../kit/states.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { copyKeys } from './clipboard.ts';
import { openScreen, type Screen } from './screen.ts';
import { TerminalSession, type Phase, type Place } from './session.ts';
import { endText, fellAway } from './shells.ts';
import { byUse, containersOf, instanceOf, isRunning, readTarget, type TerminalTarget } from './target.ts';
import './terminal.css';

const POD = kindFor('', 'v1', 'pods')!;

export function TerminalView({ id, props, active }: DockViewProps) {
  const { t } = useTranslation();
  const target = useMemo(() => readTarget(props), [props]);
  return target ? <TerminalPane id={id} target={target} active={active} /> : <StateMessage icon="shell" title={t('dock.unknown')} />;
}

/** The place to go to, once its pod is there; follows the choice of the user and keeps to it, and to the pod one is in. */
function usePlace(target: TerminalTarget, into: string | undefined, replacement: boolean) {
  const scope = target.pod && !replacement ? { fieldSelector: `metadata.name=${target.pod}` } : { labelSelector: target.labelSelector ?? target.siblings };
  const { items, complete, freshness } = useObjects<Pod>({ cluster: target.cluster, resource: POD, namespace: target.namespace, ...scope });
  const [chosen, setChosen] = useState<{ pod?: string; container?: string }>({});
  const pods = byUse(items);
  const named = (name: string | undefined) => (name === undefined ? undefined : pods.find(p => p.metadata?.name === name && (!p.metadata.deletionTimestamp || name === into)));
  const pod = named(chosen.pod) ?? named(into) ?? pods[0];
  const containers = pod ? containersOf(pod) : [];
  const container = chosen.container && containers.includes(chosen.container) ? chosen.container : containers[0];
  // While the list is stale a name may already mean another pod.
  const running = freshness.state === 'live' && pod !== undefined && container !== undefined && isRunning(pod, container);
  const refused = freshness.state === 'forbidden' || freshness.state === 'failed' ? freshness.reason : undefined;
  return { pods, pod, containers, container, running, complete, refused, instance: pod && container ? instanceOf(pod, container) : undefined, setChosen };
}

function TerminalPane({ id, target, active }: { id: string; target: TerminalTarget; active: boolean }) {
  const app = useApp();
  const { t } = useTranslation();
  const [replacement, setReplacement] = useState(false);
  const [place, setPlace] = useState<Place>();
  const [phase, setPhase] = useState<Phase>({ state: 'connecting' });
  const over = phase.state === 'over';
  // A session that is over keeps nobody with its pod: the next one goes where a container runs.
  const { pods, pod, containers, container, running, complete, refused, instance, setChosen } = usePlace(target, over ? undefined : place?.pod, replacement);
  const [finding, setFinding] = useState(false);
  const [menu, setMenu] = useState<{ x: number; y: number; selection: boolean }>();
  const box = useRef<HTMLDivElement>(null);
  const screen = useRef<Screen>(undefined);
  const session = useRef<TerminalSession>(undefined);
  /** The next session takes the focus: the user has asked for it. */
  const focusNext = useRef(false);
  /** Shell that was found in a container of this name. */
  const found = useRef<{ container: string; shell: string }>(undefined);
  const host = useStore(app.connection.host);
  const platform = host?.platform ?? 'linux';

  const placeNow = useCallback((): Place | undefined => {
    if (!pod || !container) return undefined;
    const spec = [...pod.spec?.containers ?? [], ...pod.spec?.initContainers ?? [], ...pod.spec?.ephemeralContainers ?? []].find(c => c.name === container);
    const attach = target.mode === 'attach';
    return { cluster: target.cluster, namespace: target.namespace, pod: pod.metadata?.name ?? '', container, mode: target.mode, tty: !attach || spec?.tty === true, stdin: !attach || spec?.stdin === true, instance: instanceOf(pod, container) };
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
    const begun = new TerminalSession(app.connection, s.term, place, p => {
      if (p.state === 'open' && p.shell) found.current = { container: place.container, shell: p.shell };
      setPhase(p);
    }, found.current?.container === place.container ? found.current.shell : undefined);
    s.term.attachCustomKeyEventHandler(e => copyKeys(e, s.term, platform, () => setFinding(true)));
    if (takesFocus(id) || focusNext.current) s.term.focus();
    focusNext.current = false;
    session.current = begun;
    return () => begun.close();
  }, [app.connection, place, platform, id]);
  useEffect(() => () => { screen.current?.dispose(); screen.current = undefined; }, []);
  const wasActive = useRef(active);
  useEffect(() => {
    if (active) { screen.current?.fit(); if (!wasActive.current) screen.current?.term.focus(); }
    wasActive.current = active;
  }, [active]);

  const next = useCallback((): void => { screen.current?.term.write(`\r\n\u001b[2m${t('terminal.fresh')}\u001b[0m\r\n`); begin(); }, [begin, t]);
  // A session that fell away, with the host's connection, its container or its pod, begins again when there is a container to be in.
  const lost = over && phase.end.error?.reason === 'Disconnected';
  const replaced = over && place !== undefined && instance !== place.instance && (place.mode === 'attach' || fellAway(phase.end));
  // oxlint-disable-next-line react-hooks/set-state-in-effect -- what begins is a conversation with the host
  useEffect(() => { if ((lost || replaced) && running) next(); }, [lost, replaced, running, next]);
  const again = (): void => { focusNext.current = true; next(); };

  // On its way down: xterm lets no key back up.
  const onKey = (e: ReactKey): void => { if (over && e.key === 'Enter' && running && !(e.target instanceof HTMLButtonElement || e.target instanceof HTMLSelectElement || e.target instanceof HTMLInputElement)) { e.preventDefault(); e.stopPropagation(); again(); } };
  const failed = (e: unknown): void => app.notify({ level: 'bad', text: t('terminal.noPaste', { why: String(e) }) });
  const paste = (): void => { session.current?.paste(navigator.clipboard.readText()).catch(failed); };
  const copy = (): void => { const text = screen.current?.term.getSelection(); if (text) void navigator.clipboard.writeText(text).catch(failed); };
  const choose = (c: { pod?: string; container?: string }): void => { setChosen(c); setPhase({ state: 'connecting' }); setPlace(undefined); focusNext.current = true; screen.current?.term.reset(); };
  const word = over ? endText(phase.end) : undefined;
  const none = phase.state === 'over' && phase.tried.length > 0;
  const shell = phase.state === 'over' ? undefined : phase.shell;
  const info = host?.clusters.find(c => c.id === target.cluster);
  const command = kubectl(info, target.namespace, target.mode, '-it', pod?.metadata?.name ?? target.pod ?? '', ...(containers.length > 1 && container ? ['-c', container] : []), ...(target.mode === 'exec' ? ['--', ...(shell ?? 'sh').split(' ')] : []));
  const copyCommand = (): void => { void navigator.clipboard.writeText(command).then(() => app.lastCommand.set(command), failed); };
  const canReplace = !pod && complete && target.siblings !== undefined && !replacement;
  return (
    <section className="terminal" aria-label={target.mode === 'exec' ? t('actions.shell') : t('actions.attach')} data-testid="terminal" data-state={place ? phase.state : 'waiting'} onKeyDownCapture={onKey}>
      <div className="terminal-bar" role="toolbar" aria-label={t('terminal.bar')}>
        <StatusShape level={!place ? 'busy' : phase.state === 'open' ? 'good' : over ? 'none' : 'busy'} />
        {pods.length > 1 ? <select className="input" aria-label={t('terminal.pod')} value={pod?.metadata?.name} onChange={e => choose({ pod: e.target.value })}>{pods.map(p => <option key={p.metadata?.uid} value={p.metadata?.name}>{p.metadata?.name}</option>)}</select> : <span className="mono ellipsis">{pod?.metadata?.name ?? target.pod}</span>}
        {containers.length > 1 ? <select className="input" aria-label={t('terminal.container')} value={container} onChange={e => choose({ pod: pod?.metadata?.name, container: e.target.value })}>{containers.map(c => <option key={c}>{c}</option>)}</select> : <span className="mono quiet ellipsis">{container}</span>}
        {shell ? <span className="quiet mono">{shell}</span> : null}
        {target.mode === 'attach' && place && !place.stdin ? <span className="quiet">{t('terminal.readOnly')}</span> : null}
        <span className="spacer" />
        {finding ? <FindBox onFind={(text, back) => { if (back) screen.current?.search.findPrevious(text); else screen.current?.search.findNext(text); }} onClose={() => { setFinding(false); screen.current?.search.clearDecorations(); screen.current?.term.focus(); }} /> : null}
        <IconButton icon="search" label={t('terminal.find')} keys="Ctrl Shift F" pressed={finding} onClick={() => setFinding(f => !f)} />
        <IconButton icon="copy" label={t('terminal.copyCommand')} onClick={copyCommand} />
        <IconButton icon="restart" label={t('terminal.again')} disabled={!running} onClick={again} />
      </div>
      {/* On Linux the middle button pastes by itself, what is chosen anywhere. */}
      <div ref={box} className="terminal-box" onContextMenu={e => { if (platform === 'darwin' && e.ctrlKey) return; e.preventDefault(); setMenu({ x: e.clientX, y: e.clientY, selection: screen.current?.term.hasSelection() ?? false }); }}
        onAuxClick={e => { if (e.button === 1 && platform === 'win32') { e.preventDefault(); paste(); } }} />
      {!place ? <div className="terminal-over" role="status"><span className="quiet">{refused ?? (pod ? t('terminal.waiting', { container }) : complete ? t('terminal.noPod') : t('states.loading'))}</span></div> : null}
      {word && place ? (
        <div className={`terminal-over terminal-${none ? 'bad' : word.level}`} role="status">
          <span>{none && phase.state === 'over' ? t('terminal.end.noShell', { tried: phase.tried.join(', ') }) : pod || lost ? t(word.key, word.values) : t('terminal.end.podGone')}{!running && phase.state === 'over' && fellAway(phase.end) && !lost && !canReplace ? ` ${t('terminal.end.waits')}` : ''}</span>
          {running ? <Button variant="outlined" onClick={again}>{t('terminal.again')}&nbsp;<kbd>Enter</kbd></Button> : null}
          {canReplace ? <Button variant="outlined" onClick={() => { focusNext.current = true; setReplacement(true); }}>{t('terminal.replacement')}</Button> : null}
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
