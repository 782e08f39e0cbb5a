// What a data directory's cluster is and stays: its id, which is part of every name it leaves on the machine, and its ranges of addresses.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writePrivate } from './kubeconfig.ts';
import { refuseOverlap } from './options.ts';
import { UsageError } from './refusal.ts';

export interface Identity {
  id: string;
  /** How often this cluster has been started. */
  starts: number;
  podCidr: string; serviceCidr: string;
}
export interface Ranges { podCidr?: string | undefined; serviceCidr?: string | undefined }

const fileOf = (dir: string): string => join(dir, 'cluster.json');
const read = (dir: string): Partial<Identity> | undefined => (existsSync(fileOf(dir)) ? JSON.parse(readFileSync(fileOf(dir), 'utf8')) as Partial<Identity> : undefined);

/** The identity of a cluster that has been started before. Throws when there is none. */
export const identityOf = (dir: string): Identity => read(dir) as Identity;

/** Services have addresses, and nodes slices, for as long as they live: another range would leave them behind. */
function kept(flag: string, before: string | undefined, asked: string | undefined, standard: string, dir: string): string {
  if (before !== undefined && asked !== undefined && asked !== before) {
    throw new UsageError(`${flag} ${asked}: the cluster in ${dir} has ${before}, and addresses of it are in use. Leave the flag away, or start anew: pilothouse reset`);
  }
  return before ?? asked ?? standard;
}

/** Reads or makes the cluster's identity and counts this start. Ranges not asked for are those it has, or the defaults. Throws UsageError when others are asked for. */
export function identity(dir: string, asked: Ranges): Identity {
  const have = read(dir);
  const now: Identity = {
    id: have?.id ?? randomBytes(4).toString('hex'), starts: (have?.starts ?? 0) + 1,
    podCidr: kept('--pod-cidr', have?.podCidr, asked.podCidr, '10.244.0.0/16', dir), serviceCidr: kept('--service-cidr', have?.serviceCidr, asked.serviceCidr, '10.96.0.0/16', dir),
  };
  refuseOverlap(now);
  writePrivate(fileOf(dir), `${JSON.stringify(now)}\n`);
  return now;
}
