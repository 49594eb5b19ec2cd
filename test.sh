#!/usr/bin/env bash
# Installs what the tests need and runs them; the last line counts them.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
# shellcheck source=scripts/run_suites.sh
source "$project/scripts/run_suites.sh"
# shellcheck source=scripts/count_tests.sh
source "$project/scripts/count_tests.sh"
# shellcheck source=scripts/guest_suites.sh
source "$project/scripts/guest_suites.sh"
prefix=test.sh

# Debian packages: compilers and programs that the tests run, then the tools that ours are compared
# with.
packages=(clang llvm brotli libbpf-dev libbpf1 libbpfcc gcc g++ libc6-dev shellcheck util-linux libcap2-bin mount procps
  iproute2 kmod openssl libssl-dev libgnutls28-dev libnss3-dev curl wget xfsprogs btrfs-progs f2fs-tools
  libbpf-tools bpfcc-tools python3-bpfcc bpftrace bpftool zsh fish ruby
  php8.2-cli tcl8.6 mariadb-server-core groff-base linux-libc-dev-arm64-cross)

# Further packages for --full.
full_packages=(lintian golang-1.19-go rustc skopeo qemu-user-static qemu-system-arm musl-tools)

# Time limits: of one suite under one runtime in seconds, of one test in milliseconds.
suite_limit=2400
test_limit=600000

usage() {
  cat <<'TEXT'
Usage: ./test.sh [--full] [-t NAME] [static|unit|host|tools|vm|binary|libbcc]…
Installs what the tests need and runs them, as root: all suites but libbcc if none is named. That is
the gate: what every change must pass, within 45 minutes on two cores.

  static   formatting, lint, types, shell scripts, that each kernel object matches its source, and
           which way imports point
  unit     the tests beside the code, under Deno and Bun
  host     tests/host: this machine's kernel, under Deno and Bun
  tools    tests/tools: each tool, half of the files under Deno and half under Bun; the tables of all
           tools on the executable
  vm       tests/host, and a canary of each tool with the executable, in QEMU guests with other kernels
  binary   tests/binary: the executables that compile.sh makes
  libbcc   what goes through libbcc, with that of another Debian, under Bun
  --full   all of it, for a release: tools under both runtimes and all of their tests in the guests,
           what other people's tools say of the same workload, every tool at once for a minute,
           hundreds of cycles, and libbcc as well
  -t NAME  only tests whose name contains NAME
TEXT
}

executable="$project/dist/ts-bcc" compiled=false
filter="" full=false suites=()

