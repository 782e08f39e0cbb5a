// Asks before deleting, with everything that goes along: what the objects own, or for a namespace all it holds.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { resourcePath, type KubeList, type KubeObject } from '../../../core/api/meta/object.ts';
import type { KindSpec } from '../../../core/api/kinds/kind.ts';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { Icon } from '../../kit/Icon.tsx';

interface Going { kind: KindSpec; name: string; namespace?: string; depth: number }
/** Kinds whose objects are commonly owned; the rest follows by the collector and is not listed. */
const OWNED = new Set(['ReplicaSet', 'Pod', 'Job', 'EndpointSlice', 'ControllerRevision']);

export function DeleteDialog({ c, command, close }: { c: ActionContext; command: string; close(): void }) {
  const { t } = useTranslation();
  const [going, setGoing] = useState<Going[]>();
  const [failed, setFailed] = useState<string>();
  const [force, setForce] = useState(false);
  useEffect(() => {
    let here = true;
    whatGoes(c).then(g => { if (here) setGoing(g); }, (e: unknown) => { if (here) setFailed(e instanceof Error ? e.message : String(e)); });
    return () => { here = false; };
  }, [c]);
  const n = c.objects.length;
  const name = c.objects[0]?.metadata?.name ?? '';
  const what = n === 1 ? `${c.kind.singular} ${name}` : t('delete.many', { count: n, kind: c.kind.plural });
  const isPod = c.kind.kind === 'Pod';
  const more = (going?.length ?? 0) - n;
  return (
    <ConfirmDialog danger title={t('delete.title', { what })} deed={n === 1 ? t('delete.deedOne', { kind: c.kind.singular }) : t('delete.deedMany', { count: n, kind: c.kind.plural })}
      typed={c.kind.kind === 'Namespace' ? name : undefined} kubectl={force ? `${command} --force --grace-period=0` : command} onClose={close}
      onConfirm={async () => {
        const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background', ...(force ? { gracePeriodSeconds: 0 } : {}) };
        const results = await Promise.allSettled(c.objects.map(o => c.app.connection.request({ cluster: c.cluster, method: 'DELETE', path: resourcePath(c.kind, o.metadata?.namespace, o.metadata?.name), body: { ...body, preconditions: { uid: o.metadata?.uid } } })));
        const bad = results.find(r => r.status === 'rejected');
        if (bad) throw bad.reason;
        c.app.lastCommand.set(command);
        c.app.notify({ level: 'good', text: t('delete.done', { what }), kubectl: command });
      }}>
      <p className="quiet">{failed ? t('delete.unknown', { why: failed }) : going === undefined ? t('delete.looking') : more > 0 ? t('delete.alongWith', { count: more }) : t('delete.nothingElse')}</p>
      {going ? (
        <ul className="goes-list">
          {going.slice(0, 200).map(g => <li key={`${g.kind.plural}/${g.namespace}/${g.name}`} className={`depth-${Math.min(2, g.depth)}`}><Icon name={g.kind.view.icon} size={14} /><span className="mono ellipsis">{g.name}</span><span className="quiet">{g.kind.kind}{g.namespace && n > 1 ? ` · ${g.namespace}` : ''}</span></li>)}
          {going.length > 200 ? <li className="quiet">{t('delete.andMore', { count: going.length - 200 })}</li> : null}
        </ul>
      ) : null}
      {isPod ? <label className="check"><input type="checkbox" checked={force} onChange={e => setForce(e.target.checked)} /> <span>{t('delete.force')}</span></label> : null}
    </ConfirmDialog>
  );
}

async function whatGoes(c: ActionContext): Promise<Going[]> {
  const roots = c.objects.map(o => ({ kind: c.kind, name: o.metadata?.name ?? '', namespace: o.metadata?.namespace, depth: 0, uid: o.metadata?.uid }));
  const inNamespace = c.kind.kind === 'Namespace';
  const spaces = inNamespace ? roots.map(r => r.name) : [...new Set(roots.map(r => r.namespace).filter(s => s !== undefined))];
  const wanted = c.app.kinds.filter(k => k.namespaced && (inNamespace ? k.kind !== 'Event' && k.verbs.includes('list') : OWNED.has(k.kind)));
  const found: { kind: KindSpec; object: KubeObject }[] = [];
  await Promise.all(spaces.flatMap(ns => wanted.map(async kind => {
    const list = await c.app.connection.request<KubeList>({ cluster: c.cluster, method: 'GET', path: resourcePath(kind, ns), query: { limit: '500' } });
    for (const object of list.items) found.push({ kind, object });
  })));
  const out: Going[] = [];
  const visit = (g: Going & { uid?: string }): void => {
    out.push(g);
    if (g.uid === undefined || g.depth > 4) return;
    for (const f of found) if (f.object.metadata?.ownerReferences?.some(r => r.uid === g.uid)) visit(asGoing(f, g.depth + 1));
  };
  for (const root of roots) {
    visit(root);
    if (inNamespace) for (const f of found) if (f.object.metadata?.namespace === root.name) out.push(asGoing(f, 1));
  }
  return out;
}
const asGoing = ({ kind, object }: { kind: KindSpec; object: KubeObject }, depth: number) =>
  ({ kind, name: object.metadata?.name ?? '', namespace: object.metadata?.namespace, depth, uid: object.metadata?.uid });
