// Asks before deleting, with everything that goes along, counted by kind, and the choice of what becomes of what is owned.
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { resourcePath } from '../../../core/api/meta/object.ts';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { Icon } from '../../kit/Icon.tsx';
import { byKind, whatGoes, type Going } from './what-goes.ts';

/** As kubectl's `--cascade` has them; the first is what it does unasked. */
const CASCADES = ['background', 'foreground', 'orphan'] as const;
type Cascade = typeof CASCADES[number];
const POLICY: Readonly<Record<Cascade, string>> = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' };
const SHOWN = 200;

export function DeleteDialog({ c, command, close }: { c: ActionContext; command: string; close(): void }) {
  const { t } = useTranslation();
  const [found, setFound] = useState<Awaited<ReturnType<typeof whatGoes>>>();
  const [force, setForce] = useState(false);
  const [cascade, setCascade] = useState<Cascade>('background');
  useEffect(() => {
    let here = true;
    void whatGoes(c).then(f => { if (here) setFound(f); return undefined; });
    return () => { here = false; };
  }, [c]);
  const n = c.objects.length;
  const name = c.objects[0]?.metadata?.name ?? '';
  const what = n === 1 ? `${c.kind.singular} ${name}` : t('delete.many', { count: n, kind: c.kind.plural });
  const isNamespace = c.kind.kind === 'Namespace', isPod = c.kind.kind === 'Pod';
  const below = found?.going.filter(g => g.depth > 0) ?? [];
  const full = `${command}${cascade === 'background' ? '' : ` --cascade=${cascade}`}${force ? ' --force --grace-period=0' : ''}`;
  return (
    <ConfirmDialog danger title={t('delete.title', { what })} deed={n === 1 ? t('delete.deedOne', { kind: c.kind.singular }) : t('delete.deedMany', { count: n, kind: c.kind.plural })}
      typed={isNamespace ? name : undefined} kubectl={full} onClose={close}
      onConfirm={async () => {
        const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: POLICY[cascade], ...(force ? { gracePeriodSeconds: 0 } : {}) };
        const results = await Promise.allSettled(c.objects.map(o => c.app.connection.request({ cluster: c.cluster, method: 'DELETE', path: resourcePath(c.kind, o.metadata?.namespace, o.metadata?.name), body: { ...body, preconditions: { uid: o.metadata?.uid } } })));
        const bad = results.find(r => r.status === 'rejected');
        if (bad) throw bad.reason;
        c.app.lastCommand.set(full);
        c.app.notify({ level: 'good', text: t('delete.done', { what }), kubectl: full });
      }}>
      <p className="quiet" role="status">{found === undefined ? t('delete.looking') : below.length === 0 ? t('delete.nothingElse') : `${t(cascade === 'orphan' ? 'delete.staysBehind' : 'delete.alongWith', { count: below.length })} ${byKind(below).map(k => `${k.count} ${k.count === 1 ? k.kind.singular : k.kind.plural}`).join(', ')}`}</p>
      {found ? <GoesList going={cascade === 'orphan' ? found.going.filter(g => g.depth === 0) : found.going} several={n > 1} /> : <div className="goes-list goes-space" aria-busy="true" />}
      {found && found.unknown.length > 0 ? <p className="quiet" title={found.unknown.map(u => u.why).join('\n')}>{t('delete.unknown', { kinds: found.unknown.map(u => u.kind.plural).join(', ') })}</p> : null}
      {below.length > 0 && !isNamespace ? (
        <fieldset className="choices"><legend className="quiet">{t('delete.cascade')}</legend>
          {CASCADES.map(x => <label key={x}><input type="radio" name="cascade" checked={cascade === x} onChange={() => setCascade(x)} /><span>{t(`delete.cascades.${x}`)}</span></label>)}
        </fieldset>
      ) : null}
      {isPod ? <label className="check"><input type="checkbox" checked={force} onChange={e => setForce(e.target.checked)} /> <span>{t('delete.force')}</span></label> : null}
    </ConfirmDialog>
  );
}

function GoesList({ going, several }: { going: readonly Going[]; several: boolean }) {
  const { t } = useTranslation();
  return (
    <ul className="goes-list">
      {going.slice(0, SHOWN).map(g => <li key={`${g.kind.plural}/${g.namespace}/${g.name}`} className={`depth-${Math.min(2, g.depth)}`}><Icon name={g.kind.view.icon} size={14} /><span className="mono ellipsis">{g.name}</span><span className="quiet">{g.kind.kind}{g.namespace && several ? ` · ${g.namespace}` : ''}</span></li>)}
      {going.length > SHOWN ? <li className="quiet">{t('delete.andMore', { count: going.length - SHOWN })}</li> : null}
    </ul>
  );
}
