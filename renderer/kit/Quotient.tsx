import './kit.css';

/** "3 of 5" with a bar. */
export function Quotient({ label, have, want }: { label: string; have: number; want: number }) {
  const part = want === 0 ? 1 : Math.min(1, have / want);
  return <div className={`quotient${have >= want ? ' full' : ''}`}><span className="quiet">{label}</span><b>{have}<span className="quiet">/{want}</span></b><span className="quotient-bar"><span style={{ width: `${part * 100}%` }} /></span></div>;
}
