// What the user has open and how the frame is divided: one value, kept in the host's settings, restored as it was.
import type { KindSpec } from '../../core/api/kinds/kind.ts';
import { apiVersionOf, type ResourceType } from '../../core/api/meta/object.ts';
import { Store } from '../base/store.ts';

/** `overview`, `kind:apps/v1/deployments`, or `feature:<id>`. */
export type PageId = string;
export interface Tab { id: string; cluster: string; page: PageId }
export interface Target { cluster: string; group: string; version: string; plural: string; namespace?: string; name: string }
export interface DockTab {
  id: string;
  /** Key in the features' dock views. */
  view: string;
  title: string;
  icon: string;
  /** Plain data: it survives a restart. */
  props: unknown;
}
export interface Layout { tree: number; drawer: number; dock: number; /** Width of the right part of a split dock. */ aside: number; treeOpen: boolean; dockOpen: boolean; closedGroups: readonly string[] }
/** Under the page: how its table looks. Under `<cluster> <page>`: what is asked of it and where it was left, in rows from the top. */
export interface TablePrefs { sorts?: readonly { column: string; descending: boolean }[]; widths?: Record<string, number>; shown?: Record<string, boolean>; order?: readonly string[]; filter?: string; scroll?: number }
export interface Workspace {
  tabs: readonly Tab[];
  active: string;
  /** Chosen namespaces by cluster; none means all. */
  namespaces: Readonly<Record<string, readonly string[]>>;
  drawer?: Target;
  dock: readonly DockTab[];
  dockActive?: string;
  /** Shown beside the active one while the dock is split. */
  dockAside?: string;
  layout: Layout;
  tables: Readonly<Record<string, TablePrefs>>;
  density: 'dense' | 'comfortable';
}

export const SETTING = 'workspace';
export const initial = (cluster: string): Workspace => ({
  tabs: [{ id: 't1', cluster, page: 'overview' }], active: 't1', namespaces: {}, dock: [],
  layout: { tree: 240, drawer: 460, dock: 260, aside: 520, treeOpen: true, dockOpen: false, closedGroups: ['Storage', 'Access', 'Cluster'] }, tables: {}, density: 'dense',
});

export const pageOf = (r: ResourceType): PageId => `kind:${apiVersionOf(r)}/${r.plural}`;
export const pageKind = (page: PageId, kinds: readonly KindSpec[]): KindSpec | undefined => (page.startsWith('kind:') ? kinds.find(k => pageOf(k) === page) : undefined);
export const targetOf = (cluster: string, r: ResourceType, namespace: string | undefined, name: string): Target =>
  ({ cluster, group: r.group, version: r.version, plural: r.plural, ...(namespace ? { namespace } : {}), name });

/** Takes a stored value if it is one of ours; anything missing comes from the defaults. Tabs of clusters that are gone are dropped. */
export function restore(stored: unknown, clusters: readonly string[]): Workspace {
  const base = initial(clusters[0] ?? '');
  if (typeof stored !== 'object' || stored === null) return base;
  const s = stored as Partial<Workspace>;
  const tabs = Array.isArray(s.tabs) ? s.tabs.filter(t => clusters.includes(t.cluster)) : [];
  const drawer = s.drawer && clusters.includes(s.drawer.cluster) ? s.drawer : undefined;
  const dock = Array.isArray(s.dock) ? s.dock : [];
  const known = (id: string | undefined): string | undefined => (dock.some(d => d.id === id) ? id : undefined);
  const dockAside = known(s.dockAside);
  const dockActive = known(s.dockActive) ?? dock.find(d => d.id !== dockAside)?.id;
  const out = { ...base, ...s, drawer, dock, dockActive, dockAside: dockAside === dockActive ? undefined : dockAside, layout: { ...base.layout, ...s.layout } };
  if (tabs.length === 0) return { ...out, tabs: base.tabs, active: base.active };
  return { ...out, tabs, active: tabs.some(t => t.id === s.active) ? s.active! : tabs[0]!.id };
}

let counter = 0;
const freshId = (): string => `${Date.now().toString(36)}${(counter++).toString(36)}`;

/** The deeds on a workspace. */
export class WorkspaceStore extends Store<Workspace> {
  get tab(): Tab { const w = this.get(); return w.tabs.find(t => t.id === w.active) ?? w.tabs[0]!; }
  get cluster(): string { return this.tab.cluster; }

