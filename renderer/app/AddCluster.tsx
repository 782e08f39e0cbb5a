// Adds the clusters of a kubeconfig: from a file, dropped or picked, or as pasted text.
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ConfirmDialog } from '../kit/ConfirmDialog.tsx';
import { useApp } from './context.ts';

export function AddCluster({ close }: { close(): void }) {
  const app = useApp();
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [name, setName] = useState<string>();
  const [over, setOver] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const take = (f: File | undefined): void => {
    if (f) f.text().then(content => { setText(content); setName(f.name); }, (e: unknown) => app.notify({ level: 'bad', text: String(e) }));
  };
  const pick = (): void => {
    if (!app.connection.host.get()?.calls.has('dialog.openFiles')) { file.current?.click(); return; }
    app.connection.app('dialog.openFiles', { extensions: [] }).then(list => { if (list?.[0]) { setText(list[0].text); setName(list[0].name); } }, (e: unknown) => app.notify({ level: 'bad', text: String(e) }));
  };
  return (
    <ConfirmDialog title={t('addCluster.title')} deed={t('addCluster.deed')} field disabled={text.trim() === ''} onClose={close}
      onConfirm={async () => {
        const { contexts } = await app.connection.app('kubeconfig.add', { text, name });
        app.notify({ level: 'good', text: t('addCluster.done', { contexts: contexts.join(', ') }) });
      }}>
      <p className="quiet">{t('addCluster.text')}</p>
      <div className={`drop${over ? ' over' : ''}`} onDragOver={e => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={e => { e.preventDefault(); setOver(false); take(e.dataTransfer.files[0]); }}>
        <textarea className="input mono" autoFocus rows={9} spellCheck={false} value={text} aria-label={t('addCluster.title')} placeholder={t('addCluster.placeholder')} onChange={e => setText(e.target.value)} />
        <button type="button" className="link-button" onClick={pick}>{t('addCluster.pick')}</button>
        <input ref={file} type="file" hidden onChange={e => take(e.target.files?.[0])} />
      </div>
    </ConfirmDialog>
  );
}
