# shellcheck shell=bash
# shellcheck disable=SC2154 # make_scratch of setup.sh sets scratch
# Runs the commands of suites, some beside others, and keeps what they printed and how they ended.
# Sourced by test.sh.

declare -A beside=() # what runs beside test.sh's own work: its process groups, by name

# run_beside NAME COMMAND…: in a group of its own, which the end of this script takes along.
run_beside() {
  local name="$1"
  shift
  set -m
  "$@" >"$scratch/$name.log" 2>&1 &
  beside[$name]=$!
  set +m
}

# Waits for one and shows what it printed.
join_beside() {
  wait "${beside[$1]}"
  unset "beside[$1]"
  cat "$scratch/$1.log"
}

stop_beside() {
  local group
  for group in "${beside[@]}"; do kill -- "-$group" 2>/dev/null || true; done
}

# run_tests SUITE RUNTIME LIMIT COMMAND… [./FILE_test.ts…]
run_tests() {
  execute "$@"
  judge "$@"
}

# Runs the command and leaves its status in a file.
execute() {
  local suite="$1" runtime="$2" limit="$3" status=0 start=$SECONDS
  shift 3
  heading "$suite ($runtime)"
  through_pipe timeout --foreground --kill-after=20 "$limit" "$@" || status=$?
  echo "$status" >"$scratch/$suite-$runtime.status"
  echo $((SECONDS - start)) >"$scratch/$suite-$runtime.seconds"
}

# `bun test` makes what it writes to non-blocking, for all who share it: whoever else writes a lot
# would then fail when the reader is slow. So commands write to pipes of their own.
through_pipe() { "$@" </dev/null 2>&1 | cat; }
