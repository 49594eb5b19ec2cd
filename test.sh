#!/usr/bin/env bash
# Installs what the tests need and runs them; the last line counts them.
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
prefix=test.sh

# Debian packages: what builds and inspects, then whose tools the tests compare with.
packages=(clang llvm libbpf-dev libbpf1 libbpfcc gcc g++ libc6-dev shellcheck util-linux mount procps
  iproute2 kmod
  libbpf-tools python3-bpfcc bpftrace bpftool zsh fish ruby)

# How long one suite may take under one runtime, in seconds, and one test, in milliseconds.
suite_limit=2400
test_limit=600000

usage() {
  cat <<'TEXT'
Usage: ./test.sh [-t NAME] [static|unit|host|tools|binary|libbcc|vm]…
Installs what the tests need and runs them, as root: all suites if none is named.

  static   formatting, lint, types, shell scripts, and that each kernel object matches its source
  unit     the tests beside the code, under Deno and Bun
  host     tests/host: this machine's kernel, under Deno and Bun
  tools    tests/tools: each tool, under Deno and Bun
  binary   tests/binary, and tests/tools with the executable that compile.sh makes
  libbcc   what goes through libbcc, with that of another Debian, under Bun
  vm       tests/host, and tests/tools with the executable, in QEMU guests with other kernels
  -t NAME  only tests whose name contains NAME
TEXT
}

executable="$project/dist/ts-bcc" compiled=false beside=""
filter="" suites=() passed=0 failed=0 skipped=0 summary=()

main() {
  local suite
  parse "$@"
  cd "$project"
  [[ -t 1 ]] || export NO_COLOR=1
  exec 2>&1 # one stream, in order: Bun reports on stderr, Deno on stdout
  prepare
  for suite in "${suites[@]}"; do "suite_$suite"; done
  report
}