main() {
  local suite
  parse "$@"
  cd "$project"
  [[ -t 1 ]] || export NO_COLOR=1
  exec 2>&1 # one stream, in order: Bun reports on stderr, Deno on stdout
  prepare
  # Start the guests first, in parallel: they need CPU time, while most other suites wait for other
  # things.
  if ((${#suites[@]} > 1)) && [[ " ${suites[*]} " == *" vm "* ]]; then start_guests; fi
  for suite in "${suites[@]}"; do "suite_$suite"; done
  report
}

parse() {
  while (($# > 0)); do
    case "$1" in
      static | unit | host | tools | binary | libbcc | vm) suites+=("$1") ;;
      --full) full=true ;;
      -t) (($# > 1)) || bad_usage "-t needs a name" && filter="$2" && shift ;;
      -h | --help) usage && exit ;;
      *) bad_usage "no suite or option is called \"$1\"" ;;
    esac
    shift
  done
  ((${#suites[@]} == 0)) || return 0
  suites=(static unit host tools vm binary)
  ! $full || suites+=(libbcc)
}

bad_usage() {
  say "$1 (./test.sh --help tells more)"
  exit 2
}

# ---- what tests need ----

prepare() {
  need_runtime deno
  need_runtime bun
  if is_debian; then
    if $full; then packages+=(prometheus chromium protobuf-compiler); fi
    need_packages "${packages[@]}"
    ! $full || need_packages "${full_packages[@]}"
  else
    say "not a Debian system: tests may miss what Debian has in ${packages[*]}"
  fi
  need_mount tracefs /sys/kernel/tracing
  need_mount bpf /sys/fs/bpf
  make_scratch test
  trap 'stop_beside; rm -rf "$scratch"' EXIT
  # The tests, and the scripts that they run, find these runtimes first in PATH and by TSBCC_DENO and
  # TSBCC_BUN.
  mkdir "$scratch/bin"
  ln -s "$DENO" "$scratch/bin/deno"
  ln -s "$BUN" "$scratch/bin/bun"
  export PATH="$scratch/bin:$PATH" TSBCC_DENO="$DENO" TSBCC_BUN="$BUN"
  # Tests that skip themselves write to this file: name, tab, reason. The runtimes' reports lack the
  # reasons.
  export TSBCC_SKIP_LOG="$scratch/reasons"
  # Tests with requires(…, "full") run only if this variable is set.
  if $full; then export TSBCC_TEST_FULL=1; else unset TSBCC_TEST_FULL; fi
  : >"$TSBCC_SKIP_LOG"
}

# ---- suites ----

suite_static() {
  check_passes fmt deno task --quiet fmt
  check_passes lint deno task --quiet lint
  check_passes types deno task --quiet check
  check_passes shell shellcheck -x compile.sh package.sh test.sh .ci/run scripts/*.sh tests/vm/*.sh tests/libbcc/*.sh
  check_passes objects verify_objects
  check_passes guard scripts/guard.sh --check
  check_passes page bun run scripts/web_page.ts --check
  check_passes headers scripts/kernel_headers.sh
  check_passes docs deno task --quiet docs --check
  check_passes arrows deno run --allow-read --no-check scripts/arrows.ts
  check_passes examples run_doc_examples
}

# Runs the examples of doc comments, which `deno task check` only compiles. Examples that need the
# kernel are functions that are never called.
run_doc_examples() {
  local files
  mapfile -t files < <(grep -rlE '^ *\* ```ts$' --include='*.ts' --exclude='*_test.ts' mod.ts kernel.ts ffi bpf toolkit)
  deno test --doc --quiet --no-check --allow-all "${files[@]}"
}

# Rebuilds kernel objects and compares. Objects that another version of clang made are not compared:
# objects.sh prints which.
verify_objects() {
  local status=0
  scripts/objects.sh --verify || status=$?
  ((status == 0 || status == 3))
}

suite_unit() {
  local files
  mapfile -t files < <(find . -name '.?*' -prune -o -name node_modules -prune -o \
    -path ./dist -prune -o -path './tests/*' -not -path './tests/support*' -not -path './tests/fuzz*' -prune -o \
    -name '*_test.ts' -print | sort)
  under_both unit "${files[@]}"
}

suite_host() {
  local files
  mapfile -t files < <(tests_in host)
  under_both host "${files[@]}"
}

suite_tools() {
  local files halves=() i
  mapfile -t files < <(tests_in tools)
  if $full; then
    under_both tools "${files[@]}"
    return
  fi
  # Each runtime runs half of the files, alternately. New files shift the halves, so over time both
  # run all.
  for i in "${!files[@]}"; do halves[i % 2]+=" ${files[i]}"; done
  need_executables
  # shellcheck disable=SC2086 # names of test files have no spaces
  TSBCC_CASES_EXECUTABLE="$executable" side_by_side tools ${halves[0]} -- ${halves[1]-}
}

suite_binary() {
  local files
  mapfile -t files < <(tests_in binary)
  need_executables
  TSBCC_EXECUTABLE="$executable" under_deno binary "${files[@]}"
}

# Compiles opensnoop's own executable and that of all tools, once.
need_executables() {
  ! $compiled || return 0
  compiled=true
  check_passes compile ./compile.sh opensnoop --all
}

suite_libbcc() {
  local files command=(deno run --allow-all --no-check tests/libbcc/run.ts)
  mapfile -t files < <("${command[@]}" --list)
  run_tests libbcc bun 900 "${command[@]}" --suite trixie --runtime bun \
    --junit "$scratch/libbcc-bun.xml" "${files[@]}"
}

tests_in() { find "./tests/$1" -name '*_test.ts' | sort; }

under_both() {
  local suite="$1"
  shift
  side_by_side "$suite" "$@" -- "$@"
}

# side_by_side SUITE FILE… -- FILE…: runs the first files under Deno and the second under Bun, in
# parallel, because most tests wait for processes and compilers.
side_by_side() {
  local suite="$1" bun deno=()
  shift
  while [[ "$1" != -- ]]; do
    deno+=("$1")
    shift
  done
  shift
  bun_command "$suite" "$@"
  bun=("${command[@]}")
  run_beside "$suite-bun" execute "${bun[@]}"
  under_deno "$suite" "${deno[@]}"
  join_beside "$suite-bun"
  judge "${bun[@]}"
}

under_deno() {
  deno_command "$@"
  run_tests "${command[@]}"
}

# deno_command SUITE FILE…: sets command to the arguments for execute and judge.
deno_command() {
  local suite="$1" options=()
  shift
  [[ -z "$filter" ]] || options=("--filter=$filter")
  command=("$suite" deno "$suite_limit" deno test --allow-all --no-check
    "--junit-path=$scratch/$suite-deno.xml" ${options[@]+"${options[@]}"} "$@")
}

bun_command() {
  local suite="$1" options=() pattern
  shift
  pattern="$(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$filter")"
  [[ -z "$filter" ]] || options=("--test-name-pattern=$pattern")
  command=("$suite" bun "$suite_limit" bun test "--timeout=$test_limit" --reporter=junit
    "--reporter-outfile=$scratch/$suite-bun.xml" ${options[@]+"${options[@]}"} "$@")
}

# ---- running ----

# check_passes NAME COMMAND…: runs a check without test cases; it is counted only if it fails.
check_passes() {
  local name="$1"
  shift
  heading "$name"
  through_pipe "$@" || trouble "$name" "failed"
}

heading() { printf '\n== %s ==\n' "$1"; }

main "$@"
