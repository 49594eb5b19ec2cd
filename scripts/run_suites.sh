# shellcheck shell=bash
# shellcheck disable=SC2154 # make_scratch of setup.sh sets scratch
# Runs the commands of suites, some in parallel, and keeps their output and exit status.
# Sourced by test.sh.

declare -A beside=() # process groups of commands that run in the background, by name

# run_beside NAME COMMAND…: starts a command in the background, in a process group that stop_beside
# can kill.
run_beside() {
  local name="$1"
  shift
  set -m
  "$@" >"$scratch/$name.log" 2>&1 &
  beside[$name]=$!
  set +m
}

# join_beside NAME: waits for a command of run_beside and prints its output.
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

# execute SUITE RUNTIME LIMIT COMMAND…: runs a command, and writes its status and duration to files.
execute() {
  local suite="$1" runtime="$2" limit="$3" status=0 start=$SECONDS
  shift 3
  heading "$suite ($runtime)"
  through_pipe timeout --foreground --kill-after=20 "$limit" "$@" || status=$?
  echo "$status" >"$scratch/$suite-$runtime.status"
  echo $((SECONDS - start)) >"$scratch/$suite-$runtime.seconds"
}

# `bun test` makes its standard output non-blocking, also for other processes that share it: their
# writes would fail with EAGAIN when the reader is slow. So each command writes to a pipe of its
# own.
through_pipe() { "$@" </dev/null 2>&1 | cat; }
