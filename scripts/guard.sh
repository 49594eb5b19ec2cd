#!/usr/bin/env bash
# Compiles scripts/guard/guard.c to machine code for x86-64 in scripts/guard/code.ts. That file is
# committed, so that only those who change guard.c need clang.
#
#   scripts/guard.sh            compile
#   scripts/guard.sh --check    fail if code.ts is older than guard.c (needs no clang)
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
prefix=guard.sh

flags=(-target x86_64-linux-gnu -Os -Wall -Wextra -Werror -ffreestanding -fno-stack-protector -fPIE
  -mgeneral-regs-only -fcf-protection=none -fno-asynchronous-unwind-tables -fno-addrsig -fno-ident)

main() {
  local source="$project/scripts/guard/guard.c" module="$project/scripts/guard/code.ts" hash
  hash="$(sha256sum <"$source" | cut -d ' ' -f 1)"
  if [[ "${1:-}" == --check ]]; then
    grep -qF "$hash" "$module" || fail "scripts/guard/code.ts is stale: run scripts/guard.sh"
    return
  fi
  (($# == 0)) || fail "unknown argument $1"
  make_scratch guard
  clang "${flags[@]}" -c "$source" -o "$scratch/guard.o"
  # The code is used without linking: it must have no relocations.
  ! readelf -rW "$scratch/guard.o" | grep -q R_X86_64 || fail "guard.c refers to what is not in its text"
  objcopy -O binary --only-section=.text "$scratch/guard.o" "$scratch/guard.bin"
  {
    echo "// Made by scripts/guard.sh from guard.c, SHA-256 $hash"
    echo "/** The machine code of guard.c for x86-64, in base64. */"
    echo "export const code ="
    echo "  \"$(base64 -w 0 "$scratch/guard.bin")\";"
  } >"$module"
}

main "$@"
