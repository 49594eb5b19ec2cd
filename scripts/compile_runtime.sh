# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # runtime and why are for compile.sh; libc, machine and scratch are of it and setup.sh
# Sourced by compile.sh: which runtime an executable is made of, and whether Deno's base can be had.

# How long Deno may take to fetch its base, denort, before Bun is taken instead.
patience="${TSBCC_DENORT_PATIENCE:-60}"

# Sets runtime, and why for the closing line.
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

# Tells whether deno compile has its base by compiling next to nothing; sets why or no_denort.
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
  unset DENORT_BIN # it may be empty, which Deno takes for a path
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

# Prints the last of the causes in an error of Deno's.
innermost_cause() {
  sed -n '/^Stack backtrace/q; s/^error: //; s/^ *\([0-9]*: \)\{0,1\}//; /./p' "$1" | tail -n 1
}
