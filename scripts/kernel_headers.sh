#!/usr/bin/env bash
# Checks the shared headers of BPF C: each compiles by itself, and those of toolkit/kernel compile
# together, in both orders. So a tool may include any of them, in any order.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
prefix=kernel_headers.sh

# Warnings off: a header may declare a function that the tool defines, and define functions that a tool
# does not use.
flags=(-target bpfel -mcpu=v3 -O2 -Wall -Werror -Wno-undefined-internal -Wno-unused-function
  -nostdinc -I .tools/include -I . -fsyntax-only -x c)

# Left out of the check of pairs: each of these defines the programs of one kind of tool, so no tool
# includes two.
kinds=(block/block.h fs/ext4.h fs/file_io.h fs/file_sums.h fs/operations.h irq/irq_times.h latency_histogram.h
  net/dns.h)

main() {
  local header kind all shared failed=false
  cd "$project"
  if is_debian; then need_packages clang libbpf-dev; fi
  mkdir -p .tools/include
  ln -sfn /usr/include/bpf .tools/include/bpf
  mapfile -t all < <(find toolkit/kernel tools -name '*.h' | sort)
  mapfile -t shared < <(find toolkit/kernel -name '*.h' | grep -vxFf <(printf 'toolkit/kernel/%s\n' "${kinds[@]}") | sort)
  for header in "${all[@]}"; do compiles "$header" || failed=true; done
  for kind in "${kinds[@]/#/toolkit/kernel/}"; do
    compiles "${shared[@]}" "$kind" || failed=true
    compiles "$kind" "${shared[@]}" || failed=true
    same_globals "$kind" "${shared[@]}" || failed=true
  done
  mapfile -t shared < <(printf '%s\n' "${shared[@]}" | tac)
  compiles "${shared[@]}" || failed=true
  ! $failed || fail "these headers cannot be included in any order (see above)"
}

compiles() { printf '#include "%s"\n' "$@" | clang "${flags[@]}" -; }

# C merges two tentative definitions of a variable silently: two counters would become one.
# Fails if two headers define a global of the same name.
same_globals() {
  local twice
  twice="$(grep -hoE '^(const volatile |volatile )?(u|s)(8|16|32|64) [a-z_0-9]+(;| =)' "$@" |
    sed 's/ =$//; s/;$//; s/.* //' | sort | uniq -d)"
  [[ -z "$twice" ]] || say "defined by two headers: $(paste -sd ' ' <<<"$twice")"
  [[ -z "$twice" ]]
}

main "$@"
