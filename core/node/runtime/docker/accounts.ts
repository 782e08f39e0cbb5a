// Who an image says its users are. Docker adds the groups of /etc/group only where no group is asked for, and always then; Kubernetes has a
// policy for it (supplementalGroupsPolicy), so that where the two differ the files are read here, once per image.
import type Docker from 'dockerode';
import type { ImageStatus, Security } from '../runtime.ts';
import { dockerStatus, idempotent } from './errors.ts';

export interface Accounts { /** /etc/passwd and /etc/group, '' where the image has none */ passwd: string; group: string }

const HEADER = 512;
/** The content of the only file in a tar; '' when it holds none. */
function onlyFile(tar: Buffer): string {
  for (let at = 0; at + HEADER <= tar.length;) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0, type = tar[at + 156];
    if (tar[at] === 0) return '';
    if (type === 0 || type === 0x30) return tar.toString('utf8', at + HEADER, at + HEADER + size);
    at += HEADER + Math.ceil(size / HEADER) * HEADER;
  }
  return '';
}

/** Reads both files through a container that never runs. Throws in Docker's words. */
export async function readAccounts(docker: Docker, imageId: string, labels: Record<string, string>): Promise<Accounts> {
  const container = await docker.createContainer({ Image: imageId, Cmd: ['none'], Labels: labels, NetworkDisabled: true });
  const read = async (path: string): Promise<string> => {
    try {
      const parts: Buffer[] = [];
      for await (const part of await container.getArchive({ path })) parts.push(part as Buffer);
      return onlyFile(Buffer.concat(parts));
    } catch (e) { if (dockerStatus(e) === 404) return ''; throw e; }
  };
  try { return { passwd: await read('/etc/passwd'), group: await read('/etc/group') }; } finally { await idempotent(() => container.remove({ force: true, v: true })); }
}

const lines = (text: string): string[][] => text.split('\n').map(l => l.split(':'));

/** Whether Docker would give the process other groups than Kubernetes says. */
export const groupsDiffer = (s: Security, image: ImageStatus | undefined): boolean =>
  s.strictGroups === true ? s.runAsGroup === undefined : s.runAsGroup !== undefined || (s.runAsUser === undefined && (image?.user.includes(':') ?? false));

/** The same with groups that Docker applies as they are. */
export function withGroups(s: Security, image: ImageStatus | undefined, accounts: Accounts): Security {
  const imageUser = image?.user.split(':')[0] || '0', user = s.runAsUser === undefined ? imageUser : String(s.runAsUser);
  const entry = lines(accounts.passwd).find(l => (/^\d+$/.test(user) ? l[2] === user : l[0] === user));
  if (s.strictGroups) return s.runAsUser === undefined && image?.user.includes(':') ? s : { ...s, runAsGroup: Number(entry?.[3] ?? 0) };
  const login = entry?.[0];
  const own = login === undefined ? [] : lines(accounts.group).filter(l => l[3]?.split(',').includes(login)).map(l => Number(l[2]));
  return { ...s, supplementalGroups: [...new Set([...own, ...s.supplementalGroups])] };
}