  /** Shows a page in the current tab, or in a new one. */
  show(page: PageId, o: { cluster?: string; apart?: boolean } = {}): void {
    const cluster = o.cluster ?? this.cluster;
    this.update(w => {
      if (o.apart) {
        const tab = { id: freshId(), cluster, page };
        return { ...w, tabs: [...w.tabs, tab], active: tab.id };
      }
      return { ...w, tabs: w.tabs.map(t => (t.id === w.active ? { ...t, cluster, page } : t)) };
    });
  }
  activate(id: string): void { this.update(w => ({ ...w, active: id })); }
  closeTab(id: string): void {
    this.update(w => {
      if (w.tabs.length === 1) return w;
      const at = w.tabs.findIndex(t => t.id === id);
      const tabs = w.tabs.filter(t => t.id !== id);
      return { ...w, tabs, active: w.active === id ? tabs[Math.min(at, tabs.length - 1)]!.id : w.active };
    });
  }
  openObject(drawer: Target): void { this.update(w => ({ ...w, drawer })); }
  closeDrawer(): void { this.update(w => ({ ...w, drawer: undefined })); }
  setNamespaces(cluster: string, names: readonly string[]): void { this.update(w => ({ ...w, namespaces: { ...w.namespaces, [cluster]: names } })); }
  layout(change: Partial<Layout>): void { this.update(w => ({ ...w, layout: { ...w.layout, ...change } })); }
  table(key: string, change: TablePrefs): void { this.update(w => ({ ...w, tables: { ...w.tables, [key]: { ...w.tables[key], ...change } } })); }

  /** Opens a dock tab, or shows the one with the same id; returns the id. */
  openDock(tab: Omit<DockTab, 'id'> & { id?: string }): string {
    const id = tab.id ?? freshId();
    this.update(w => ({
      ...w, dock: w.dock.some(d => d.id === id) ? w.dock.map(d => (d.id === id ? { ...tab, id } : d)) : [...w.dock, { ...tab, id }],
      dockActive: id === w.dockAside ? w.dockActive : id, layout: { ...w.layout, dockOpen: true },
    }));
    return id;
  }
  closeDock(id: string): void {
    this.update(w => {
      const at = w.dock.findIndex(d => d.id === id);
      const dock = w.dock.filter(d => d.id !== id);
      const rest = dock.filter(d => d.id !== w.dockAside);
      const next = dock.slice(at).find(d => d.id !== w.dockAside) ?? rest.at(-1) ?? dock[0];
      const dockActive = w.dockActive === id ? next?.id : w.dockActive;
      const dockAside = w.dockAside === id || w.dockAside === dockActive ? undefined : w.dockAside;
      return { ...w, dock, dockActive, dockAside, layout: { ...w.layout, dockOpen: w.layout.dockOpen && dock.length > 0 } };
    });
  }
  /** Brings a dock tab to the front, unless it is in sight already. */
  showDock(id: string): void { this.update(w => ({ ...w, dockActive: id === w.dockAside ? w.dockActive : id })); }
  /** Moves a dock tab by places to the left or right; stays at the ends. */
  moveDock(id: string, by: number): void {
    this.update(w => {
      const from = w.dock.findIndex(d => d.id === id);
      const to = Math.max(0, Math.min(w.dock.length - 1, from + by));
      if (from < 0 || from === to) return w;
      const dock = w.dock.filter(d => d.id !== id);
      return { ...w, dock: [...dock.slice(0, to), w.dock[from]!, ...dock.slice(to)] };
    });
  }
  /** Puts the active dock tab beside the one before it, or joins the two halves again. Does nothing with fewer than two tabs. */
  splitDock(): void {
    this.update(w => {
      if (w.dockAside !== undefined) return { ...w, dockAside: undefined, dockActive: w.dockActive ?? w.dockAside };
      const at = w.dock.findIndex(d => d.id === w.dockActive);
      const other = w.dock[at - 1] ?? w.dock[at + 1];
      return other && at >= 0 ? { ...w, dockActive: other.id, dockAside: w.dockActive, layout: { ...w.layout, dockOpen: true } } : w;
    });
  }
}