parse() {
  while (($# > 0)); do
    case "$1" in
      static | unit | host | tools | binary | libbcc | vm) suites+=("$1") ;;
      -t) (($# > 1)) || bad_usage "-t needs a name" && filter="$2" && shift ;;
      -h | --help) usage && exit ;;
      *) bad_usage "no suite or option is called \"$1\"" ;;
    esac
    shift
  done
  ((${#suites[@]} > 0)) || suites=(static unit host tools binary libbcc vm)
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
    need_packages "${packages[@]}"
  else
    say "not a Debian system: tests may miss what Debian has in ${packages[*]}"
  fi
  need_mount tracefs /sys/kernel/tracing
  need_mount bpf /sys/fs/bpf
  make_scratch test
  trap 'stop_beside; rm -rf "$scratch"' EXIT
  # The tests, and the scripts that they run, meet these runtimes wherever they look.
  mkdir "$scratch/bin"
  ln -s "$DENO" "$scratch/bin/deno"
  ln -s "$BUN" "$scratch/bin/bun"
  export PATH="$scratch/bin:$PATH" TSBCC_DENO="$DENO" TSBCC_BUN="$BUN"
  # A test that skips itself tells why in this file: its name, a tab, the reason. The runtimes'
  # reports leave reasons out.
  export TSBCC_SKIP_LOG="$scratch/reasons"
  : >"$TSBCC_SKIP_LOG"
}

stop_beside() {
  [[ -z "$beside" ]] || kill -- "-$beside" 2>/dev/null || true
}

need_mount() {
  if [[ $EUID -ne 0 || ! -d "$2" ]] || mountpoint -q "$2"; then return; fi
  if mount -t "$1" "$1" "$2" 2>/dev/null; then
    say "mounted $1 at $2"
  else
    say "cannot mount $1 at $2: tests that need it will fail"
  fi
}

# ---- suites ----

suite_static() {
  check_passes fmt deno task --quiet fmt
  check_passes lint deno task --quiet lint
  check_passes types deno task --quiet check
  check_passes shell shellcheck -x compile.sh test.sh .ci/run scripts/*.sh tests/vm/*.sh tests/libbcc/*.sh
  check_passes objects verify_objects
  check_passes docs deno task --quiet docs --check
}

# Objects made by another clang than this machine's are not compared; objects.sh says so.
verify_objects() {
  local status=0
  scripts/objects.sh --verify || status=$?
  ((status == 0 || status == 3))
}

suite_unit() {
  local files
  mapfile -t files < <(find . -name '.?*' -prune -o -name node_modules -prune -o \
    -path ./dist -prune -o -path './tests/*' -not -path './tests/support*' -prune -o \
    -name '*_test.ts' -print | sort)
  under_both unit "${files[@]}"
}

suite_host() {
  local files
  mapfile -t files < <(tests_in host)
  under_both host "${files[@]}"
}

suite_tools() {
  local files
  mapfile -t files < <(tests_in tools)
  under_both tools "${files[@]}"
}

suite_binary() {
  local files
  mapfile -t files < <(tests_in binary)
  need_executables
  TSBCC_EXECUTABLE="$executable" under_deno binary "${files[@]}"
}

# One tool's own executable, and that of all.
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

# The runner's own tests first: they crash guests, hang them and fill their disks on purpose.
suite_vm() {
  local files
  mapfile -t files < <(tests_in vm)
  TSBCC_VM_HARNESS=1 under_deno harness "${files[@]}"
  run_tests vm deno 5400 deno run --allow-all --no-check tests/vm/run.ts --spread --file-limit 900 \
    --junit "$scratch/vm-deno.xml" tests/host
  # One runtime runs these: what they run is the executable.
  need_executables
  TSBCC_EXECUTABLE="$executable" run_tests vm binary 5400 deno run --allow-all --no-check \
    tests/vm/run.ts --runtime bun --junit "$scratch/vm-binary.xml" tests/binary tests/tools
}

tests_in() { find "./tests/$1" -name '*_test.ts' | sort; }

# Bun's tests run beside Deno's: most of them wait for processes and compilers.
under_both() {
  local log="$scratch/$1-bun.log" bun
  bun_command "$@"
  bun=("${command[@]}")
  set -m # in a group of its own, which the end of this script takes along
  execute "${bun[@]}" >"$log" 2>&1 &
  beside=$!
  set +m
  under_deno "$@"
  wait "$beside"
  beside=""
  cat "$log"
  judge "${bun[@]}"
}

under_deno() {
  local suite="$1" options=()
  shift
  [[ -z "$filter" ]] || options=("--filter=$filter")
  run_tests "$suite" deno "$suite_limit" deno test --allow-all --no-check \
    "--junit-path=$scratch/$suite-deno.xml" ${options[@]+"${options[@]}"} "$@"
}

# Sets command to the arguments of execute and judge.
bun_command() {
  local suite="$1" options=() pattern
  shift
  pattern="$(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$filter")"
  [[ -z "$filter" ]] || options=("--test-name-pattern=$pattern")
  command=("$suite" bun "$suite_limit" bun test "--timeout=$test_limit" --reporter=junit
    "--reporter-outfile=$scratch/$suite-bun.xml" ${options[@]+"${options[@]}"} "$@")
}

# ---- running and counting ----

# Runs one check that has no test cases; it counts only if it fails.
check_passes() {
  local name="$1"
  shift
  heading "$name"
  "$@" </dev/null || trouble "$name" "failed"
}

# run_tests SUITE RUNTIME LIMIT COMMAND… [./FILE_test.ts…]
run_tests() {
  execute "$@"
  judge "$@"
}

# Runs the command and leaves its status in a file.
execute() {
  local suite="$1" runtime="$2" limit="$3" status=0
  shift 3
  heading "$suite ($runtime)"
  timeout --foreground --kill-after=20 "$limit" "$@" </dev/null || status=$?
  echo "$status" >"$scratch/$suite-$runtime.status"
}

# Counts what the command did.
judge() {
  local suite="$1" name="$1 ($2)" xml="$scratch/$1-$2.xml" limit="$3" status
  status="$(<"$scratch/$1-$2.status")"
  shift 3
  if [[ "$suite" != vm && "${*: -1}" != *_test.ts ]]; then
    trouble "$name" "has no test file"
  elif [[ -s "$xml" ]]; then
    count "$suite" "$name" "$xml" "$status" "$@"
  elif ((status == 124 || status == 137)); then
    trouble "$name" "took longer than $limit s and was stopped"
  else
    trouble "$name" "crashed (status $status): it left no report"
  fi
}

heading() { printf '\n== %s ==\n' "$1"; }

trouble() {
  failed=$((failed + 1))
  summary+=("$1: $2")
}

# Adds up one report; a run that lost tests without telling counts as a failure.
count() {
  local suite="$1" name="$2" xml="$3" status="$4" ran bad skips file
  shift 4
  cases "$xml" >"$xml.cases"
  ran="$(grep -c '^passed' "$xml.cases" || true)"
  bad="$(grep -c '^failed' "$xml.cases" || true)"
  skips="$(grep -c '^skipped' "$xml.cases" || true)"
  if [[ -n "$filter" ]]; then
    skips=0 # the reports call what the filter left out skipped
  else
    sed -n "s/^skipped\t/$name: /p" "$xml.cases" >>"$scratch/skipped"
    for file in "$@"; do
      [[ "$file" != ./*_test.ts ]] || grep -qF "${file#./}\"" "$xml" ||
        trouble "$name" "$file reported no test"
    done
    ((ran + bad > 0 || skips == 0)) || trouble "$name" "every test was skipped"
    ((ran + bad + skips > 0)) || trouble "$name" "ran no test"
  fi
  if ((status != 0 && bad == 0)) && [[ -z "$filter" || $ran -gt 0 ]]; then
    trouble "$name" "ended with status $status"
  fi
  passed=$((passed + ran)) failed=$((failed + bad)) skipped=$((skipped + skips))
  summary+=("$name: $ran passed, $bad failed, $skips skipped")
}

# Prints "passed|failed|skipped<TAB>name<TAB>message" for each case of a JUnit report.
cases() {
  awk -v RS='<' '
    function attribute(key) {
      if (!match($0, " " key "=\"[^\"]*\"")) return ""
      return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 4)
    }
    function flush() { if (name != "") print outcome "\t" name "\t" message; name = "" }
    /^testcase[ \n]/ { flush(); name = attribute("name"); outcome = "passed"; message = "" }
    /^(failure|error)[ >\/]/ { outcome = "failed" }
    /^skipped[ >\/]/ { outcome = "skipped"; message = attribute("message") }
    END { flush() }' "$1" |
    sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#39;/'\''/g; s/&amp;/\&/g'
}

# ---- the end ----

report() {
  local line
  [[ -z "$filter" ]] || ((passed + failed > 0)) || trouble "-t $filter" "no test has such a name"
  if [[ -s "$scratch/skipped" ]]; then
    heading skipped
    while read -r line; do echo "$line"; done < <(skips_with_reasons)
  fi
  heading summary
  ((${#summary[@]} == 0)) || printf '%s\n' "${summary[@]}"
  line="$passed passed, $failed failed"
  ((skipped == 0)) || line+=", $skipped skipped"
  printf '\n%s\n' "$line"
  ((failed == 0))
}

skips_with_reasons() {
  awk -F '\t' '
    FILENAME == ARGV[1] { reasons[$1] = $2; next }
    {
      name = $1
      sub(/^[a-z]+ \([a-z]+\): /, "", name)
      reason = $2 != "" ? $2 : reasons[name]
      print $1 ": " (reason != "" ? reason : "no reason given")
    }' "$TSBCC_SKIP_LOG" "$scratch/skipped"
}

main "$@"
