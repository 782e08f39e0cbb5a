// The launcher: everything about a container that Node cannot do itself, and what must outlive Node. Freestanding C (see build.sh).
//   pod CFG        holds a pod's namespaces; with a shared PID namespace it also is its init
//   run CFG        one container: sets it up, writes its log (CRI format, rotated) and its exit status, serves `ctl` (attach, signals)
//   exec CFG       a command in a running container, frames on stdin/stdout
//   dial PID PORT  joins stdin/stdout to a port on the loopback of a network namespace
//   net PID IP PREFIX GATEWAY   brings lo and eth0 of a network namespace up
//   whiteouts DIR  turns an image layer's .wh. files into overlayfs' own marks
// CFG: NUL-terminated strings, the first byte of each says what it is (see `load`). Ready or error: one line on fd 3.
// Why a program of our own and not unshare/nsenter/setpriv: measured here, a pod by those tools takes 76 ms and loses signal exits;
// a Node process per container would cost 40 MB, this one 100 kB.
#include "sys.h"

#define MAX 512
static char blob[1 << 20], *args[MAX + 1], *envs[4 * MAX + 1], *groups[64], *cgroups[16], *sysctls[64];
static struct { char *src, *dst, *opt; i64 fd; } mounts[MAX];
static int nargs, nenvs, ngroups, ncgroups, nsysctls, nmounts;
static char *dir = ".", *overlay, *cwd = "", *user = "", *hostname = "", *flags = "", *bpf, *oomfile, *adj, *cgview[16];
static int ncgview;
static i64 uid = -1, gid = -1, nspid, logmax = 10 << 20, logfiles = 5;
static u64 caps;
static int errfd = 3;
static char tmp[8192];

static int has(char c) { for (char *p = flags; *p; p++) if (*p == c) return 1; return 0; }
static void die(const char *f, const char *a, i64 e) {
  char m[2048]; char *p = put(m, m + sizeof m, f, a);
  if (e) {
    const char *w = e == -2 ? "no such file or directory" : e == -13 ? "permission denied" : e == -1 ? "operation not permitted" : e == -20 ? "not a directory" : e == -21 ? "is a directory" : e == -8 ? "exec format error" : e == -28 ? "no space left on device" : e == -16 ? "device or resource busy" : e == -22 ? "invalid argument" : e == -30 ? "read-only file system" : 0;
    p = w ? put(p, m + sizeof m, ": %s", w) : put(p, m + sizeof m, ": errno %d", -e);
  }
  all(errfd, m, (u64)(p - m)); SC(exit_group, 125);
}
static void must(i64 r, const char *what, const char *on) { if (r < 0) { char m[1024]; put(m, m + 1024, "%s %s", what, on); die("%s", m, r); } }

static void load(const char *path) {
  i64 n = slurp(path, blob, sizeof blob); must(n, "read", path);
  for (char *p = blob; p < blob + n; p += len(p) + 1) {
    char *v = p + 1;
    switch (*p) {
      case 'a': if (nargs < MAX) args[nargs++] = v; break;
      case 'e': if (nenvs < 4 * MAX) envs[nenvs++] = v; break;
      case 'd': dir = v; break;
      case 'R': overlay = v; break;
      case 'w': cwd = v; break;
      case 'u': user = v; break;
      case 'U': uid = num(v); break;
      case 'g': gid = num(v); break;
      case 'G': if (ngroups < 64) groups[ngroups++] = v; break;
      case 'c': caps = hex(v); break;
      case 'f': flags = v; break;
      case 'H': hostname = v; break;
      case 'N': nspid = num(v); break;
      case 'k': if (ncgroups < 16) cgroups[ncgroups++] = v; break;
      case 'K': if (ncgview < 16) cgview[ncgview++] = v; break;
      case 'O': oomfile = v; break;
      case 'S': bpf = v; break;
      case 'q': if (nsysctls < 64) sysctls[nsysctls++] = v; break;
      case 'j': adj = v; break;
      case 'L': logmax = num(v); break;
      case 'F': logfiles = num(v); break;
      case 'm': mounts[nmounts].src = v; break;
      case 'M': mounts[nmounts].dst = v; break;
      case 'o': mounts[nmounts].opt = v; if (nmounts < MAX - 1) nmounts++; break;
    }
  }
}
static void private_fd3(void) { SC(fcntl, 3, 2, 1); } // close on exec
static i64 now(struct timespec *t) { SC(clock_gettime, 0, t); return t->s * 1000 + t->ns / 1000000; }
static i64 fork_(u64 ns) { return SC(clone, ns | SIGCHLD, 0, 0, 0, 0); }
static i64 enter(i64 pid, const char *kind) { put(tmp, tmp + 256, "/proc/%d/ns/%s", pid, kind); return SC(openat, AT_FDCWD, tmp, O_RDONLY | O_CLOEXEC); }
static void join(i64 pid) { // puts a process into the configured cgroups
  char t[24]; put(t, t + 24, "%d", pid);
  for (int i = 0; i < ncgroups; i++) { put(tmp, tmp + 4096, "%s/cgroup.procs", cgroups[i]); must(spit(tmp, t), "join cgroup", cgroups[i]); }
}
static void kill_cgroup(void) { // orphans of a container in a shared PID namespace outlive its first process
  if (!ncgroups) return;
  put(tmp, tmp + 4096, "%s/cgroup.procs", cgroups[0]);
  for (int round = 0; round < 20; round++) {
    char *b = tmp + 4096; if (slurp(tmp, b, 4096) <= 0) return;
    for (char *p = b; *p; ) { i64 q = num(p); if (q > 0) SC(kill, q, SIGKILL); while (*p && *p++ != '\n'); }
    struct timespec t = {0, 2000000}; SC(nanosleep, &t, 0);
  }
}

