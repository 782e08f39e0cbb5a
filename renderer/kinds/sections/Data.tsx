// Keys of a ConfigMap or Secret. A Secret's values stay hidden until asked for, one by one.
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { IconButton } from '../../kit/IconButton.tsx';
import { useApp } from '../../app/context.ts';
import { Section, type SectionProps } from './section.tsx';

export function Data({ object, kind }: SectionProps) {
  const { t } = useTranslation();
  const o = object as { data?: Record<string, string>; binaryData?: Record<string, string>; type?: string };
  const secret = kind.kind === 'Secret';
  const entries = [...Object.entries(o.data ?? {}).map(([k, v]) => ({ k, v, binary: false })), ...Object.entries(o.binaryData ?? {}).map(([k, v]) => ({ k, v, binary: true }))].sort((a, b) => a.k.localeCompare(b.k));
  return (
    <Section title={t('sections.data')} count={entries.length} aside={o.type ? <span className="quiet mono">{o.type}</span> : null}>
      {entries.length === 0 ? <p className="quiet section-none">{t('data.none')}</p> : null}
      {entries.map(e => <Entry key={e.k} name={e.k} raw={e.v} encoded={secret || e.binary} hidden={secret} />)}
    </Section>
  );
}

function Entry({ name, raw, encoded, hidden }: { name: string; raw: string; encoded: boolean; hidden: boolean }) {
  const { t } = useTranslation();
  const { notify } = useApp();
  const [shown, setShown] = useState(!hidden);
  const { text, bytes } = encoded ? decode(raw) : { text: raw, bytes: new TextEncoder().encode(raw).length };
  const copy = (): void => { navigator.clipboard.writeText(text ?? raw).then(() => notify({ level: 'good', text: t('data.copied', { name }) }), (e: unknown) => notify({ level: 'bad', text: String(e) })); };
  return (
    <article className="data-entry">
      <header><span className="mono ellipsis">{name}</span><span className="quiet">{t('data.bytes', { count: bytes })}</span><span className="spacer" />
        {hidden ? <IconButton icon="eye" size={14} label={t(shown ? 'data.hide' : 'data.show', { name })} pressed={shown} onClick={() => setShown(s => !s)} /> : null}<IconButton icon="copy" size={14} label={t('data.copy', { name })} onClick={copy} /></header>
      {shown ? text === undefined ? <p className="quiet">{t('data.binary')}</p> : <pre>{text.length > 20_000 ? `${text.slice(0, 20_000)}\n…` : text || ' '}</pre> : <p className="hidden-value" aria-label={t('data.isHidden')}>••••••••</p>}
    </article>
  );
}

/** UTF-8 text, or no text when the bytes are none. */
export function decode(base64: string): { text?: string; bytes: number } {
  let bytes: Uint8Array;
  try { bytes = Uint8Array.from(atob(base64), c => c.charCodeAt(0)); } catch { return { text: base64, bytes: base64.length }; }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /[\0-\x08\x0e-\x1a]/.test(text) ? { bytes: bytes.length } : { text, bytes: bytes.length };
  } catch { return { bytes: bytes.length }; }
}
