// The containers of a pod with their states, or of a pod template without.
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Container, ContainerState, ContainerStatus, PodSpec, PodStatus } from '../../../core/api/types/kubernetes.ts';
import { Age } from '../../kit/Age.tsx';
import { StatusPill, type Level } from '../../kit/StatusPill.tsx';
import { Fact, Section, type SectionProps } from './section.tsx';

export function Containers({ object, section }: SectionProps) {
  const { t } = useTranslation();
  const o = object as { spec?: PodSpec & { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } } }; template?: { spec?: PodSpec }; status?: PodStatus };
  const isPod = object.kind === 'Pod' || o.spec?.containers !== undefined;
  const spec = isPod ? o.spec : o.spec?.template?.spec ?? o.spec?.jobTemplate?.spec?.template?.spec ?? o.template?.spec;
  if (!spec) return null;
  const status = isPod ? o.status : undefined;
  const rows = [
    ...(spec.initContainers ?? []).map(c => ({ c, init: true, s: status?.initContainerStatuses?.find(x => x.name === c.name) })),
    ...(spec.containers ?? []).map(c => ({ c, init: false, s: status?.containerStatuses?.find(x => x.name === c.name) })),
    ...(spec.ephemeralContainers ?? []).map(c => ({ c: c as Container, init: false, debug: true, s: status?.ephemeralContainerStatuses?.find(x => x.name === c.name) })),
  ];
  return (
    <Section title={t(section === 'podTemplate' ? 'sections.podTemplate' : 'sections.containers')} count={rows.length}>
      {isPod ? <dl className="facts"><Fact name={t('facts.node')}>{o.spec?.nodeName}</Fact><Fact name={t('facts.podIP')}>{o.status?.podIP}</Fact><Fact name={t('facts.qos')}>{o.status?.qosClass}</Fact><Fact name={t('facts.serviceAccount')}>{spec.serviceAccountName}</Fact></dl> : null}
      {rows.map(r => <ContainerCard key={r.c.name} container={r.c} init={r.init} status={r.s} live={isPod} debug={'debug' in r} />)}
    </Section>
  );
}

function ContainerCard({ container: c, status, init, live, debug }: { container: Container; status: ContainerStatus | undefined; init: boolean; live: boolean; debug: boolean }) {
  const { t } = useTranslation();
  const state = live ? judge(status, init, t) : undefined;
  const last = status?.lastState?.terminated;
  const resources = (r: Readonly<Record<string, string>> | undefined): string => Object.entries(r ?? {}).map(([k, v]) => `${k} ${v}`).join(', ');
  return (
    <article className="container-card">
      <header><strong className="mono">{c.name}</strong>{init ? <span className="tag">{t(c.restartPolicy === 'Always' ? 'container.sidecar' : 'container.init')}</span> : null}{debug ? <span className="tag">{t('container.debug')}</span> : null}<span className="spacer" />{state ? <StatusPill level={state.level} word={state.word} reason={state.detail} /> : null}</header>
      <p className="mono container-image">{c.image}</p>
      {state?.message ? <p className={`message message-${state.level}`}>{state.message}</p> : null}
      {last ? <p className="message">{t('container.lastEnd', { reason: last.reason ?? '', code: last.exitCode })}{last.message ? `: ${last.message}` : ''} · <Age at={last.finishedAt} /></p> : null}
      <dl className="facts">
        <Fact name={t('facts.restarts')}>{status && status.restartCount > 0 ? status.restartCount : undefined}</Fact>
        <Fact name={t('facts.ports')}>{c.ports?.map(p => `${p.name ? `${p.name} ` : ''}${p.containerPort}/${p.protocol ?? 'TCP'}`).join(', ')}</Fact>
        <Fact name={t('facts.requests')}>{resources(c.resources?.requests)}</Fact>
        <Fact name={t('facts.limits')}>{resources(c.resources?.limits)}</Fact>
        <Fact name={t('facts.command')}>{c.command || c.args ? <code>{[...(c.command ?? []), ...(c.args ?? [])].join(' ')}</code> : undefined}</Fact>
        <Fact name={t('facts.env')}>{c.env?.length || c.envFrom?.length ? <Env container={c} /> : undefined}</Fact>
        <Fact name={t('facts.mounts')}>{c.volumeMounts?.length ? <ul>{c.volumeMounts.map(m => <li key={m.mountPath}><code>{m.mountPath}</code> <span className="quiet">{m.name}{m.readOnly ? `, ${t('container.readOnly')}` : ''}</span></li>)}</ul> : undefined}</Fact>
      </dl>
    </article>
  );
}

const Env = ({ container: c }: { container: Container }) => (
  <ul>
    {c.envFrom?.map(f => <li key={JSON.stringify(f)}><code>{f.prefix ?? ''}*</code> <span className="quiet">{f.configMapRef ? `configmap/${(f.configMapRef as { name?: string }).name ?? ''}` : `secret/${(f.secretRef as { name?: string } | undefined)?.name ?? ''}`}</span></li>)}
    {c.env?.map(e => {
      const from = e.valueFrom;
      const source = from?.secretKeyRef ? `secret/${from.secretKeyRef.name} ${from.secretKeyRef.key}` : from?.configMapKeyRef ? `configmap/${from.configMapKeyRef.name} ${from.configMapKeyRef.key}` : from?.fieldRef?.fieldPath ?? from?.resourceFieldRef?.resource;
      return <li key={e.name}><code>{e.name}</code> {source ? <span className="quiet">{source}</span> : <code className="quiet">{e.value}</code>}</li>;
    })}
  </ul>
);

interface Judged { level: Level; word: string; detail?: string; message?: string }
/** A container's state as a word: Running, CrashLoopBackOff, Completed. */
function judge(s: ContainerStatus | undefined, init: boolean, t: TFunction): Judged {
  const state: ContainerState | undefined = s?.state;
  if (state?.running) return s?.ready || init ? { level: 'good', word: 'Running' } : { level: 'warning', word: 'Running', detail: t('container.notReady') };
  if (state?.terminated) {
    const { exitCode, reason, message } = state.terminated;
    return exitCode === 0 ? { level: 'none', word: reason ?? 'Completed' } : { level: 'bad', word: reason ?? 'Error', detail: t('container.exit', { code: exitCode }), message };
  }
  const waiting = state?.waiting?.reason;
  if (!waiting) return { level: 'busy', word: 'Waiting' };
  return { level: /BackOff|Err|Invalid|Error/.test(waiting) ? 'bad' : 'busy', word: waiting, message: state.waiting?.message };
}