// ---- who -------------------------------------------------------------------------------------
static char pw[65536];
static i64 gids[128]; static int ngids;
static char *field(char *line, int n, char *out) { // the n-th `:` field of a line
  while (n && *line && *line != '\n') if (*line++ == ':') n--;
  int i = 0; while (*line && *line != ':' && *line != '\n' && i < 255) out[i++] = *line++;
  out[i] = 0; return out;
}
static char *next(char *p) { while (*p && *p != '\n') p++; return *p ? p + 1 : p; }
static int digits(const char *s) { if (!*s) return 0; for (; *s; s++) if (*s < '0' || *s > '9') return 0; return 1; }
static void who(void) {
  char name[256], group[256] = "", f[256], home[256] = "/", login[256] = ""; int i = 0, j = 0; i64 pgid = 0;
  while (user[i] && user[i] != ':' && i < 255) { name[i] = user[i]; i++; } name[i] = 0;
  if (user[i] == ':') { while (user[++i] && j < 255) group[j++] = user[i]; }
  group[j] = 0;
  int byname = uid < 0 && *name && !digits(name), found = 0;
  if (uid < 0 && !byname) uid = *name ? num(name) : 0;
  if (slurp("/etc/passwd", pw, sizeof pw) > 0) for (char *p = pw; *p; p = next(p))
    if (byname ? same(field(p, 0, f), name) : digits(field(p, 2, f)) && num(f) == uid) { found = 1; field(p, 0, login); uid = num(field(p, 2, f)); pgid = num(field(p, 3, f)); field(p, 5, home); break; }
  if (byname && !found) die("unable to find user %s: no matching entries in passwd file", name, 0);
  int bygroup = gid < 0 && *group && !digits(group), gfound = 0;
  if (gid < 0 && *group && !bygroup) gid = num(group);
  if (slurp("/etc/group", pw, sizeof pw) > 0) for (char *p = pw; *p; p = next(p)) {
    field(p, 0, f); if (bygroup && same(f, group)) { gid = num(field(p, 2, f)); gfound = 1; }
    if (*login && ngids < 60 && !has('g')) { // the groups that name this user
      char m[1024]; int k = 0; char *q = p, c = 0; while (*q && *q != '\n' && c < 3) if (*q++ == ':') c++;
      for (;; q++) { if (!*q || *q == ',' || *q == '\n') { m[k] = 0; if (k && same(m, login)) { gids[ngids++] = num(field(p, 2, f)); } k = 0; if (!*q || *q == '\n') break; } else if (k < 1023) m[k++] = *q; }
    }
  }
  if (bygroup && !gfound) die("unable to find group %s: no matching entries in group file", group, 0);
  if (gid < 0) gid = pgid;
  for (int g = 0; g < ngroups; g++) gids[ngids++] = num(groups[g]);
  for (int e = 0; e < nenvs; e++) if (starts(envs[e], "HOME=")) return;
  static char h[300]; put(h, h + 300, "HOME=%s", *home ? home : "/"); envs[nenvs++] = h;
}
struct caph { u32 version; int pid; }; struct capd { u32 e, p, i; };
static void become(void) {
  u32 list[128]; for (int i = 0; i < ngids; i++) list[i] = (u32)gids[i];
  for (u64 c = 0; c < 64; c++) if (!(caps >> c & 1)) SC(prctl, 24, c, 0, 0, 0); // PR_CAPBSET_DROP
  must(SC(setgroups, ngids, list), "set groups", "");
  must(SC(setresgid, gid, gid, gid), "set group", ""); must(SC(setresuid, uid, uid, uid), "set user", "");
  struct caph h = {0x20080522, 0}; u64 keep = uid ? 0 : caps; struct capd d[2] = {{(u32)keep, (u32)keep, 0}, {(u32)(keep >> 32), (u32)(keep >> 32), 0}};
  must(SC(capset, &h, d), "set capabilities", "");
  if (has('1')) must(SC(prctl, 38, 1, 0, 0, 0), "no new privileges", "");
  SC(prctl, 1, SIGKILL, 0, 0, 0); // dies with its launcher: nobody could report its end
}
static u64 program[512];
static struct { u16 n; u64 *p; } filter = {0, program};
static void launch(void) { // never returns
  char *path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", full[4096];
  for (int e = 0; e < nenvs; e++) if (starts(envs[e], "PATH=")) path = envs[e] + 5;
  if (!nargs) die("no command specified%s", "", 0);
  u64 none = 0; SC(rt_sigprocmask, 2, &none, 0, 8);
  become();
  if (filter.n) must(SC(seccomp, 1, 0, &filter), "seccomp", "");
  i64 r = -ENOENT; int slash = 0; for (char *p = args[0]; *p; p++) slash |= *p == '/';
  if (slash) { r = SC(execve, args[0], args, envs); die("exec: \"%s\"", args[0], r); }
  for (char *p = path; *p; ) {
    int i = 0; while (*p && *p != ':' && i < 4000) full[i++] = *p++; if (*p) p++;
    put(full + i, full + 4096, "/%s", args[0]);
    i64 e = SC(execve, full, args, envs); if (e != -ENOENT && e != -20) r = e;
  }
  if (r == -ENOENT) die("exec: \"%s\": executable file not found in $PATH", args[0], 0);
  die("exec: \"%s\"", args[0], r);
}

