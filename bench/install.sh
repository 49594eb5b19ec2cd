#!/usr/bin/env bash
# Installs the other tracers that the benchmarks compare with, and builds the subjects into .tools/bench.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/setup.sh"
prefix=bench

main() {
  local built="$project/.tools/bench" name
  need_packages python3-bpfcc libbpf-tools bpftrace clang llvm gcc libc6-dev libbpf-dev procps \
    bpfcc-tools linux-perf
  need_mount tracefs /sys/kernel/tracing
  need_runtime deno
  need_runtime bun
  mkdir -p "$built"
  cd "$project/bench/subjects"
  for name in drain map_read kernel_code; do
    clang -target bpf -mcpu=v3 -O2 -g -Wall -Werror -idirafter "/usr/include/$(gcc -dumpmachine)" \
      -c "$name.bpf.c" -o "$built/$name.o"
  done
  for name in drain map_read; do
    gcc -O2 -Wall -Werror -Wno-unknown-pragmas "$name.c" -lbpf -o "$built/$name"
  done
  run_script "$project/scripts/bun_compile.ts" ./compile_kernel_code.ts "$built/compile_kernel_code"
  # With the guard, as compile.sh builds: it sets options of JavaScriptCore's JIT, which change the times.
  if [[ "$(uname -m)" == x86_64 ]]; then
    echo "Usage: compile_kernel_code" >"$built/help"
    run_script "$project/scripts/guard/apply.ts" "$built/compile_kernel_code" compile_kernel_code "$built/help"
    rm "$built/help"
  fi
  gcc -O2 -Wall -Werror tracer.c -o "$built/tracer"
  gcc -O2 -Wall -Werror open_files.c -o "$built/open_files"
  for name in functions allocations; do
    # -O0, because with optimization gcc takes a minute for 10,000 calls in a row.
    [[ "$built/$name" -nt "$name.c" ]] || gcc -O0 -Wall -Werror "$name.c" -o "$built/$name"
  done
  gcc -O2 -Wall -Werror -Wno-unused-function stacks_report.c -lbpf -o "$built/stacks_report"
  gcc -O2 -Wall -Werror -fno-omit-frame-pointer stacks_load.c -o "$built/stacks_load"
  gcc -shared -nostdlib many_functions.s -o "$built/many_functions.so"
  "$project/compile.sh" --runtime bun -o "$built/bun" opensnoop --all >/dev/null
  # Without denort there is no executable by Deno, and the report leaves its row out.
  [[ -z "${DENORT_BIN:-}" ]] ||
    "$project/compile.sh" --runtime deno -o "$built/deno" opensnoop >/dev/null
  # Pages of a file that is not on disk yet count as written (Private_Dirty) in each process that maps it.
  find "$built" -type f -exec sync {} +
}

main
