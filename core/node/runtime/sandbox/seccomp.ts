// The system calls a container may not make, as a classic BPF program: those that reach around namespaces and those that change the
// machine. A list of the forbidden: what a capability already guards is only in it where the guard has been the hole before.
const CALLS: Record<string, { arch: number; numbers: readonly number[]; unshareFlags: readonly number[] } | undefined> = {
  x64: {
    arch: 0xc000003e,
    // acct add_key bpf clock_adjtime clock_settime delete_module finit_module init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl
    // mount move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr name_to_handle_at open_by_handle_at perf_event_open pivot_root
    // quotactl reboot request_key setns settimeofday swapon swapoff umount2 unshare userfaultfd io_uring_setup/enter/register
    numbers: [163, 248, 321, 305, 227, 176, 313, 175, 173, 172, 312, 320, 246, 250, 165, 429, 428, 430, 431, 432, 433, 442, 303, 304, 298, 155, 179, 169, 249, 308, 164, 167, 168, 166, 272, 323, 425, 426, 427],
    unshareFlags: [56],
  },
  arm64: {
    arch: 0xc00000b7,
    numbers: [89, 217, 280, 266, 112, 106, 273, 105, 272, 294, 104, 219, 40, 429, 428, 430, 431, 432, 433, 442, 264, 265, 241, 41, 60, 142, 218, 268, 170, 224, 225, 39, 97, 282, 425, 426, 427],
    unshareFlags: [220],
  },
};
const NEW_NAMESPACES = 0x7e020000;

/** The filter as the kernel's array of 8-byte instructions, or undefined for a processor without a table. Refused calls fail with EPERM, clone3 with ENOSYS (C libraries then use clone, whose flags can be looked at). */
export function seccompFilter(arch: string = process.arch): Buffer | undefined {
  const t = CALLS[arch];
  if (!t) return undefined;
  const code: [op: number, jt: number, jf: number, k: number][] = [];
  const LD = 0x20; const JEQ = 0x15; const JSET = 0x45; const RET = 0x06; const JGE = 0x35;
  const deny = 0x00050001; const allow = 0x7fff0000;
  code.push([LD, 0, 0, 4], [JEQ, 1, 0, t.arch], [RET, 0, 0, 0x00050001], [LD, 0, 0, 0]);
  // x32 calls carry bit 30: the same kernel under other numbers.
  if (arch === 'x64') code.push([JGE, 0, 1, 0x40000000], [RET, 0, 0, deny]);
  for (const n of t.numbers) code.push([JEQ, 0, 1, n], [RET, 0, 0, deny]);
  code.push([JEQ, 0, 1, 435], [RET, 0, 0, 0x00050026]);
  for (const n of t.unshareFlags) code.push([JEQ, 0, 3, n], [LD, 0, 0, 16], [JSET, 0, 1, NEW_NAMESPACES], [RET, 0, 0, deny]);
  code.push([RET, 0, 0, allow]);
  const out = Buffer.alloc(code.length * 8);
  code.forEach(([op, jt, jf, k], i) => { out.writeUInt16LE(op, i * 8); out[i * 8 + 2] = jt; out[i * 8 + 3] = jf; out.writeUInt32LE(k >>> 0, i * 8 + 4); });
  return out;
}