// ---- file systems ----------------------------------------------------------------------------
static void target(char *dst, int isdir) { // makes a mount point inside the container's root
  if (isdir) { mkdirs(dst); return; }
  char *cut = dst; for (char *p = dst; *p; p++) if (*p == '/') cut = p;
  if (cut != dst) { *cut = 0; mkdirs(dst); *cut = '/'; }
  i64 fd = SC(openat, AT_FDCWD, dst, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644); if (fd >= 0) SC(close, fd);
}
static int is_dir(i64 fd, const char *p, int fl) { struct statx s; return SC(statx, fd, p, fl, 1, &s) == 0 && (s.stx_mode & 0170000) == 0040000; }
static void dev(const char *name, u32 major, u32 minor, u32 mode) { put(tmp, tmp + 64, "/dev/%s", name); SC(mknodat, AT_FDCWD, tmp, 0020000 | mode, (major << 8) | minor); }
static void hide(char *p) { if (is_dir(AT_FDCWD, p, 0)) SC(mount, "tmpfs", p, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0k"); else SC(mount, "/dev/null", p, 0, MS_BIND, 0); }
static void freeze(char *p) { if (SC(mount, p, p, 0, MS_BIND | MS_REC, 0) == 0) SC(mount, 0, p, 0, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0); }
static void root(void) {
  char shm[4096], oldp[4096]; i64 shmfd, cgfd[16], nullfd; int priv = has('V');
  for (int i = 0; i < nmounts; i++) if (*mounts[i].src) { // sources are taken before the root changes, targets resolved after: no link of an image leads out
    mounts[i].fd = SC(open_tree, AT_FDCWD, mounts[i].src, 1 | O_CLOEXEC | 0x8000 /* clone, recursive */); must(mounts[i].fd, "mount", mounts[i].src);
  }
  must(SC(mount, 0, "/", 0, MS_REC | MS_PRIVATE, 0), "mount propagation", "/"); // what was taken stays a peer of the machine's own mounts until it is said otherwise
  put(shm, shm + 4096, "%s/../../shm", dir); shmfd = SC(open_tree, AT_FDCWD, has('i') ? "/dev/shm" : shm, 1 | O_CLOEXEC);
  for (int i = 0; i < ncgview; i += 2) cgfd[i] = SC(open_tree, AT_FDCWD, cgview[i], 1 | O_CLOEXEC);
  put(oldp, oldp + 4096, "%s/rootfs", dir); must(SC(mount, "overlay", oldp, "overlay", 0, overlay), "mount overlay", oldp);
  must(SC(chdir, oldp), "enter", oldp);
  static char *std[] = {"proc", "dev", "sys", "etc", 0}; for (int i = 0; std[i]; i++) SC(mkdirat, AT_FDCWD, std[i], 0755);
  must(SC(mount, "proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0), "mount", "/proc");
  must(SC(mount, "tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=65536k"), "mount", "/dev");
  i64 r = SC(mount, "sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | (priv ? 0 : MS_RDONLY), 0);
  must(r, "mount", "/sys");
  SC(mkdirat, AT_FDCWD, "dev/pts", 0755); SC(mkdirat, AT_FDCWD, "dev/shm", 01777); SC(mkdirat, AT_FDCWD, "dev/mqueue", 0755);
  must(SC(mount, "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"), "mount", "/dev/pts");
  SC(mount, "mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  if (shmfd >= 0) must(SC(move_mount, shmfd, "", AT_FDCWD, "dev/shm", 4), "mount", "/dev/shm");
  if (!SC(mount, "tmpfs", "sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755")) {
    for (int i = 0; i < ncgview; i += 2) if (cgfd[i] >= 0) { // pairs: directory, name
      put(tmp, tmp + 256, "sys/fs/cgroup/%s", cgview[i + 1]); if (*cgview[i + 1]) SC(mkdirat, AT_FDCWD, tmp, 0755);
      if (!SC(move_mount, cgfd[i], "", AT_FDCWD, tmp, 4) && !priv) SC(mount, 0, tmp, 0, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
    }
    if (!priv) SC(mount, 0, "sys/fs/cgroup", 0, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, 0);
  }
  must(SC(pivot_root, ".", "."), "pivot_root", oldp); must(SC(umount2, ".", MNT_DETACH), "leave", "the old root"); must(SC(chdir, "/"), "enter", "/");
  SC(umask, 0);
  dev("null", 1, 3, 0666); dev("zero", 1, 5, 0666); dev("full", 1, 7, 0666); dev("random", 1, 8, 0666); dev("urandom", 1, 9, 0666); dev("tty", 5, 0, 0666);
  if (priv) { dev("kmsg", 1, 11, 0644); dev("fuse", 10, 229, 0666); }
  SC(symlinkat, "pts/ptmx", AT_FDCWD, "/dev/ptmx"); SC(symlinkat, "/proc/self/fd", AT_FDCWD, "/dev/fd"); SC(symlinkat, "/proc/self/fd/0", AT_FDCWD, "/dev/stdin");
  SC(symlinkat, "/proc/self/fd/1", AT_FDCWD, "/dev/stdout"); SC(symlinkat, "/proc/self/fd/2", AT_FDCWD, "/dev/stderr"); SC(symlinkat, "/proc/kcore", AT_FDCWD, "/dev/core");
  SC(umask, 022);
  nullfd = SC(openat, AT_FDCWD, "/dev/null", O_RDWR); if (nullfd != 0) { SC(dup3, nullfd, 0, 0); SC(close, nullfd); }
  for (int i = 0; i < nmounts; i++) {
    char *d = mounts[i].dst, *o = mounts[i].opt; int ro = 0, deep = 0; u64 spread = MS_PRIVATE;
    for (char *p = o; *p && *p != ','; p++) { ro |= *p == 'r'; deep |= *p == 'R'; if (*p == 'l') spread = MS_SLAVE; if (*p == 's') spread = MS_SHARED; }
    if (!*mounts[i].src) { // a tmpfs; its size follows the letters
      char *size = o; while (*size && *size != ',') size++;
      target(d, 1); must(SC(mount, "tmpfs", d, "tmpfs", MS_NOSUID | MS_NODEV | (ro ? MS_RDONLY : 0), *size ? size + 1 : ""), "mount tmpfs", d); continue;
    }
    target(d, is_dir(mounts[i].fd, "", 0x1000));
    must(SC(move_mount, mounts[i].fd, "", AT_FDCWD, d, 4), "mount", d); SC(close, mounts[i].fd);
    must(SC(mount, 0, d, 0, spread | MS_REC, 0), "mount propagation", d);
    if (ro) { struct { u64 set, clr, prop, ns; } a = {1, 0, 0, 0}; must(SC(mount_setattr, AT_FDCWD, d, deep ? 0x8000 : 0, &a, sizeof a), "make read-only", d); }
  }
  if (!priv) {
    static char *gone[] = {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", 0};
    static char *fixed[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", 0};
    for (int i = 0; gone[i]; i++) if (SC(faccessat, AT_FDCWD, gone[i], 0) == 0) hide(gone[i]);
    for (int i = 0; fixed[i]; i++) freeze(fixed[i]);
  }
  if (*cwd) { put(tmp, tmp + 4096, "%s", cwd); mkdirs(tmp); }
  if (has('r')) must(SC(mount, 0, "/", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0), "make read-only", "/");
}

// ---- frames: type, 4 bytes of big-endian length, payload ------------------------------------------
enum { IN = 0, OUT = 1, ERR = 2, SIZE = 3, END = 4, EXIT = 5, SIGNAL = 6, SUBSCRIBE = 7 };
struct peer { int fd, subscribed; u32 have; u8 buf[65536 + 5]; };
static int frame(int fd, u8 type, const void *p, u32 n) { u8 h[5] = {type, (u8)(n >> 24), (u8)(n >> 16), (u8)(n >> 8), (u8)n}; return all(fd, h, 5) || (n && all(fd, p, n)) ? -1 : 0; }
static int infd = -1, master = -1; static i64 child; static int stop_in;
static void resize(const u8 *p) { u16 w[4] = {(u16)(p[2] << 8 | p[3]), (u16)(p[0] << 8 | p[1]), 0, 0}; if (master >= 0) SC(ioctl, master, 0x5414, w); }
static u8 pend[1 << 20]; static u32 npend; static int pend_end; // input the program has not taken yet
static void feed(void) {
  int to = master >= 0 ? master : infd; u32 at = 0;
  while (to >= 0 && at < npend) { i64 w = SC(write, to, pend + at, npend - at); if (w == -EAGAIN) break; if (w <= 0) { npend = at = 0; break; } at += (u32)w; }
  memmove(pend, pend + at, npend - at); npend -= at;
  if (pend_end && !npend) { pend_end = 0; if (master >= 0) { u8 eot = 4; SC(write, master, &eot, 1); } else if (infd >= 0) { SC(close, infd); infd = -1; } }
}
static int room(void) { return npend < sizeof pend - 70000; }
// Reads what a peer sent and acts on whole frames; 0 when it has gone.
static int hear(struct peer *p) {
  i64 n = SC(read, p->fd, p->buf + p->have, sizeof p->buf - p->have);
  if (n == -EINTR || n == -EAGAIN) return 1;
  if (n <= 0) return 0;
  p->have += (u32)n;
  for (;;) {
    if (p->have < 5) return 1;
    u32 size = (u32)p->buf[1] << 24 | (u32)p->buf[2] << 16 | (u32)p->buf[3] << 8 | p->buf[4];
    if (size > 65536) return 0;
    if (p->have < size + 5) return 1;
    u8 *d = p->buf + 5;
    switch (p->buf[0]) {
      case IN: if (npend + size <= sizeof pend && !stop_in) { memcpy(pend + npend, d, size); npend += size; } feed(); break;
      case END: if (!stop_in) { pend_end = 1; feed(); } break;
      case SIZE: if (size == 4) resize(d); break;
      case SIGNAL: if (size == 1 && child > 0) SC(kill, child, d[0]); break;
      case SUBSCRIBE: p->subscribed = 1; break;
    }
    p->have -= size + 5; memmove(p->buf, d + size, p->have);
  }
}

// ---- log -------------------------------------------------------------------------------------
static int logfd = -1; static i64 logsize; static char line[2][16384]; static u32 nline[2];
static void two(char *p, i64 v) { p[0] = (char)('0' + v / 10 % 10); p[1] = (char)('0' + v % 10); }
static void stamp(char *o) { // 2006-01-02T15:04:05.000000000Z, 30 bytes
  struct timespec t; now(&t); i64 z = t.s / 86400 + 719468, era = z / 146097, doe = z - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  i64 doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9, y = yoe + era * 400 + (m <= 2), s = t.s % 86400;
  two(o, y / 100); two(o + 2, y % 100); o[4] = '-'; two(o + 5, m); o[7] = '-'; two(o + 8, d); o[10] = 'T'; two(o + 11, s / 3600); o[13] = ':'; two(o + 14, s / 60 % 60); o[16] = ':'; two(o + 17, s % 60); o[19] = '.';
  i64 ns = t.ns; for (int i = 8; i >= 0; i--, ns /= 10) o[20 + i] = (char)('0' + ns % 10); o[29] = 'Z';
}
static void open_log(void) { put(tmp, tmp + 4096, "%s/log", dir); logfd = (int)SC(openat, AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); logsize = logfd < 0 ? 0 : SC(lseek, logfd, 0, 2); }
static void rotate(void) {
  char a[4096], b[4096]; SC(close, logfd);
  for (i64 i = logfiles - 1; i > 0; i--) { if (i > 1) put(a, a + 4096, "%s/log.%d", dir, i - 1); else put(a, a + 4096, "%s/log", dir); put(b, b + 4096, "%s/log.%d", dir, i); SC(renameat2, AT_FDCWD, a, AT_FDCWD, b, 0); }
  if (logfiles <= 1) { put(a, a + 4096, "%s/log", dir); SC(unlinkat, AT_FDCWD, a, 0); }
  open_log();
}
static void entry_(int s, int whole) {
  char h[48]; stamp(h); memcpy(h + 30, s ? " stderr " : " stdout ", 8); h[38] = whole ? 'F' : 'P'; h[39] = ' ';
  static char o[16384 + 64]; memcpy(o, h, 40); memcpy(o + 40, line[s], nline[s]); o[40 + nline[s]] = '\n';
  if (logfd >= 0) { if (logsize > 0 && logsize + nline[s] + 41 > logmax) rotate(); all(logfd, o, nline[s] + 41); logsize += nline[s] + 41; }
  nline[s] = 0;
}
static void record(int s, const u8 *p, u32 n) { for (u32 i = 0; i < n; i++) { if (p[i] == '\n') entry_(s, 1); else { if (nline[s] == sizeof line[s]) entry_(s, 0); line[s][nline[s]++] = (char)p[i]; } } }

// ---- run and exec ----------------------------------------------------------------------------
static i64 oom_count(void) {
  char b[4096]; if (!oomfile || slurp(oomfile, b, 4096) <= 0) return 0;
  for (char *p = b; *p; p = next(p)) if (starts(p, "oom_kill ")) return num(p + 9);
  return 0;
}
static void stdio(int in, int out, int err) { SC(dup3, in, 0, 0); SC(dup3, out, 1, 0); SC(dup3, err, 2, 0); }
static void terminal(int m) { // in the child: a new session with the slave as its terminal
  int unlock = 0; u32 n = 0; SC(ioctl, m, 0x40045431, &unlock); SC(ioctl, m, 0x80045430, &n);
  put(tmp, tmp + 64, "/dev/pts/%d", (i64)n); i64 s = SC(openat, AT_FDCWD, tmp, O_RDWR | O_CLOEXEC | 0400 /* no ctty yet */); must(s, "open", tmp);
  SC(fchownat, AT_FDCWD, tmp, uid, 5, 0); SC(setsid); SC(ioctl, s, 0x540E, 0); stdio((int)s, (int)s, (int)s);
}
static void load_filter(void) { if (bpf) { i64 n = slurp(bpf, (char *)program, sizeof program ); must(n, "read", bpf); filter.n = (u16)(n / 8); } }
static int status_code(int st, int *sig) { *sig = st & 127; return *sig ? 128 + *sig : st >> 8 & 255; }
static void nb(int fd) { i64 f = SC(fcntl, fd, 3, 0); SC(fcntl, fd, 4, f | O_NONBLOCK); }
static struct peer peers[64]; static int npeers;
static void drop(int i) { SC(close, peers[i].fd); if (i != --npeers) peers[i] = peers[npeers]; }
static void tell(u8 type, const void *p, u32 n, int everyone) { for (int i = npeers - 1; i >= 0; i--) if ((everyone || peers[i].subscribed) && frame(peers[i].fd, type, p, n)) drop(i); }
static int pidfd_take(i64 pid, int fd) { i64 p = SC(pidfd_open, pid, 0); if (p < 0) return (int)p; i64 r = SC(pidfd_getfd, p, fd, 0); SC(close, p); return (int)r; }

static int sigfd(void) { u64 set = 1ul << (SIGCHLD - 1) | 1ul << (SIGPIPE - 1); SC(rt_sigprocmask, 0, &set, 0, 8); u64 only = 1ul << (SIGCHLD - 1); return (int)SC(signalfd4, -1, &only, 8, O_CLOEXEC | O_NONBLOCK); }
#define INIT_FD 100
static void run(int is_exec) {
  int ip[2] = {-1, -1}, op[2], ep[2], go[2], fail[2], tty = has('t'), out = -1, err = -1, lis = -1, sig = 0; i64 ns[6]; char *kinds[] = {"ipc", "uts", "net", "pid", "cgroup", "mnt"};
  int sfd = sigfd(); i64 ooms = oom_count(); u8 msg[2048];
  load_filter();
  SC(pipe2, op, O_CLOEXEC); SC(pipe2, ep, O_CLOEXEC); SC(pipe2, go, O_CLOEXEC); SC(pipe2, fail, O_CLOEXEC);
  if (has('I') || is_exec) SC(pipe2, ip, O_CLOEXEC);
  if (is_exec) {
    for (int i = 0; i < 6; i++) { ns[i] = enter(nspid, kinds[i]); if (i != 4) must(ns[i], "container is not running, enter namespace", kinds[i]); }
    join(SC(getpid));
    for (int i = 0; i < 6; i++) if (ns[i] >= 0) must(SC(setns, ns[i], 0), "enter namespace", kinds[i]);
    if (tty) { master = (int)SC(openat, AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY); must(master, "open", "/dev/ptmx"); }
  } else {
    if (has('P')) { i64 f = SC(openat, AT_FDCWD, (put(tmp, tmp + 128, "/proc/%d/ns/pid_for_children", nspid), tmp), O_RDONLY | O_CLOEXEC); must(f, "enter namespace", "pid"); must(SC(setns, f, 0), "enter namespace", "pid"); }
    else if (!has('p')) must(SC(unshare, CLONE_NEWPID), "new namespace", "pid");
  }
  child = fork_(0); must(child, "fork", "");
  if (child == 0) {
    u8 c; errfd = fail[1]; SC(close, fail[0]); SC(close, go[1]); SC(read, go[0], &c, 1);
    if (is_exec) { who(); }
    else {
      for (int i = 0; i < 3; i++) { if ((i == 2 && has('n')) || (i == 1 && has('n')) || (i == 0 && has('i'))) continue; i64 f = enter(nspid, kinds[i]); must(f, "enter namespace", kinds[i]); must(SC(setns, f, 0), "enter namespace", kinds[i]); SC(close, f); }
      must(SC(unshare, CLONE_NEWNS), "new namespace", "mnt"); SC(unshare, CLONE_NEWCGROUP);
      root(); who();
      if (tty) { i64 m = SC(openat, AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY); must(m, "open", "/dev/ptmx"); SC(dup3, m, INIT_FD, O_CLOEXEC); SC(close, m); SC(write, fail[1], "", 1); SC(read, go[0], &c, 1); }
    }
    struct { u64 cur, max; } lim; if (!SC(prlimit64, 0, 7, 0, &lim)) { lim.cur = lim.max; SC(prlimit64, 0, 7, &lim, 0); }
    if (adj) spit("/proc/self/oom_score_adj", adj);
    if (*cwd) must(SC(chdir, cwd), "chdir to cwd", cwd); else SC(chdir, "/");
    if (tty) terminal(is_exec ? master : INIT_FD);
    else { SC(setsid); stdio(ip[0] >= 0 ? ip[0] : 0, op[1], ep[1]); SC(fchown, 1, uid, gid); SC(fchown, 2, uid, gid); if (ip[0] >= 0) SC(fchown, 0, uid, gid); }
    launch();
  }
  SC(close, go[0]); SC(close, fail[1]); SC(close, op[1]); SC(close, ep[1]); if (ip[0] >= 0) { SC(close, ip[0]); infd = ip[1]; nb(infd); }
  if (!is_exec) join(child);
  SC(write, go[1], "x", 1);
  i64 n = SC(read, fail[0], msg, sizeof msg - 1);
  if (!is_exec && tty && n == 1 && msg[0] == 0) { master = pidfd_take(child, INIT_FD); SC(write, go[1], "x", 1); n = SC(read, fail[0], msg, sizeof msg - 1); }
  if (n > 0) { int st; SC(wait4, child, &st, 0, 0); msg[n] = 0; if (is_exec) { frame(1, ERR, msg, (u32)n); u8 e[3] = {126, 0, 0}; for (char *p = (char *)msg; *p; p++) if (starts(p, "not found") || starts(p, "no such file")) e[0] = 127; frame(1, EXIT, e, 3); SC(exit_group, 0); } all(3, msg, (u64)n); SC(exit_group, 1); }
  if (tty && master >= 0) { SC(close, op[0]); SC(close, ep[0]); if (infd >= 0) { SC(close, infd); infd = -1; } out = master; nb(master); } else { out = op[0]; err = ep[0]; }
  if (is_exec) { npeers = 1; peers[0].fd = 0; peers[0].subscribed = 0; }
  else {
    struct { u16 family; char path[108]; } a = {1, "ctl"}; SC(chdir, dir); SC(unlinkat, AT_FDCWD, "ctl", 0);
    lis = (int)SC(socket, 1, 1 | O_CLOEXEC | O_NONBLOCK, 0); must(SC(bind, lis, &a, 6), "bind", "ctl"); SC(listen, lis, 64); open_log();
    char b[64]; put(b, b + 64, "%d\n", child); i64 f = SC(openat, AT_FDCWD, "pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); if (f >= 0) { all((int)f, b, len(b)); SC(close, f); }
    all(3, "ok\n", 3); SC(close, 3);
  }
  static u8 data[65536]; int done = 0, st = 0, gone = 0; struct timespec grace = {0, 200000000};
  while (!done || out >= 0 || err >= 0) {
    struct pollfd p[70]; int k = 0, base;
    p[k++] = (struct pollfd){sfd, POLLIN, 0}; p[k++] = (struct pollfd){out, POLLIN, 0}; p[k++] = (struct pollfd){err, POLLIN, 0}; p[k++] = (struct pollfd){npend ? (master >= 0 ? master : infd) : -1, 4, 0}; p[k++] = (struct pollfd){lis, POLLIN, 0};
    base = k; int np = npeers; for (int i = 0; i < np; i++) p[k++] = (struct pollfd){peers[i].fd, room() ? POLLIN : 0, 0};
    // After its first process has ended, leftovers may hold the pipes open: what is in them is taken, then we go.
    i64 r = SC(ppoll, p, k, done ? &grace : 0, 0, 8);
    if (r == 0 && done) break;
    if (r < 0) continue;
    if (p[0].revents) { SC(read, sfd, data, 128); int s; i64 w; while ((w = SC(wait4, -1, &s, 1, 0)) > 0) if (w == child) { st = s; done = 1; if (!is_exec) kill_cgroup(); } }
    for (int s = 0; s < 2; s++) { int *fd = s ? &err : &out; if (*fd < 0 || !(p[1 + s].revents)) continue;
      i64 got = SC(read, *fd, data, sizeof data);
      if (got == -EAGAIN || got == -EINTR) continue;
      if (got <= 0) { if (!(s == 0 && master >= 0)) SC(close, *fd); *fd = -1; continue; }
      if (is_exec) { if (frame(1, s ? ERR : OUT, data, (u32)got)) { gone = 1; } } else { record(s, data, (u32)got); tell(s ? ERR : OUT, data, (u32)got, 0); } }
    if (p[3].revents) feed();
    for (int i = np - 1; i >= 0; i--) if (p[base + i].revents && !hear(&peers[i])) { if (is_exec) { gone = 1; npeers = 0; } else { int once = peers[i].subscribed && has('o'); drop(i); if (once) { pend_end = 1; feed(); stop_in = 1; } } }
    if (p[4].revents) { i64 c = SC(accept4, lis, 0, 0, O_CLOEXEC); if (c >= 0) { if (npeers == 64) SC(close, c); else { struct timespec t = {2, 0}; SC(setsockopt, c, 1, 21, &t, 16); peers[npeers].fd = (int)c; peers[npeers].subscribed = 0; peers[npeers++].have = 0; } } }
    if (gone && !done) { SC(kill, child, SIGKILL); gone = 0; }
  }
  int code = status_code(st, &sig); u8 e[3] = {(u8)code, (u8)sig, oom_count() > ooms};
  if (is_exec) { frame(1, EXIT, e, 3); SC(exit_group, 0); }
  for (int s = 0; s < 2; s++) if (nline[s]) entry_(s, 0);
  struct timespec t; char b[128]; put(b, b + 128, "%d %d %d %d\n", (i64)e[0], (i64)e[1], (i64)e[2], now(&t));
  i64 f = SC(openat, AT_FDCWD, "exit.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); if (f >= 0) { all((int)f, b, len(b)); SC(close, f); SC(renameat2, AT_FDCWD, "exit.new", AT_FDCWD, "exit", 0); }
  tell(EXIT, e, 3, 1); SC(exit_group, 0);
}

// ---- pod -------------------------------------------------------------------------------------
static void pod(void) {
  sigfd(); join(SC(getpid));
  must(SC(unshare, (has('n') ? 0 : CLONE_NEWNET | CLONE_NEWUTS) | (has('i') ? 0 : CLONE_NEWIPC)), "new namespaces", "");
  if (!has('n')) must(SC(sethostname, hostname, len(hostname)), "set hostname", hostname);
  for (int i = 0; i + 1 < nsysctls; i += 2) must(spit(sysctls[i], sysctls[i + 1]), "set sysctl", sysctls[i]);
  if (has('P')) {
    must(SC(unshare, CLONE_NEWPID), "new namespace", "pid");
    child = fork_(0); must(child, "fork", "");
    if (child == 0) { SC(prctl, 1, SIGKILL, 0, 0, 0); struct { void *h; u64 f; void *r; u64 m; } ign = {(void *)1, 2, 0, 0}; SC(rt_sigaction, SIGCHLD, &ign, 0, 8); for (int i = 0; i < 4; i++) SC(close, i); for (;;) SC(ppoll, 0, 0, 0, 0, 8); }
  }
  struct { u16 family; char path[108]; } a = {1, "ctl"}; SC(chdir, dir); SC(unlinkat, AT_FDCWD, "ctl", 0);
  i64 lis = SC(socket, 1, 1 | O_CLOEXEC, 0); must(SC(bind, lis, &a, 6), "bind", "ctl"); SC(listen, lis, 64);
  if (!has('i')) { SC(mkdirat, AT_FDCWD, "shm", 01777); must(SC(mount, "shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k"), "mount", "shm"); }
  char b[64]; put(b, b + 64, "%d\n", SC(getpid)); i64 f = SC(openat, AT_FDCWD, "pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600); if (f >= 0) { all((int)f, b, len(b)); SC(close, f); }
  all(3, "ok\n", 3); SC(close, 3);
  for (;;) SC(accept4, lis, 0, 0, O_CLOEXEC); // each connection is a watch: it ends with us
}

// ---- network ---------------------------------------------------------------------------------
static u32 ipv4(const char *s) { u8 o[4] = {0}; for (int i = 0; i < 4; i++) { o[i] = (u8)num(s); while (*s && *s++ != '.'); } u32 v; memcpy(&v, o, 4); return v; }
struct sin { u16 family, port; u32 addr; u8 z[8]; };
struct ifreq { char name[16]; union { struct sin a; short fl; u8 pad[24]; } u; };
static void net(char **v) {
  i64 f = enter(num(v[0]), "net"); must(f, "enter namespace", "net"); must(SC(setns, f, 0), "enter namespace", "net");
  i64 s = SC(socket, 2, 2, 0); struct ifreq r; memset(&r, 0, sizeof r); memcpy(r.name, "lo", 3); r.u.fl = 1 | 64; must(SC(ioctl, s, 0x8914, &r), "up", "lo");
  if (!v[1]) SC(exit_group, 0);
  memset(&r, 0, sizeof r); memcpy(r.name, "eth0", 5); r.u.a.family = 2; r.u.a.addr = ipv4(v[1]); must(SC(ioctl, s, 0x8916, &r), "address", v[1]);
  u32 m = (u32)(0xffffffff00000000ul >> num(v[2])); m = __builtin_bswap32(m); r.u.a.addr = m; must(SC(ioctl, s, 0x891c, &r), "netmask", v[2]);
  memset(&r, 0, sizeof r); memcpy(r.name, "eth0", 5); r.u.fl = 1 | 64; must(SC(ioctl, s, 0x8914, &r), "up", "eth0");
  struct { u64 p1; struct sin dst, gw, mask; u16 fl; short p2; u64 p3; void *p4; short metric; char *dev; u64 mtu, win; u16 irtt; } rt; memset(&rt, 0, sizeof rt);
  rt.dst.family = rt.gw.family = rt.mask.family = 2; rt.gw.addr = ipv4(v[3]); rt.fl = 3; must(SC(ioctl, s, 0x890B, &rt), "route", v[3]);
}
static void dial(char **v) {
  i64 f = enter(num(v[0]), "net"); must(f, "enter namespace", "net"); must(SC(setns, f, 0), "enter namespace", "net");
  i64 s = SC(socket, 2, 1 | O_CLOEXEC, 0), port = num(v[1]); u16 np = (u16)(port << 8 | port >> 8); struct sin a = {2, np, ipv4("127.0.0.1"), {0}};
  i64 r = SC(connect, s, &a, 16);
  if (r < 0) { struct { u16 family, port; u32 flow; u8 addr[16]; u32 scope; } b = {10, np, 0, {[15] = 1}, 0}; SC(close, s); s = SC(socket, 10, 1 | O_CLOEXEC, 0); if (s < 0 || SC(connect, s, &b, 28) < 0) { all(3, r == -111 ? "refused" : "failed", r == -111 ? 7 : 6); SC(exit_group, 1); } }
  all(3, "ok\n", 3); SC(close, 3);
  static u8 d[65536]; int in = 0, back = 1;
  while (back) {
    struct pollfd p[2] = {{in, POLLIN, 0}, {(int)s, POLLIN, 0}}; if (SC(ppoll, p, 2, 0, 0, 8) < 0) continue;
    if (p[0].revents) { i64 n = SC(read, 0, d, sizeof d); if (n <= 0) { SC(shutdown, s, 1); in = -1; } else if (all((int)s, d, (u64)n)) break; }
    if (p[1].revents) { i64 n = SC(read, s, d, sizeof d); if (n <= 0 || all(1, d, (u64)n)) back = 0; }
  }
}

// ---- whiteouts -------------------------------------------------------------------------------
static void whiteouts(i64 at, int depth) {
  u8 *d = (u8 *)blob + depth * 4096; if (depth > 200) return;
  for (int again = 1; again; ) { again = 0; i64 n; SC(lseek, at, 0, 0);
    while ((n = SC(getdents64, at, d, 4096)) > 0) for (i64 i = 0; i < n; i += *(u16 *)(d + i + 16)) {
      char *name = (char *)d + i + 19; u8 type = d[i + 18];
      if (same(name, ".") || same(name, "..")) continue;
      if (same(name, ".wh..wh..opq")) { SC(unlinkat, at, name, 0); SC(fsetxattr, at, "trusted.overlay.opaque", "y", 1, 0); again = 1; }
      else if (starts(name, ".wh.")) { SC(unlinkat, at, name, 0); must(SC(mknodat, at, name + 4, 0020000, 0), "whiteout", name); again = 1; }
      else if (type == 4 && depth < 200 && !again) { i64 f = SC(openat, at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); if (f >= 0) { whiteouts(f, depth + 1); SC(close, f); } }
    }
  }
}

__attribute__((used)) void entry(i64 *sp) {
  char **argv = (char **)(sp + 1); i64 argc = *sp; u64 pipe = 1ul << (SIGPIPE - 1); SC(rt_sigprocmask, 0, &pipe, 0, 8);
  if (argc < 3) SC(exit_group, 2);
  SC(umask, 022); private_fd3();
  if (same(argv[1], "dial")) dial(argv + 2);
  else if (same(argv[1], "net")) { errfd = 2; net(argv + 2); }
  else if (same(argv[1], "whiteouts")) { errfd = 2; i64 f = SC(openat, AT_FDCWD, argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC); must(f, "open", argv[2]); whiteouts(f, 0); }
  else if (same(argv[1], "pod")) { load(argv[2]); pod(); }
  else if (same(argv[1], "run")) { load(argv[2]); run(0); }
  else if (same(argv[1], "exec")) { load(argv[2]); run(1); }
  SC(exit_group, 0);
}
