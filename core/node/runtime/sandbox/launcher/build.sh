#!/usr/bin/env bash
# Compiles the launcher and writes it, compressed, into programs.ts. For whoever changes launcher.c: users need no compiler.
#   build.sh            every architecture a compiler is found for; the others keep the program they had
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
compile() { # ARCH COMPILER
  command -v "$2" >/dev/null || { echo "no $2: $1 keeps its program" >&2; return 0; }
  "$2" -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-pie -no-pie -fno-asynchronous-unwind-tables -fno-builtin \
    -Wall -Wextra -Wno-sign-compare -Wno-unused-result -Wl,--build-id=none -Wl,-z,noseparate-code -Wl,-z,norelro -s -o "$work/$1" launcher.c
  gzip -9n < "$work/$1" | base64 -w0 > "$work/$1.b64"
}
native=$(uname -m)
compile x64 "$([[ $native == x86_64 ]] && echo gcc || echo x86_64-linux-gnu-gcc)"
compile arm64 "$([[ $native == aarch64 ]] && echo gcc || echo aarch64-linux-gnu-gcc)"
{
  echo "// Written by build.sh from launcher.c and sys.h: the launcher for each architecture, gzip, base64. Do not edit."
  echo "export const PROGRAMS: Readonly<Record<string, string | undefined>> = {"
  for arch in x64 arm64; do
    if [[ -s $work/$arch.b64 ]]; then echo "  $arch: '$(cat "$work/$arch.b64")',"
    elif [[ -e programs.ts ]]; then grep -E "^  $arch: " programs.ts || true; fi
  done
  echo "};"
} > "$work/programs.ts"
mv "$work/programs.ts" programs.ts
