// Which port to bring to this machine, and where.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ActionContext } from '../../app/feature.ts';
import { ConfirmDialog } from '../../kit/ConfirmDialog.tsx';
import { forwardCommand, portsOf } from './ports.ts';

const asPort = (text: string): number | undefined => (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? Number(text) : undefined);

export function ForwardDialog({ c, close, onOpen }: { c: ActionContext; close(): void; onOpen(): void }) {
  const { t } = useTranslation();
  const o = c.objects[0]!;
  const name = o.metadata?.name ?? '', namespace = o.metadata?.namespace ?? '';
  const offers = portsOf(c.kind, o);
  const [portText, setPort] = useState(String(offers[0]?.port ?? ''));
  const [localText, setLocal] = useState('');
  const port = asPort(portText), localPort = asPort(localText);
  const info = c.app.connection.host.get()?.clusters.find(i => i.id === c.cluster);
  const command = forwardCommand(info, c.kind, namespace, name, port ?? '…', localPort);
  return (
    <ConfirmDialog title={t('forward.title', { kind: c.kind.singular, name })} deed={t('forward.deed', { port: port ?? '…' })} kubectl={command} field disabled={port === undefined || (localText !== '' && localPort === undefined)} onClose={close}
      onConfirm={async () => {
        const { group, version, kind, plural, namespaced } = c.kind;
        const f = await c.app.connection.app('forwards.open', { cluster: c.cluster, namespace, resource: { group, version, kind, plural, namespaced }, name, port: port!, ...(localPort === undefined ? {} : { localPort }) });
        const done = forwardCommand(info, c.kind, namespace, name, f.port, f.localPort);
        c.app.lastCommand.set(done);
        c.app.notify({ level: 'good', text: t('forward.opened', { name, port: f.port, address: `${f.host}:${f.localPort}` }), kubectl: done });
        onOpen();
      }}>
      <label className="field"><span>{t('forward.port')}</span>
        <input className="input" list="forward-ports" inputMode="numeric" autoComplete="off" autoFocus value={portText} onFocus={e => e.target.select()} onChange={e => setPort(e.target.value.trim())} /></label>
      <datalist id="forward-ports">{offers.map(p => <option key={p.port} value={p.port}>{p.about}</option>)}</datalist>
      <p className="quiet">{offers.length === 0 ? t('forward.noneDeclared') : offers.map(p => (p.about ? `${p.port} (${p.about})` : `${p.port}`)).join(', ')}</p>
      <label className="field"><span>{t('forward.localPort')}</span>
        <input className="input" inputMode="numeric" autoComplete="off" value={localText} placeholder={t('forward.anyPort')} onChange={e => setLocal(e.target.value.trim())} /></label>
    </ConfirmDialog>
  );
}
