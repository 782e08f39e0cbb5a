// Kubernetes' meaning of `--controllers`: `*` is every controller on by default, `foo` turns one on, `-foo` turns it off;
// the first mention of a name decides, and without `*` only the named ones run.

/** Whether the controller called `name` (or `alias`) is to run under `list`. */
export function isEnabled(name: string, alias: string, list: readonly string[]): boolean {
  for (const word of list) {
    if (word === name || word === alias) return true;
    if (word === `-${name}` || word === `-${alias}`) return false;
  }
  return list.includes('*');
}

/** Controllers of Kubernetes' own manager (1.36, with the short names of older releases) that this one does not have: a list written for it is no mistake. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'device-taint-eviction-controller', 'horizontalpodautoscaler', 'kube-apiserver-serving-clustertrustbundle-publisher-controller',
  'node-ipam-controller', 'nodeipam', 'node-route-controller', 'route', 'persistentvolume-attach-detach-controller', 'attachdetach',
  'resourcequota-controller', 'resourcequota', 'selinux-warning-controller', 'service-cidr-controller', 'service-lb-controller', 'service',
  'storage-version-migrator-controller', 'storageversion-garbage-collector-controller',
  'storage-version-gc', 'validatingadmissionpolicy-status-controller', 'cloud-node-lifecycle-controller', 'cloud-node-lifecycle',
]);

/** Words of `list` that name no controller; Kubernetes refuses to start with `"x" is not in the list of known controllers`. */
export function unknownControllers(known: readonly { name: string; alias: string }[], list: readonly string[]): string[] {
  const names = new Set(known.flatMap(c => [c.name, c.alias]));
  return list.filter(word => {
    const name = word.startsWith('-') ? word.slice(1) : word;
    return word !== '*' && !names.has(name) && !ELSEWHERE.has(name);
  });
}
