# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # runtime and why are for compile.sh; libc, machine and scratch are of it and setup.sh
# Sourced by compile.sh: chooses the runtime of an executable, and checks whether denort is available.

# Seconds that Deno may take to fetch denort, the base of its executables, before Bun is chosen instead.
patience="${TSBCC_DENORT_PATIENCE:-60}"

# Sets runtime, and why: the reason, for the last line of output.
choose_runtime() {
  local limit="$patience"
  runtime="${1:-deno}" why="chosen by --runtime"
  if [[ "$libc" == musl ]]; then
    [[ "$1" != deno ]] || fail "Deno has no build for musl: use --runtime bun"
    runtime=bun why="for musl"
    need_runtime bun
    need_bun_for "$machine"
    return
  fi
  if ! is_own_machine "$machine"; then
    [[ "$1" != deno ]] || fail "deno compile is not asked for another machine: use --runtime bun"
    runtime=bun why="for $machine"
    need_runtime bun
    need_bun_for "$machine"
    return
  fi
  if [[ "$runtime" == bun ]]; then
    need_runtime bun
    return
  fi
  [[ "$1" != deno ]] || limit=900
  need_runtime deno
  if has_denort "$limit"; then
    return
  elif [[ "$1" == deno ]]; then
    fail "deno compile needs denort, which $no_denort: set DENORT_BIN to a denort of" \
      "$(version_of "$DENO"), or use --runtime bun"
  fi
  runtime=bun why="deno compile needs denort, which $no_denort"
  need_runtime bun
}

# Checks that deno compile has denort by compiling an empty program; sets why or, if it fails, no_denort.
has_denort() {
  local log="$scratch/denort.log" status=0
  if [[ -n "${DENORT_BIN:-}" ]]; then
    [[ -f "$DENORT_BIN" ]] ||
      fail "DENORT_BIN names $DENORT_BIN, which is no file: correct or unset it"
    DENORT_BIN="$(realpath "$DENORT_BIN")"
    export DENORT_BIN
    why="denort from DENORT_BIN"
    return
  fi
  unset DENORT_BIN # Deno would take an empty value for a path
  say "trying deno compile, which fetches its base, denort, if it has not yet"
  echo >"$scratch/nothing.ts"
  why="denort fetched by Deno"
  NO_COLOR=1 timeout --foreground "$1" "$DENO" compile --quiet --no-config --no-check \
    -o "$scratch/nothing" "$scratch/nothing.ts" >"$log" 2>&1 </dev/null || status=$?
  rm -f "$scratch/nothing"
  ((status != 0)) || return 0
  if ((status == 124)); then
    no_denort="could not be fetched within $1 s"
  else
    no_denort="could not be fetched: $(innermost_cause "$log")"
  fi
  return 1
}

# Prints the innermost cause in an error message of Deno.
innermost_cause() {
  sed -n '/^Stack backtrace/q; s/^error: //; s/^ *\([0-9]*: \)\{0,1\}//; /./p' "$1" | tail -n 1
}
