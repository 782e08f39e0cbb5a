// The editor tab: text with the cluster's schema, then a review by the server's dry run, then the deed. Nothing is overwritten unseen.
import Button from '@mui/material/Button';
import Menu from '@mui/material/Menu';
import MenuItem from '@mui/material/MenuItem';
import { useEffect, useMemo, useRef, useState, type DragEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { resourcePath, type KubeObject, type ResourceType } from '../../../core/api/meta/object.ts';
import { useApp } from '../../app/context.ts';
import type { DockViewProps } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { useAction, useObject } from '../../gateway/hooks.ts';
import { takesFocus } from '../../kit/focus.ts';
import { Icon } from '../../kit/Icon.tsx';
import { IconButton } from '../../kit/IconButton.tsx';
import { Loading, StateMessage } from '../../kit/states.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { carryOut, keyOf, labelOf, plan, type ApplyContext, type Base, type Planned } from './apply.ts';
import { editable, readManifest, rewritten, toText, without, type Problem } from './documents.ts';
import { Editor, type EditorHandle } from './Editor.tsx';
import { deepEqual } from './equal.ts';
import { stepsOf } from './field-path.ts';
import { dropped, EXTENSIONS, joined, save, type ManifestFile } from './files.ts';
import { merge3 } from './merge3.ts';
import { APPLIER } from './owners.ts';
import { problemsOf } from './problems.ts';
import { takeSchema } from './monaco.ts';
import { Review } from './Review.tsx';
import { ClusterSchema } from './schema.ts';
import { openEditor } from './open.ts';
import { readTarget, type EditTarget } from './target.ts';
import { templates } from './templates.ts';
import './yaml.css';

const schemas = new Map<string, ClusterSchema>();
const ALWAYS = ['v1', 'apps/v1', 'batch/v1', 'networking.k8s.io/v1'];

export function YamlView({ id, props }: DockViewProps) {
  const { t } = useTranslation();
  const { connection } = useApp();
  const target = useMemo(() => readTarget(props), [props]);
  const [base, setBase] = useState<KubeObject>();
  const [failed, setFailed] = useState<string>();
  useEffect(() => {
    if (!target?.resource) return undefined;
    const stop = new AbortController();
    connection.request<KubeObject>({ cluster: target.cluster, method: 'GET', path: resourcePath(target.resource, target.namespace, target.name) }, stop.signal)
      .then(o => setBase(o), (e: unknown) => { if (!stop.signal.aborted) setFailed(e instanceof Error ? e.message : String(e)); });
    return () => stop.abort();
  }, [connection, target]);
  if (!target) return <StateMessage icon="yaml" title={t('dock.unknown')} />;
  if (!target.resource) return <YamlPane id={id} target={target} />;
  if (failed !== undefined) return <StateMessage icon="yaml" level="warning" title={t('yaml.notThere')} detail={failed} />;
  return base ? <YamlPane id={id} target={target} first={base} /> : <Loading rows={6} />;
}

/** Keeps the schema in step with what the text speaks of. */
function useClusterSchema(cluster: string, text: string): string | undefined {
  const { connection } = useApp();
  const [problem, setProblem] = useState<string>();
  const versions = [...new Set([...ALWAYS, ...[...text.matchAll(/^apiVersion:\s*["']?([\w./-]+)/gm)].map(m => m[1]!)])].sort().join(' ');
  useEffect(() => {
    let schema = schemas.get(cluster);
    if (!schema) schemas.set(cluster, schema = new ClusterSchema(path => connection.request({ cluster, method: 'GET', path })));
    let here = true;
    const load = async (from: ClusterSchema): Promise<void> => {
      try {
        const s = await from.with(versions.split(' '));
        await takeSchema(cluster, s.groups, s.schema);
        if (here) setProblem(undefined);
      } catch (e) { if (here) setProblem(e instanceof Error ? e.message : String(e)); }
    };
    void load(schema);
    return () => { here = false; };
  }, [connection, cluster, versions]);
  return problem;
}

function YamlPane({ id, target, first }: { id: string; target: EditTarget; first?: KubeObject }) {
  const app = useApp();
  const { t } = useTranslation();
  const info = app.connection.host.get()?.clusters.find(c => c.id === target.cluster);
  const [base, setBase] = useState<Base | undefined>(first && { object: first });
  const [text, setText] = useState(() => (first ? toText(first) : target.text ?? ''));
  const [errors, setErrors] = useState(0);
  const [planned, setPlanned] = useState<readonly Planned[]>();
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [over, setOver] = useState(false);
  const [menu, setMenu] = useState<HTMLElement | null>(null);
  const editor = useRef<EditorHandle>(undefined);
  // Manifests that take fields over from their owners, until the text changes.
  const decided = useRef(new Set<string>());
  const file = useRef<HTMLInputElement>(null);
  const schemaProblem = useClusterSchema(target.cluster, text);
  const chosen = app.workspace.get().namespaces[target.cluster] ?? [];
  const namespace = target.namespace ?? (chosen.length === 1 ? chosen[0]! : info?.namespace ?? 'default');
  const context: ApplyContext = { cluster: target.cluster, info, namespace, kinds: app.clusterKinds.of(target.cluster).get(), request: r => app.connection.request(r) };
  const command = base ? kubectl(info, target.namespace, 'replace', '-f', `${target.name}.yaml`) : kubectl(info, namespace, 'apply', '--server-side', `--field-manager=${APPLIER}`, ...(planned?.some(p => p.send?.query?.force === 'true') ? ['--force-conflicts'] : []), '-f', target.file ?? 'manifest.yaml');
  const dirty = base !== undefined && text !== toText(base.object);

  // Half-written work survives a restart of the window.
  const { workspace } = app;
  useEffect(() => {
    if (target.resource) return undefined;
    const timer = setTimeout(() => workspace.update(w => ({ ...w, dock: w.dock.map(d => (d.id === id && text.length < 60_000 ? { ...d, props: { ...(d.props as EditTarget), text } } : d)) })), 1000);
    return () => clearTimeout(timer);
  }, [workspace, id, text, target.resource]);

  const mark = (list: readonly Problem[]): void => { setProblems(list); editor.current?.markers(list); };
  const review = useAction(async () => {
    const { docs, problems: unread } = readManifest(editor.current?.text() ?? text);
    if (unread.length > 0 || docs.length === 0) {
      mark(unread);
      setPlanned(undefined);
      if (unread[0]) editor.current?.reveal(unread[0].line);
      return;
    }
    const list = await plan(context, docs, base, decided.current);
    mark(list.flatMap(problemsOf));
    setPlanned(list);
  });
  const apply = useAction(async () => {
    const done = await carryOut(context, planned ?? [], base, decided.current);
    const bad = done.filter(p => p.verb === 'failed');
    mark(done.flatMap(problemsOf));
    // Somebody was quicker: look again, now at what they have made of it.
    if (done.length === 1 && bad.some(p => p.error?.code === 409)) { await review.run(); return; }
    const changed = done.filter(p => p.done === 'created' || p.done === 'changed');
    if (changed.length > 0) app.lastCommand.set(command);
    if (bad.length > 0) { setPlanned(done); return; }
    setPlanned(undefined);
    decided.current.clear();
    const text1 = changed.length === 1 ? t(changed[0]!.verb === 'create' ? 'yaml.created' : 'yaml.changed', { what: labelOf(changed[0]!) }) : t('yaml.applied', { count: changed.length });
    app.notify({ level: 'good', text: text1, kubectl: command });
    const result = done[0]?.result;
    if (base && result) { setBase({ object: result }); editor.current?.set(toText(result)); }
  });
  const take = (files: Promise<readonly ManifestFile[] | null>): void => {
    files.then(list => {
      if (!list || list.length === 0) return;
      const title = list.length === 1 ? list[0]!.name : t('yaml.files', { first: list[0]!.name, count: list.length - 1 });
      // The text of an object is no place for other manifests.
      if (base) { openEditor(app, { title, props: { cluster: target.cluster, text: joined(list), file: list[0]!.name } }); return; }
      editor.current?.set(joined(list, editor.current.text()));
      editor.current?.focus();
    }).catch((e: unknown) => app.notify({ level: 'bad', text: e instanceof Error ? e.message : String(e) }));
  };
  const pick = (): void => {
    if (app.connection.host.get()?.calls.has('dialog.openFiles')) take(app.connection.app('dialog.openFiles', { extensions: EXTENSIONS })); else file.current?.click();
  };
  const drop = (e: DragEvent): void => {
    e.preventDefault();
    e.stopPropagation();
    setOver(false);
    take(dropped(e.dataTransfer));
  };
  const reload = (object: KubeObject): void => { setBase({ object }); editor.current?.set(toText(object)); setPlanned(undefined); mark([]); };
  /** Another text, and what the server says of it. */
  const again = (next: string, from?: KubeObject): void => {
    if (from) setBase({ object: from });
    editor.current?.set(next);
    setPlanned(undefined);
    setTimeout(() => void review.run(), 0);
  };
  const mine = (p: Planned): void => {
    if (!p.live) return;
    if (!base) { decided.current.add(keyOf(p)); setPlanned(undefined); setTimeout(() => void review.run(), 0); return; }
    const merged = merge3(editable(base.object), p.doc.object, editable(p.live)).value as KubeObject;
    again(toText(merged), p.live);
  };
  /** Leaves what is contested to the others; the rest of what was written stays. */
  const theirs = (p: Planned): void => {
    const { live } = p;
    if (!live) return;
    if (base) { again(toText(merge3(editable(base.object), editable(live), p.doc.object).value as KubeObject), live); return; }
    again(without(editor.current?.text() ?? text, p.doc, p.conflicts?.map(x => stepsOf(x.path, p.doc.object)) ?? []));
  };
  const upgradeDocs = (list: readonly Planned[]): void => {
    again(rewritten(editor.current?.text() ?? text, list.flatMap(p => (p.upgrade ? [{ doc: p.doc, object: p.upgrade.object }] : []))));
  };
  return (
    <section className={`yaml${over ? ' over' : ''}`} aria-label={t('actions.yaml')} data-testid="yaml" onDragOver={e => { e.preventDefault(); setOver(true); }} onDragLeave={e => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false); }} onDrop={drop}>
      <div className="yaml-bar">
        {base ? <span className="mono ellipsis">{target.namespace ? `${target.namespace}/` : ''}{target.name}</span> : (
          <>
            <Button variant="outlined" startIcon={<Icon name="template" size={14} />} onClick={e => setMenu(e.currentTarget)}>{t('yaml.templates')}</Button>
            <Button variant="outlined" startIcon={<Icon name="folder" size={14} />} onClick={pick} data-testid="yaml-open">{t('yaml.fromFile')}</Button>
            <input ref={file} type="file" multiple accept=".yaml,.yml,.json" hidden data-testid="yaml-file" onChange={e => { take(Promise.all([...e.target.files ?? []].map(async f => ({ name: f.name, text: await f.text() })))); e.target.value = ''; }} />
            <span className="quiet ellipsis">{t('yaml.into', { namespace })}</span>
          </>
        )}
        {base ? <LiveBanner target={target} base={base.object} dirty={dirty} onReload={reload} /> : null}
        <span className="spacer" />
        {schemaProblem ? <span className="quiet ellipsis" title={schemaProblem}>{t('yaml.noSchema')}</span> : null}
        {problems.length > 0 || errors > 0 ? <span className="yaml-errors"><StatusShape level="bad" />{t('yaml.problems', { count: Math.max(problems.length, errors) })}</span> : null}
        <IconButton icon="download" label={t('yaml.save')} disabled={text.trim() === ''} onClick={() => save(`${target.name ?? target.file?.replace(/^.*\/|\.[^.]*$/g, '') ?? 'manifest'}.yaml`, editor.current?.text() ?? text)} />
        {dirty ? <Button variant="text" onClick={() => reload(base.object)}>{t('yaml.revert')}</Button> : null}
        <Button variant="contained" disabled={review.busy || planned !== undefined || text.trim() === ''} onClick={() => void review.run()} data-testid="yaml-review-button">{review.busy ? t('yaml.checking') : t('yaml.review')}</Button>
      </div>
      {review.error ? <p className="inline-error yaml-error" role="alert">{review.error.message}</p> : null}
      <div className="yaml-hold" hidden={planned !== undefined}>
        <Editor cluster={target.cluster} text={text} label={t('actions.yaml')} onReady={h => { editor.current = h; if (takesFocus(id) && !base && text === '') h.focus(); }} onChange={x => { decided.current.clear(); setText(x); }} onReview={() => void review.run()} onMarkers={setErrors} />
        {text === '' ? <p className="yaml-empty quiet">{t('yaml.empty')}</p> : null}
      </div>
      {planned ? <Review planned={planned} busy={apply.busy} command={command} edit={base !== undefined} onApply={() => void apply.run()} onAgain={() => void review.run()} onBack={() => { setPlanned(undefined); setTimeout(() => editor.current?.focus(), 0); }} onTheirs={theirs} onMine={mine} onUpgrade={upgradeDocs} onGoTo={p => { setPlanned(undefined); editor.current?.reveal(problemsOf(p)[0]?.line ?? p.doc.line); editor.current?.focus(); }} /> : null}
      {menu ? <Menu open anchorEl={menu} onClose={() => setMenu(null)}>{templates.map(x => <MenuItem key={x.id} onClick={() => { setMenu(null); const now = (editor.current?.text() ?? '').trim(); editor.current?.set(now === '' ? x.text : `${now}\n---\n${x.text}`); editor.current?.focus(); }}>{t(`yaml.template.${x.id}`)}</MenuItem>)}</Menu> : null}
    </section>
  );
}

/** Tells when the object has been changed by somebody else since the editor read it. */
function LiveBanner({ target, base, dirty, onReload }: { target: EditTarget; base: KubeObject; dirty: boolean; onReload(o: KubeObject): void }) {
  const { t } = useTranslation();
  const { object, gone } = useObject<KubeObject>(target.cluster, target.resource as ResourceType, target.namespace, target.name ?? '');
  if (gone) return <span className="yaml-note">{t('yaml.goneNow')}</span>;
  const newer = object !== undefined && object.metadata?.uid === base.metadata?.uid && object.metadata?.resourceVersion !== base.metadata?.resourceVersion && !deepEqual(editable(object), editable(base));
  return newer ? <span className="yaml-note">{t('yaml.newer')} <button type="button" className="link-button" onClick={() => onReload(object)}>{dirty ? t('yaml.discardAndReload') : t('yaml.reload')}</button></span> : null;
}
