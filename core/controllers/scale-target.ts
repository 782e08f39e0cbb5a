// The scale subresource of whatever has one: what autoscaling reads and writes, and what a disruption budget counts by.
import { resourcePath, type KubeObject, type ResourceType } from '../api/meta/object.ts';
import type { Client } from '../client/client.ts';

/** autoscaling/v1 Scale as a server answers it: a missing number is 0. */
export interface Scale extends KubeObject { spec?: { replicas?: number }; status?: { replicas?: number; selector?: string } }

const GROUP_VERSION = /^[^/]*(?:\/[^/]*)?$/;

/** The group of an `apiVersion`. Throws for what is none, in apimachinery's words. */
export function groupIn(apiVersion: string): string {
  if (!GROUP_VERSION.test(apiVersion)) throw new Error(`unexpected GroupVersion string: ${apiVersion}`);
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** The served resources of a kind, custom ones among them; never empty. Throws in apimachinery's words when there is none: `searched` says where was looked. */
export function resourcesOf(served: readonly ResourceType[], group: string, kind: string, searched = `group ${JSON.stringify(group)}`): ResourceType[] {
  const found = served.filter(r => r.group === group && r.kind === kind);
  if (found.length === 0) throw new Error(`no matches for kind ${JSON.stringify(kind)} in ${searched}`);
  return found;
}

export const getScale = (client: Client, r: ResourceType, namespace: string, name: string): Promise<Scale> =>
  client.transport.request({ method: 'GET', path: resourcePath(r, namespace, name, 'scale') }) as Promise<Scale>;
