// Which capabilities a container keeps: Docker's default fourteen, changed by the pod's add and drop.
import { cgroupVersion } from '../cgroup.ts';

const NAMES = ['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE', 'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE'];
// Without a devices group (version 2 would need a BPF program) mknod would give the host's disks away.
const DEFAULT = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'NET_BIND_SERVICE', 'NET_RAW', 'SYS_CHROOT', 'AUDIT_WRITE', 'SETFCAP', ...(cgroupVersion === 1 ? ['MKNOD'] : [])];

const bit = (name: string): bigint => {
  const at = NAMES.indexOf(name.toUpperCase().replace(/^CAP_/, ''));
  if (at < 0) throw new Error(`unknown capability "${name}"`);
  return 1n << BigInt(at);
};
const ALL = (1n << BigInt(NAMES.length)) - 1n;

/** The bounding set as the launcher takes it (hexadecimal), within what this process has itself. Throws on an unknown name. */
export function capabilityMask(own: bigint, privileged: boolean, add: readonly string[], drop: readonly string[]): string {
  const is = (list: readonly string[]): boolean => list.some(n => n.toUpperCase() === 'ALL');
  const named = (list: readonly string[]): bigint => list.filter(n => n.toUpperCase() !== 'ALL').reduce((m, n) => m | bit(n), 0n);
  let mask = DEFAULT.reduce((m, n) => m | bit(n), 0n);
  if (is(add)) mask = ALL & ~named(drop);
  else if (is(drop)) mask = named(add);
  else mask = (mask | named(add)) & ~named(drop);
  return ((privileged ? ALL : mask) & own).toString(16);
}
