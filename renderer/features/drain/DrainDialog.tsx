// Draining nodes: what will go and what it asks for first; then pod by pod how far it is, and what holds it up.
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import { resourcePath } from '../../../core/api/meta/object.ts';
import type { Pod } from '../../../core/api/types/kubernetes.ts';
import { infoOf, MERGE_PATCH, namesOf, patchAll } from '../../app/deeds.ts';
import type { ActionContext } from '../../app/feature.ts';
import { kubectl } from '../../app/kubectl.ts';
import { HostError } from '../../gateway/connection.ts';
import { useAction, useObjects } from '../../gateway/hooks.ts';
import { KubectlCommand } from '../../kit/KubectlCommand.tsx';
import { StatusPill, type Level } from '../../kit/StatusPill.tsx';
import { drainPlan, drainWords, evictAll, type Leaving } from './evictions.ts';
import './drain.css';

const POD = kindFor('', 'v1', 'pods')!;
type State = Leaving['state'] | 'gone';
const LEVEL: Readonly<Record<State, Level>> = { waits: 'none', putOff: 'warning', leaves: 'busy', failed: 'bad', gone: 'good' };
const RESERVES = [['alone', 'force'], ['emptyDir', 'emptyDir']] as const;
const SHOWN = 200, NAMED = 3;

export function DrainDialog({ c, close }: { c: ActionContext; close(): void }) {
  const { t } = useTranslation();
  const { app, cluster } = c;
  /** The first few by name, and how many more there are. */
  const some = (pods: readonly Pod[]): string => [...pods.slice(0, NAMED).map(p => p.metadata?.name), ...(pods.length > NAMED ? [t('delete.andMore', { count: pods.length - NAMED })] : [])].join(', ');
  const nodes = c.objects.map(o => o.metadata?.name ?? '');
  const { items, complete, freshness } = useObjects<Pod>({ cluster, resource: POD });
  const [choices, setChoices] = useState({ force: false, emptyDir: false });
  /** Those that were asked to go, from the moment it began. */
  const [asked, setAsked] = useState<readonly Pod[]>();
  const [told, setTold] = useState<ReadonlyMap<string, Leaving>>(new Map());
  const stop = useRef<{ now: boolean; wake?: () => void }>({ now: false });
  useEffect(() => { const s = stop.current; s.now = false; return () => { s.now = true; s.wake?.(); }; }, []);
  const plan = drainPlan(items.filter(p => nodes.includes(p.spec?.nodeName ?? '')), choices);
  const command = kubectl(infoOf(c), undefined, ...drainWords(nodes, choices));
  const there = new Set(items.map(p => p.metadata?.uid));
  const stateOf = (p: Pod): Leaving | { state: 'gone' } => (there.has(p.metadata?.uid) ? told.get(p.metadata?.uid ?? '') ?? { state: 'waits' } : { state: 'gone' });
  const left = asked?.filter(p => stateOf(p).state !== 'gone') ?? [];
  const drained = asked !== undefined && complete && left.length === 0;
  const failed = left.some(p => stateOf(p).state === 'failed');

  const { run, busy, error } = useAction(async () => {
    await patchAll(c, { spec: { unschedulable: true } }, MERGE_PATCH);
    app.lastCommand.set(command);
    setAsked(plan.evict);
    const timers = new Set<() => void>();
    stop.current.wake = () => { for (const wake of timers) wake(); };
    await evictAll(plan.evict, {
      evict: async pod => { await app.connection.request({ cluster, method: 'POST', path: resourcePath(POD, pod.metadata?.namespace, pod.metadata?.name, 'eviction'), body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.metadata?.name, namespace: pod.metadata?.namespace }, deleteOptions: { preconditions: { uid: pod.metadata?.uid } } } }); },
      read: e => ({ code: e instanceof HostError ? e.wire.code : 0, message: e instanceof Error ? e.message : String(e) }),
      wait: ms => new Promise<void>(done => { const end = (): void => { timers.delete(end); clearTimeout(timer); done(); }; const timer = setTimeout(end, ms); timers.add(end); }),
      told: (pod, now) => setTold(m => new Map(m).set(pod.metadata?.uid ?? '', now)),
      stopped: () => stop.current.now,
    });
  });
  useEffect(() => {
    if (!drained) return;
    app.notify({ level: 'good', text: t('drain.done', { names: namesOf(c) }), kubectl: command });
    close();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- told once, when the last of them is gone
  }, [drained]);

  const pods = asked ?? plan.evict;
  return (
    <Dialog open onClose={close} transitionDuration={80} aria-labelledby="drain-title" fullWidth maxWidth="sm">
      <form onSubmit={e => { e.preventDefault(); if (!busy && asked === undefined && !plan.held) void run(); }}>
        <DialogTitle id="drain-title">{t(asked ? 'drain.titleGoing' : 'drain.title', { names: nodes.join(', '), count: nodes.length })}</DialogTitle>
        <DialogContent data-testid="drain" data-state={asked ? 'going' : 'asking'}>
          {freshness.state === 'forbidden' || freshness.state === 'failed' ? <p className="inline-error" role="alert">{freshness.reason}</p>
            : <p className="quiet" role="status">{asked ? t('drain.going', { gone: asked.length - left.length, count: asked.length }) : !complete ? t('states.loading') : plan.evict.length === 0 ? t('drain.nothing') : t('drain.text', { count: plan.evict.length })}</p>}
          {asked ? null : RESERVES.map(([reserve, choice]) => (plan.reserved[reserve].length === 0 ? null : (
            <label key={reserve} className="check"><input type="checkbox" checked={choices[choice]} onChange={e => setChoices({ ...choices, [choice]: e.target.checked })} /> <span>{t(`drain.${reserve}`, { count: plan.reserved[reserve].length, names: some(plan.reserved[reserve]) })}</span></label>
          )))}
          <ul className="drain-list" aria-busy={!complete}>
            {pods.slice(0, SHOWN).map(p => {
              const now = stateOf(p), why = 'why' in now ? now.why : undefined;
              return <li key={p.metadata?.uid} data-pod={p.metadata?.name} data-state={now.state}><span className="mono ellipsis">{p.metadata?.name}</span><span className="quiet">{p.metadata?.namespace}</span><span className="spacer" />{asked ? <StatusPill level={LEVEL[now.state]} word={t(`drain.states.${now.state}`)} /> : null}{why ? <p className="quiet drain-why">{why}</p> : null}</li>;
            })}
          </ul>
          {pods.length > SHOWN ? <p className="quiet">{t('pods.more', { count: pods.length - SHOWN })}</p> : null}
          {plan.stay.length > 0 ? <p className="quiet">{t('drain.stay', { count: plan.stay.length, names: some(plan.stay) })}</p> : null}
          <KubectlCommand command={command} />
          {error ? <p className="inline-error" role="alert">{error.message}</p> : null}
        </DialogContent>
        <DialogActions>
          <Button variant="text" onClick={close}>{asked === undefined ? t('confirm.cancel') : failed && !busy ? t('drain.close') : t('drain.stop')}</Button>
          {asked ? null : <Button variant="contained" type="submit" disabled={busy || !complete || plan.held} autoFocus>{t('drain.deed', { count: plan.evict.length })}</Button>}
        </DialogActions>
      </form>
    </Dialog>
  );
}
