// The ports that are forwarded now: where they are, which pod answers, what went wrong, and the way to end them.
import Button from '@mui/material/Button';
import { useTranslation } from 'react-i18next';
import { kindFor } from '../../../core/api/kinds/index.ts';
import type { Forward } from '../../../electron/contract/frames.ts';
import { useApp } from '../../app/context.ts';
import { useStore } from '../../base/store.ts';
import { useAction } from '../../gateway/hooks.ts';
import { Icon } from '../../kit/Icon.tsx';
import { KubectlCommand } from '../../kit/KubectlCommand.tsx';
import { StateMessage } from '../../kit/states.tsx';
import { StatusShape } from '../../kit/StatusPill.tsx';
import { forwardCommand } from './ports.ts';
import './forward.css';

export function ForwardsView() {
  const { connection } = useApp();
  const { t } = useTranslation();
  const forwards = useStore(connection.host)?.forwards ?? [];
  if (forwards.length === 0) return <StateMessage icon="forward" title={t('forward.none')} text={t('forward.noneText')} />;
  return <ul className="forwards" aria-label={t('forward.list')} data-testid="forwards">{forwards.map(f => <Row key={f.id} f={f} />)}</ul>;
}

function Row({ f }: { f: Forward }) {
  const { connection, notify } = useApp();
  const { t } = useTranslation();
  const info = useStore(connection.host)?.clusters.find(c => c.id === f.cluster);
  const kind = kindFor(f.resource.group, f.resource.version, f.resource.plural);
  const stop = useAction(() => connection.app('forwards.stop', { id: f.id }));
  const address = `${f.host}:${f.localPort}`;
  const copy = (): void => { navigator.clipboard.writeText(address).then(() => notify({ level: 'good', text: t('forward.copied', { address }) }), (e: unknown) => notify({ level: 'bad', text: String(e) })); };
  return (
    <li className="forward">
      <StatusShape level={f.error ? 'bad' : 'good'} />
      <a className="mono" href={`http://${address}/`} target="_blank" rel="noreferrer">{address}</a>
      <span className="quiet ellipsis">{f.resource.kind.toLowerCase()}/{f.name}:{f.port} · {f.namespace}{f.pod !== f.name ? ` · ${t('forward.through', { pod: f.pod })}` : ''}{info && info.origin !== 'embedded' ? ` · ${info.name}` : ''}</span>
      <span className="quiet">{t('forward.connections', { count: f.connections })}</span>
      <Button variant="text" onClick={copy} startIcon={<Icon name="copy" size={14} />}>{t('forward.copy')}</Button>
      <Button variant="text" disabled={stop.busy} onClick={() => void stop.run()} aria-label={t('forward.stopThis', { address })}>{t('forward.stop')}</Button>
      {f.error || stop.error ? <p className="inline-error" role="alert">{f.error ?? stop.error?.message}</p> : null}
      {kind ? <KubectlCommand command={forwardCommand(info, kind, f.namespace, f.name, f.port, f.localPort)} /> : null}
    </li>
  );
}
