// As whom the workers of a host speak to its API server: the user each of them is in other clusters, with that user's rights and no others.
import type { UserInfo } from '../apiserver/context.ts';

const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] });

/** The server itself, where it makes what every cluster has. */
export const SERVER = user('system:apiserver', 'system:masters');
/** Fills the caches that all workers share, and is the controller that makes the others' tokens. */
export const MANAGER = user('system:kube-controller-manager');
export const SCHEDULER = user('system:kube-scheduler');
/** A controller, by the name of its service account. */
export const controllerUser = (account: string): UserInfo => user(`system:serviceaccount:kube-system:${account}`, 'system:serviceaccounts', 'system:serviceaccounts:kube-system');
export const nodeUser = (name: string): UserInfo => user(`system:node:${name}`, 'system:nodes');

/** Under which name a worker owns fields: that of the program it is in other clusters. */
export function managerOf({ name }: UserInfo): string {
  if (name.startsWith('system:node:')) return 'kubelet';
  if (name.startsWith('system:serviceaccount:kube-system:')) return 'kube-controller-manager';
  return name.slice(name.lastIndexOf(':') + 1);
}
