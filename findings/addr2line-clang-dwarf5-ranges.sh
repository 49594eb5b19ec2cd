#!/usr/bin/env bash
# addr2line -i of binutils 2.40 misses inlined functions that clang 14 describes by DWARF 5 range lists.
#
# Expected: the three calls in an inlined function that is placed in pieces are told as `inner`, inlined in
#   `whole`, as llvm-symbolizer tells them, and as addr2line itself does of the same program with DWARF 4.
# Really: of clang's DWARF 5 (DW_AT_ranges as DW_FORM_rnglistx, an index into .debug_rnglists) the inlined
#   function is left out, without a message: `whole` is told, with the line of `inner`. gcc 12 writes
#   DW_FORM_sec_offset there, which is read.
# Needs Debian 12's clang-14 (1:14.0.6-12), which is large; binutils are fetched.
# Seen (each call's functions, innermost first):
#   DWARF 4, addr2line:       inner:9 whole:15, inner:5 whole:15, inner:7 whole:15
#   DWARF 5, addr2line:       whole:9, whole:5, whole:7
#   DWARF 5, llvm-symbolizer: inner:9 whole:15, inner:5 whole:15, inner:7 whole:15
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
clang-14 --version | grep -q '^Debian clang version 14\.0\.6' || { echo "needs Debian's clang-14" && exit 1; }
apt-get download -q=2 binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 2>apt.log || { cat apt.log; exit 1; }
for package in *.deb; do dpkg -x "$package" .; done
export LD_LIBRARY_PATH="$folder/usr/lib/x86_64-linux-gnu"
cat >inlined.c <<'C'
#include <unistd.h>
static inline __attribute__((always_inline)) int inner(int n)
{
  if (__builtin_expect(n < 0, 0)) {
    getpid();
    n = -n;
    getuid();
  }
  return getppid() + n;
}
int __attribute__((noinline)) whole(int n)
{
  int sum = 0;
  for (int i = 0; i < n; i++)
    sum += inner(n - i);
  return sum;
}
int main(int argc, char **argv)
{
  return whole(argc);
}
C

# The functions at each call in whole(), with their lines.
functions() {
  local address calls=()
  for address in $(usr/bin/x86_64-linux-gnu-objdump --disassemble=whole inlined | sed -n 's/^ *\([0-9a-f]*\):.*call.*/\1/p'); do
    calls+=("$("$@" "0x$address" | sed 's|^/.*:\([0-9]*\).*|:\1|' | paste -sd' ' | sed 's/ :/:/g')")
  done
  printf '%s, ' "${calls[@]}" | sed 's/, $/\n/'
}

addr2line=(usr/bin/x86_64-linux-gnu-addr2line -fi -e inlined)
symbolizer=(llvm-symbolizer-14 --output-style=GNU -f -i -e inlined)
{
  clang-14 -O2 -gdwarf-4 -o inlined inlined.c
  echo "DWARF 4, addr2line:       $(functions "${addr2line[@]}")"
  clang-14 -O2 -gdwarf-5 -o inlined inlined.c
  echo "DWARF 5, addr2line:       $(functions "${addr2line[@]}")"
  echo "DWARF 5, llvm-symbolizer: $(functions "${symbolizer[@]}")"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
DWARF 4, addr2line:       inner:9 whole:15, inner:5 whole:15, inner:7 whole:15
DWARF 5, addr2line:       whole:9, whole:5, whole:7
DWARF 5, llvm-symbolizer: inner:9 whole:15, inner:5 whole:15, inner:7 whole:15
SEEN
