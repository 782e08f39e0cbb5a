// pause.S for arm64: reap children automatically, exit 0 on SIGTERM/SIGINT, sleep forever otherwise.
.global _start
.text
_start:
    sub sp, sp, #32             // struct kernel_sigaction {handler, flags, restorer, mask}
    stp xzr, xzr, [sp, #16]
    mov x9, #1                  // SIG_IGN
    mov x10, #2                 // SA_NOCLDWAIT
    stp x9, x10, [sp]
    mov x0, #17                 // SIGCHLD
    bl act
    adr x9, bye
    stp x9, xzr, [sp]
    mov x0, #15
    bl act
    mov x0, #2
    bl act
1:  mov x0, #0
    mov x1, #0
    mov x2, #0
    mov x3, #0
    mov x4, #0
    mov x8, #73                 // ppoll
    svc #0
    b 1b
act:
    mov x1, sp
    mov x2, #0
    mov x3, #8
    mov x8, #134                // rt_sigaction
    svc #0
    ret
bye:
    mov x0, #0
    mov x8, #93                 // exit
    svc #0
