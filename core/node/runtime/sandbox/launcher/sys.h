// System calls and the few string functions we need, without a C library: the program is 20 kB and starts in a fraction of a millisecond.
// Only calls that x86-64 and arm64 both have.
#include <linux/sched.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <asm/unistd.h>
#include <stdarg.h>
typedef unsigned char u8; typedef unsigned int u32; typedef unsigned long u64; typedef long i64; typedef unsigned short u16;

#if defined(__x86_64__)
static inline i64 sc6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 r10 __asm__("r10") = d; register i64 r8 __asm__("r8") = e; register i64 r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "+a"(n) : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return n;
}
__asm__(".globl _start\n_start: xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call entry\n");
#elif defined(__aarch64__)
static inline i64 sc6(i64 n, i64 a, i64 b, i64 c, i64 d, i64 e, i64 f) {
  register i64 x8 __asm__("x8") = n; register i64 x0 __asm__("x0") = a; register i64 x1 __asm__("x1") = b; register i64 x2 __asm__("x2") = c;
  register i64 x3 __asm__("x3") = d; register i64 x4 __asm__("x4") = e; register i64 x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x29,#0\n mov x0,sp\n and sp,x0,#-16\n bl entry\n");
#else
#error "no system calls for this machine"
#endif
#define SC(n, ...) SC_(n, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SC_(n, a, b, c, d, e, f, ...) sc6(__NR_##n, (i64)(a), (i64)(b), (i64)(c), (i64)(d), (i64)(e), (i64)(f))

#define ENOENT 2
#define EINTR 4
#define EAGAIN 11
#define EACCES 13
#define EEXIST 17
#define SIGKILL 9
#define SIGPIPE 13
#define SIGCHLD 17
#define MS_RDONLY 1
#define MS_NOSUID 2
#define MS_NODEV 4
#define MS_NOEXEC 8
#define MS_REMOUNT 32
#define MS_BIND 4096
#define MS_REC 16384
#define MS_PRIVATE (1 << 18)
#define MS_SLAVE (1 << 19)
#define MS_SHARED (1 << 20)
#define MNT_DETACH 2
#define POLLIN 1
#define POLLHUP 16
#define POLLERR 8
struct pollfd { int fd; short events, revents; };
struct timespec { i64 s, ns; };

void *memcpy(void *d, const void *s, u64 n) { u8 *a = d; const u8 *b = s; while (n--) *a++ = *b++; return d; }
void *memset(void *d, int c, u64 n) { u8 *a = d; while (n--) *a++ = (u8)c; return d; }
void *memmove(void *d, const void *s, u64 n) { u8 *a = d; const u8 *b = s; if (a < b) while (n--) *a++ = *b++; else while (n--) a[n] = b[n]; return d; }
static u64 len(const char *s) { u64 n = 0; while (s[n]) n++; return n; }
static int same(const char *a, const char *b) { while (*a && *a == *b) a++, b++; return *a == *b; }
static int starts(const char *s, const char *p) { while (*p) if (*s++ != *p++) return 0; return 1; }
static i64 num(const char *s) { i64 v = 0, neg = *s == '-'; if (neg) s++; while (*s >= '0' && *s <= '9') v = v * 10 + *s++ - '0'; return neg ? -v : v; }
static u64 hex(const char *s) { u64 v = 0; for (; *s; s++) v = v * 16 + (u64)(*s <= '9' ? *s - '0' : (*s | 32) - 'a' + 10); return v; }
// put(buffer, end, "format", ...): %s string, %d number. Returns the new end; the result is always terminated.
static char *put(char *to, char *end, const char *f, ...) {
  va_list v; va_start(v, f);
  for (; *f && to < end - 1; f++) {
    if (*f != '%') { *to++ = *f; continue; }
    if (*++f == 's') { const char *s = va_arg(v, const char *); while (*s && to < end - 1) *to++ = *s++; }
    else { i64 n = va_arg(v, i64); char t[24]; int i = 24; int neg = n < 0; if (neg) n = -n; do t[--i] = (char)('0' + n % 10); while (n /= 10); if (neg) t[--i] = '-'; while (i < 24 && to < end - 1) *to++ = t[i++]; }
  }
  *to = 0; va_end(v); return to;
}
static int all(int fd, const void *p, u64 n) {
  const u8 *b = p;
  while (n) { i64 w = SC(write, fd, b, n); if (w == -EINTR) continue; if (w <= 0) return -1; b += w; n -= (u64)w; }
  return 0;
}
static i64 slurp(const char *path, char *to, u64 max) { // reads a file whole, terminated; negative on error
  i64 fd = SC(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), n, at = 0;
  if (fd < 0) return fd;
  while ((u64)at < max - 1 && (n = SC(read, fd, to + at, max - 1 - (u64)at)) > 0) at += n;
  to[at] = 0; SC(close, fd); return at;
}
static int spit(const char *path, const char *text) {
  i64 fd = SC(openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return (int)fd;
  i64 w = SC(write, fd, text, len(text)); SC(close, fd); return w < 0 ? (int)w : 0;
}
static void mkdirs(char *path) { for (char *p = path + 1; *p; p++) if (*p == '/') { *p = 0; SC(mkdirat, AT_FDCWD, path, 0755); *p = '/'; } SC(mkdirat, AT_FDCWD, path, 0755); }
