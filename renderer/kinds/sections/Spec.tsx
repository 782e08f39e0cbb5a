// The spec of a kind without a page of its own, as an indented outline.
import { useTranslation } from 'react-i18next';
import { Section, type SectionProps } from './section.tsx';

const SKIP = new Set(['apiVersion', 'kind', 'metadata', 'status', 'data', 'binaryData']);
export function Spec({ object }: SectionProps) {
  const { t } = useTranslation();
  const o = object as { spec?: unknown };
  const value = o.spec ?? Object.fromEntries(Object.entries(object).filter(([k]) => !SKIP.has(k)));
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return null;
  return <Section title={t('sections.spec')}><Outline value={value} depth={0} /></Section>;
}

function Outline({ value, depth }: { value: object; depth: number }) {
  if (depth > 8) return <span className="quiet">…</span>;
  return <dl className="outline">{Object.entries(value).slice(0, 200).map(([k, v]: [string, unknown]) => <div key={k}><dt>{Array.isArray(value) ? '–' : k}</dt><dd>{typeof v === 'object' && v !== null ? Object.keys(v).length === 0 ? <span className="quiet">{Array.isArray(v) ? '[]' : '{}'}</span> : <Outline value={v} depth={depth + 1} /> : <code>{String(v)}</code>}</dd></div>)}</dl>;
}
