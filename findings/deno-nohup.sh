#!/usr/bin/env bash
# Deno 2.9.6 ends by SIGHUP although it was started with SIGHUP ignored (nohup), once it handles any other signal.
#
# Expected: a signal that is ignored when a program starts stays ignored unless the program asks for it
#   (signal(7), nohup(1)). Bun 1.4.5 keeps to that, and so does Deno as long as there is no handler.
#   (Node.js 20 is another matter: it resets all dispositions when it starts.)
# Really: the first handler, here of SIGUSR1, makes Deno catch SIGHUP as well (bit 0 of SigCgt in
#   /proc/PID/status), and end by it with status 129: a service under nohup ends when the terminal closes.
# Seen (a SIGHUP sent to each once it is ready):
#   deno without a handler: goes on, status 0
#   deno with a handler of SIGUSR1: status 129
#   bun with a handler of SIGUSR1: goes on, status 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >service.mjs <<'JS'
import process from "node:process";

if (process.argv[2] === "handler") process.on("SIGUSR1", () => {});
// It ends when standard input does, which is after the signal.
process.stdin.on("end", () => {
  console.log("goes on");
  process.exit(0);
});
process.stdin.resume();
console.log("ready");
JS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"

# Starts a command with SIGHUP ignored, sends it SIGHUP when it is ready, and prints what it says and its status.
hang_up() {
  local line status=0
  mkfifo input output
  (
    trap '' HUP
    exec "$@" <input >output
  ) &
  exec 3>input 4<output
  read -r line <&4
  [[ "$line" == ready ]]
  kill -HUP $!
  # Deno ends on a thread of its own, soon after. A program that goes on ends with its input.
  timeout 3 tail --pid=$! -f /dev/null || true
  exec 3>&-
  line="$(cat <&4)"
  wait $! || status=$?
  exec 4<&-
  rm input output
  echo "${line:+$line, }status $status"
}

deno=(node_modules/@deno/linux-x64-glibc/deno run --allow-all --no-config service.mjs)
bun=(node_modules/@oven/bun-linux-x64/bin/bun service.mjs)
{
  echo "deno without a handler: $(hang_up "${deno[@]}")"
  echo "deno with a handler of SIGUSR1: $(hang_up "${deno[@]}" handler)"
  echo "bun with a handler of SIGUSR1: $(hang_up "${bun[@]}" handler)"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
deno without a handler: goes on, status 0
deno with a handler of SIGUSR1: status 129
bun with a handler of SIGUSR1: goes on, status 0
SEEN
