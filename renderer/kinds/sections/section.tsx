// The form every section of the drawer has.
import type { ReactNode } from 'react';
import type { KindSpec, Section as Word } from '../../../core/api/kinds/kind.ts';
import type { KubeObject } from '../../../core/api/meta/object.ts';

export interface SectionProps { section: Word; cluster: string; kind: KindSpec; object: KubeObject }

export function Section({ title, count, children, aside }: { title: string; count?: number; children: ReactNode; aside?: ReactNode }) {
  return <section className="section"><h3>{title}{count === undefined ? null : <span className="section-count">{count}</span>}<span className="spacer" />{aside}</h3>{children}</section>;
}

/** Name and value; a value that is absent draws no row. */
export const Fact = ({ name, children }: { name: string; children: ReactNode }) => (children === undefined || children === null || children === '' || children === false ? null : <div className="fact"><dt>{name}</dt><dd>{children}</dd></div>);
