// The designed states of a view with nothing to show: loading, empty, filtered to nothing, forbidden, failing.
import { useEffect, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon } from './Icon.tsx';
import './kit.css';

/** A skeleton in the shape of a table, after 150 ms only: what is quick shows nothing at all. */
export function Loading({ rows = 14 }: { rows?: number }) {
  const { t } = useTranslation();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return <div className="state-space" aria-busy="true" />;
  return (
    <div className="skeleton" role="status" aria-label={t('states.loading')}>
      {Array.from({ length: rows }, (_, i) => (
        <div className="skeleton-row" key={i}>
          <span style={{ width: `${20 + ((i * 37) % 18)}%` }} /><span style={{ width: `${8 + ((i * 13) % 6)}%` }} /><span style={{ width: '5%' }} /><span style={{ width: `${10 + ((i * 7) % 8)}%` }} />
        </div>
      ))}
    </div>
  );
}

interface Props { icon?: string; title: string; text?: ReactNode; detail?: string; children?: ReactNode; level?: 'quiet' | 'warning' | 'bad' }
/** Title, an explanation, the server's own words if any, and what to do. */
export function StateMessage({ icon = 'box', title, text, detail, children, level = 'quiet' }: Props) {
  return (
    <div className={`state state-${level}`} role={level === 'bad' ? 'alert' : 'status'}>
      <span className="state-icon"><Icon name={icon} size={28} /></span>
      <h2>{title}</h2>
      {text ? <p>{text}</p> : null}
      {detail ? <pre className="state-detail">{detail}</pre> : null}
      {children ? <div className="state-actions">{children}</div> : null}
    </div>
  );
}
