// Upstream's priorities of API groups and versions: they order discovery, and stand in the APIService objects.
const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000, 'apiregistration.k8s.io': 17_900, apps: 17_800, 'events.k8s.io': 17_750, 'authentication.k8s.io': 17_700, 'authorization.k8s.io': 17_600, autoscaling: 17_500, batch: 17_400,
  'certificates.k8s.io': 17_300, 'networking.k8s.io': 17_200, policy: 17_100, 'rbac.authorization.k8s.io': 17_000, 'storage.k8s.io': 16_800, 'admissionregistration.k8s.io': 16_700,
  'apiextensions.k8s.io': 16_700, 'scheduling.k8s.io': 16_600, 'coordination.k8s.io': 16_500, 'node.k8s.io': 16_300, 'discovery.k8s.io': 16_200, 'flowcontrol.apiserver.k8s.io': 16_100,
  'internal.apiserver.k8s.io': 16_000, 'resource.k8s.io': 15_900, 'storagemigration.k8s.io': 15_800, 'metrics.k8s.io': 100,
};
/** Groups of custom resources, and their versions. */
const CUSTOM = { group: 1000, version: 100 };

const VERSIONS: Readonly<Record<string, number>> = {
  '/v1': 1, 'autoscaling/v2': 30, 'flowcontrol.apiserver.k8s.io/v1': 21, 'metrics.k8s.io/v1beta1': 100,
};

/** `groupPriorityMinimum` and `versionPriority` of a group and version this server serves. */
export function priorityOf(group: string, version: string): { group: number; version: number; custom: boolean } {
  const known = GROUPS[group];
  if (known === undefined) return { ...CUSTOM, custom: true };
  const of = VERSIONS[`${group}/${version}`] ?? (/alpha/.test(version) ? 1 : /beta/.test(version) ? 9 : 15);
  return { group: known, version: of, custom: false };
}
