// The spec of a kind without a page of its own, and its status where nothing else tells of it, as indented outlines.
import { useTranslation } from 'react-i18next';
import { Section, type SectionProps } from './section.tsx';

const SKIP = new Set(['apiVersion', 'kind', 'metadata', 'status', 'data', 'binaryData']);
/** Shown by sections of their own. */
const ELSEWHERE = new Set(['template', 'jobTemplate', 'selector']);
const STATUS_ELSEWHERE = new Set(['conditions', 'observedGeneration', 'phase', 'hard', 'used', 'capacity', 'allocatable', 'nodeInfo', 'addresses', 'images']);

export function Spec({ object, kind }: SectionProps) {
  const { t } = useTranslation();
  const o = object as { spec?: object; status?: object };
  const templated = kind.view.sections.includes('podTemplate');
  const pick = (of: object, skip: ReadonlySet<string>): object => Object.fromEntries(Object.entries(of).filter(([k, v]) => !skip.has(k) && v !== undefined));
  const spec = o.spec ? (templated ? pick(o.spec, ELSEWHERE) : o.spec) : pick(object, SKIP);
  const status = o.status ? pick(o.status, STATUS_ELSEWHERE) : {};
  return (
    <>
      {Object.keys(spec).length > 0 ? <Section title={t(o.spec ? 'sections.spec' : 'sections.content')}><Outline value={spec} depth={0} /></Section> : null}
      {Object.keys(status).length > 0 ? <Section title={t('sections.status')}><Outline value={status} depth={0} /></Section> : null}
    </>
  );
}

function Outline({ value, depth }: { value: object; depth: number }) {
  if (depth > 8) return <span className="quiet">…</span>;
  return <dl className="outline">{Object.entries(value).slice(0, 200).map(([k, v]: [string, unknown]) => <div key={k}><dt>{Array.isArray(value) ? '–' : k}</dt><dd>{typeof v === 'object' && v !== null ? Object.keys(v).length === 0 ? <span className="quiet">{Array.isArray(v) ? '[]' : '{}'}</span> : <Outline value={v} depth={depth + 1} /> : <code>{String(v)}</code>}</dd></div>)}</dl>;
}
