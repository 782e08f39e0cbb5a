// The kinds of a cluster in groups, with live counts and problem badges. Counts are asked only for groups that are open.
import { memo, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { KindSpec, View } from '../../core/api/kinds/kind.ts';
import { usePart } from '../base/store.ts';
import { useCounts, useKinds } from '../gateway/hooks.ts';
import { Icon } from '../kit/Icon.tsx';
import { GROUPS, pluralTitle, shownKinds } from '../kinds/navigation.ts';
import { useApp } from './context.ts';
import { pageOf } from './workspace.ts';

const NONE: readonly string[] = [];

export function Tree() {
  const { workspace, features } = useApp();
  const { t } = useTranslation();
  const tab = usePart(workspace, w => w.tabs.find(x => x.id === w.active) ?? w.tabs[0]!);
  const kinds = useKinds(tab.cluster);
  const closed = usePart(workspace, w => w.layout.closedGroups);
  const groups = useMemo(() => GROUPS.map(g => ({ group: g, kinds: shownKinds(kinds).filter(k => k.view.nav === g) })).filter(g => g.kinds.length > 0), [kinds]);
  const toggle = (g: View['nav']): void => workspace.layout({ closedGroups: closed.includes(g) ? closed.filter(c => c !== g) : [...closed, g] });
  const pages = features.flatMap(f => Object.keys(f.pages ?? {}));
  return (
    <nav className="tree" aria-label={t('tree.title')}>
      <TreeRow icon="overview" label={t('tree.overview')} active={tab.page === 'overview'} onOpen={apart => workspace.show('overview', { apart })} />
      {pages.map(p => <TreeRow key={p} icon="box" label={t(`pages.${p}`)} active={tab.page === `feature:${p}`} onOpen={apart => workspace.show(`feature:${p}`, { apart })} />)}
      {groups.map(({ group, kinds: list }) => {
        const open = !closed.includes(group);
        return (
          <div key={group} className="tree-group">
            <button type="button" className="tree-head" aria-expanded={open} onClick={() => toggle(group)}><Icon name={open ? 'down' : 'right'} size={12} />{t(`groups.${group}`)}</button>
            {open ? list.map(k => <KindRow key={pageOf(k)} cluster={tab.cluster} kind={k} active={tab.page === pageOf(k)} />) : null}
          </div>
        );
      })}
    </nav>
  );
}

const KindRow = memo(function KindRow({ cluster, kind, active }: { cluster: string; kind: KindSpec; active: boolean }) {
  const { workspace } = useApp();
  const { t } = useTranslation();
  const counts = useCounts(cluster, kind, true);
  const chosen = usePart(workspace, w => w.namespaces[cluster] ?? NONE);
  const sum = (pick: 'total' | 'bad' | 'warning'): number | undefined => {
    if (!counts) return undefined;
    return chosen.length === 0 || !kind.namespaced ? counts[pick] : chosen.reduce((n, ns) => n + (counts.namespaces[ns]?.[pick] ?? 0), 0);
  };
  const bad = sum('bad') ?? 0;
  const warning = sum('warning') ?? 0;
  return (
    <TreeRow icon={kind.view.icon} label={pluralTitle(kind)} active={active} count={sum('total')} onOpen={apart => workspace.show(pageOf(kind), { cluster, apart })}
      badge={bad + warning > 0 ? <span className={`badge badge-${bad > 0 ? 'bad' : 'warning'}`} title={[bad > 0 ? t('tree.bad', { count: bad }) : '', warning > 0 ? t('tree.warning', { count: warning }) : ''].filter(Boolean).join(', ')}><span className={`shape shape-${bad > 0 ? 'bad' : 'warning'}`} />{short(bad + warning)}</span> : undefined} />
  );
});

function TreeRow({ icon, label, active, count, badge, onOpen }: { icon: string; label: string; active: boolean; count?: number; badge?: React.ReactNode; onOpen(apart: boolean): void }) {
  return (
    <button type="button" className={`tree-row${active ? ' active' : ''}`} aria-current={active ? 'page' : undefined} onClick={e => onOpen(e.ctrlKey || e.metaKey)} onAuxClick={e => { if (e.button === 1) onOpen(true); }}>
      <Icon name={icon} /><span className="ellipsis tree-label" title={label}>{label}</span>{badge}<span className={`tree-count${count === 0 ? ' zero' : ''}`}>{count === undefined ? '' : short(count)}</span>
    </button>
  );
}
const short = (n: number): string => (n < 10_000 ? String(n) : `${Math.floor(n / 1000)}k`);
