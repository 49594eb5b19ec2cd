#!/usr/bin/env bash
# Deno 2.9.6 forgets what a Deno.UnsafeCallback throws if C calls it once more.
#
# Expected: the first exception leaves the FFI call that ran the callback, as in Bun 1.4.5, or at least an
#   "error" event or a message tells of it.
# Really: the result is 0, C goes on, and only an exception of the very last call is thrown; each
#   callback that returns normally clears the one before it. No event, exit status 0.
# Seen (qsort of four bytes, whose comparison throws the first time only):
#   deno: later comparisons: true, caught: nothing, events: 0, exit status 0
#   bun: later comparisons: false, caught: comparison failed, exit status 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >deno.ts <<'TS'
const library = Deno.dlopen("libc.so.6", {
  qsort: { parameters: ["buffer", "usize", "usize", "function"], result: "void" },
});
let events = 0;
globalThis.addEventListener("error", () => events++);
globalThis.addEventListener("unhandledrejection", () => events++);
let comparisons = 0;
let caught = "nothing";
const compare = new Deno.UnsafeCallback(
  { parameters: ["pointer", "pointer"], result: "i32" } as const,
  () => {
    if (comparisons++ === 0) throw new Error("comparison failed");
    return 1;
  },
);
try {
  library.symbols.qsort(new Uint8Array([3, 1, 2, 5]), 4n, 1n, compare.pointer);
} catch (error) {
  caught = (error as Error).message;
}
await new Promise((resolve) => setTimeout(resolve));
console.log(`deno: later comparisons: ${comparisons > 1}, caught: ${caught}, events: ${events}`);
TS
cat >bun.ts <<'TS'
import { dlopen, JSCallback, ptr } from "bun:ffi";

const library = dlopen("libc.so.6", {
  qsort: { args: ["ptr", "u64", "u64", "function"], returns: "void" },
});
let comparisons = 0;
let caught = "nothing";
const compare = new JSCallback(
  () => {
    if (comparisons++ === 0) throw new Error("comparison failed");
    return 1;
  },
  { args: ["ptr", "ptr"], returns: "i32" },
);
try {
  library.symbols.qsort(ptr(new Uint8Array(new ArrayBuffer(4))), 4, 1, compare);
} catch (error) {
  caught = (error as Error).message;
}
console.log(`bun: later comparisons: ${comparisons > 1}, caught: ${caught}`);
TS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
{
  status=0
  node_modules/@deno/linux-x64-glibc/deno run --allow-ffi --no-config deno.ts | tr -d '\n' || status=$?
  echo ", exit status $status"
  status=0
  node_modules/@oven/bun-linux-x64/bin/bun bun.ts | tr -d '\n' || status=$?
  echo ", exit status $status"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
deno: later comparisons: true, caught: nothing, events: 0, exit status 0
bun: later comparisons: false, caught: comparison failed, exit status 0
SEEN
