// One family of line icons, 16 px, 1.5 px stroke. A name that is not here draws a plain box, so that a custom kind is never blank.

const PATHS = {
  box: 'M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6',
  pod: 'M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6',
  deployment: 'M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3M6.2 6.2h3.6v3.6H6.2z',
  replicas: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3', stateful: 'M3 4c0-1.2 2.2-2 5-2s5 .8 5 2-2.2 2-5 2-5-.8-5-2v8c0 1.2 2.2 2 5 2s5-.8 5-2V4M3 8c0 1.2 2.2 2 5 2s5-.8 5-2',
  daemon: 'M2.5 2.5h4v4h-4zM9.5 2.5h4v4h-4zM2.5 9.5h4v4h-4zM9.5 9.5h4v4h-4z', job: 'M3.5 2.5h9v11h-9zM6 8l1.5 1.5L10.5 6.5',
  cron: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.5V8l2.5 1.5', revision: 'M3 8a5 5 0 1 0 1.6-3.7M3 2v3h3M8 5.5V8l2 1.2',
  template: 'M3.5 2.5h9v11h-9zM6 5.5h4M6 8h4M6 10.5h2', service: 'M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 5.5V2M10.2 9.3l3 2M5.8 9.3l-3 2',
  endpoints: 'M4 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM12.5 2.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM12.5 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3zM5.8 7.2 11 4.6M5.8 8.8l5.2 2.6',
  ingress: 'M2 8h8M7 5l3 3-3 3M10 2.5h3.5v11H10', class: 'M2.5 3.5h5l6 6-4.5 4.5-6.5-6.5zM5 6h.1', config: 'M3 4.5h10M3 8h10M3 11.5h10M6 3v3M10.5 6.5v3M5 10v3',
  secret: 'M4 7h8v6.5H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2M8 9.8v1.4', quota: 'M2.5 11a5.5 5.5 0 1 1 11 0M8 11l2.5-4', limit: 'M2.5 13.5h11M4.5 13V8M8 13V3M11.5 13V6',
  autoscale: 'M2.5 6V2.5H6M13.5 10v3.5H10M2.5 2.5 7 7M13.5 13.5 9 9', budget: 'M8 1.8 13 4v4c0 3-2.2 5.2-5 6.2C5.2 13.2 3 11 3 8V4zM6 8l1.5 1.5L10.2 6.6',
  volume: 'M2.5 4.5h11v7h-11zM5 9.5h.1M7.5 9.5h3.5', claim: 'M2.5 4.5h11v7h-11zM8 6v4M6 8h4', account: 'M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.5c.6-2.6 2.5-4 5-4s4.4 1.4 5 4',
  role: 'M8 1.8 13 4v4c0 3-2.2 5.2-5 6.2C5.2 13.2 3 11 3 8V4z', binding: 'M6.5 9.5 9.5 6.500M7 4.5 8.5 3a2.8 2.8 0 0 1 4 4L11 8.500M9 11.5 7.5 13a2.8 2.8 0 0 1-4-4L5 7.5',
  namespace: 'M2.5 4.500v-2h2M11.5 2.500h2v2M13.5 11.500v2h-2M4.5 13.500h-2v-2M5.5 5.500h5v5h-5z', node: 'M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.1M5 11h.1',
  event: 'M8.8 1.8 3.5 9H8l-.8 5.200L12.5 7H8z', lease: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.5 8h5', priority: 'M3 13.500v-11M3 3h9l-2 3 2 3H3',
  overview: 'M2.5 2.500h4.500v6H2.500zM9 2.500h4.500v3.500H9zM9 8h4.500v5.500H9zM2.5 10.500h4.500v3H2.500z', search: 'M7 11.500a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 14 14',
  close: 'M4 4l8 8M12 4l-8 8', plus: 'M8 3v10M3 8h10', more: 'M3.5 8h.1M8 8h.1M12.5 8h.1', check: 'M3 8.5 6.5 12 13 4.5', down: 'M4 6l4 4 4-4', right: 'M6 4l4 4-4 4', left: 'M10 4 6 8l4 4', up: 'M4 10l4-4 4 4',
  logs: 'M2.5 3.500h11M2.5 6.500h8M2.5 9.500h11M2.5 12.500h6', shell: 'M2.5 3h11v10h-11zM5 6l2 2-2 2M8.5 10.500h2.5', attach: 'M2.5 3h11v10h-11zM8 5.500v5M5.8 8.3 8 10.500l2.2-2.2', yaml: 'M5.5 4 2.5 8l3 4M10.5 4l3 4-3 4',
  trash: 'M3 4.500h10M6 4.500v-2h4v2M4.5 4.500l.6 9h5.800l.6-9M6.8 7v4M9.2 7v4', scale: 'M2.5 13.500v-4M6 13.500v-6M9.5 13.500v-8M13 13.500v-11', restart: 'M13 8a5 5 0 1 1-1.6-3.700M13 2v3h-3', rollback: 'M3 6h6.500a3.5 3.5 0 0 1 0 7H6M5.5 3.5 3 6l2.5 2.5',
  pause: 'M5.5 3.500v9M10.5 3.500v9', play: 'M5 3.500v9l7-4.500z', image: 'M2.5 3h11v10h-11zM2.5 10.5 6 7.500l3 2.5 2-1.5 2.5 2M10.5 6h.1', forward: 'M2.5 8H11M8 5l3 3-3 3M13.5 3v10', cordon: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.8 3.800l8.4 8.4', drain: 'M8 2v8M5 7.5 8 10.500l3-3M3 13.500h10',
  download: 'M8 2v8M5 7.5 8 10.500l3-3M2.5 13.500h11', split: 'M2.5 3h11v10h-11zM8 3v10', copy: 'M5.5 5.500h8v8h-8zM10.5 5.500v-3h-8v8h3', columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10', filter: 'M2.5 3.500h11L9.5 8.500V13l-3-1.500v-3z', bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.500H3zM7 14h2', sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1.500v1.500M8 13v1.500M1.5 8H3M13 8h1.500M3.4 3.400l1 1M11.6 11.600l1 1M12.6 3.400l-1 1M4.4 11.600l-1 1',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.300A1.8 1.8 0 1 1 8 8.500v.700M8 11.300h.1', eye: 'M1.5 8S4 3.8 8 3.8 14.5 8 14.5 8 12 12.2 8 12.2 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z', folder: 'M2 4h4.500L8 5.500h6v7.500H2z', dock: 'M2.5 3h11v10h-11zM2.5 9h11', drawer: 'M2.5 3h11v10h-11zM9.5 3v10', tree: 'M2.5 3h11v10h-11zM6 3v10', wheel: 'M8 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM8 1.500v3M8 11.500v3M1.5 8h3M11.5 8h3M3.4 3.400l2.1 2.100M10.5 10.500l2.1 2.100M12.6 3.400l-2.1 2.100M5.5 10.500l-2.1 2.1',
} as const;
export type IconName = keyof typeof PATHS;

export const isIcon = (name: string): name is IconName => Object.hasOwn(PATHS, name);

/** Decoration only: the word beside it, or the button's label, says the meaning. */
export function Icon({ name, size = 16 }: { name: string; size?: number }) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={1.4} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={PATHS[isIcon(name) ? name : 'box']} />
    </svg>
  );
}
