#!/usr/bin/env bash
# Bun 1.4.5 and Deno 2.9.6: with --cpu-prof no FFI call sleeps any more; poll() and usleep() fail at once.
#
# Expected ("CPU profiling" in the documentation of both): --cpu-prof writes a profile when the program ends. Nothing says
#   that calls of C functions come out differently: poll() of nothing for 300 ms gives 0, usleep() gives 0.
# Really: the profilers stop the thread by a signal each millisecond, also while it is in C. Calls that
#   are never restarted after a handler (signal(7): poll, select, epoll_wait, nanosleep, usleep, ...) end by the first
#   one with -1, 1 to 2 ms after their start. read() goes on until there is something to read.
# Seen (results; the reader waits a second for its six bytes):
#   bun: poll 0, usleep 0, read 6
#   bun --cpu-prof: poll -1, usleep -1, read 6
#   deno: poll 0, usleep 0, read 6
#   deno --cpu-prof: poll -1, usleep -1, read 6
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >bun.mjs <<'JS'
import { dlopen } from "bun:ffi";
import { show } from "./show.mjs";

show(dlopen("libc.so.6", {
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  usleep: { args: ["u32"], returns: "i32" },
  read: { args: ["i32", "buffer", "u64"], returns: "i64" },
}).symbols);
JS
cat >deno.mjs <<'JS'
import { show } from "./show.mjs";

show(Deno.dlopen("libc.so.6", {
  poll: { parameters: ["pointer", "u64", "i32"], result: "i32" },
  usleep: { parameters: ["u32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "u64"], result: "i64" },
}).symbols);
JS
cat >show.mjs <<'JS'
export function show(c) {
  const poll = c.poll(null, 0n, 300);
  const usleep = c.usleep(300_000);
  const read = c.read(0, new Uint8Array(8), 8n);
  console.log(`poll ${poll}, usleep ${usleep}, read ${read}`);
}
JS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
deno=(node_modules/@deno/linux-x64-glibc/deno run --allow-all --no-check)
bun=(node_modules/@oven/bun-linux-x64/bin/bun)
# Six bytes for the standard input, after the two sleeps.
late() { sleep 1.5 && echo hello; }
{
  echo "bun: $(late | "${bun[@]}" bun.mjs)"
  echo "bun --cpu-prof: $(late | "${bun[@]}" --cpu-prof bun.mjs)"
  echo "deno: $(late | "${deno[@]}" deno.mjs)"
  echo "deno --cpu-prof: $(late | "${deno[@]}" --cpu-prof deno.mjs 2>errors)"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
bun: poll 0, usleep 0, read 6
bun --cpu-prof: poll -1, usleep -1, read 6
deno: poll 0, usleep 0, read 6
deno --cpu-prof: poll -1, usleep -1, read 6
SEEN
