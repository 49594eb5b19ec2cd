#!/usr/bin/env bash
# Bun 1.4.5: ptr() of a small typed array becomes wrong once somebody looks at its .buffer.
#
# Expected: the address of a typed array that is kept alive stays its address, as with Deno's
#   UnsafePointer.of; bun:ffi's documentation says to keep it alive and nothing else.
# Really: arrays of at most 1,000 bytes live inside the engine's own cell; the first use of .buffer (a
#   DataView, a subarray of it) moves their bytes. What C writes to the old address is lost, silently.
#   Arrays made over an ArrayBuffer of their own, and of 1,001 bytes, stay.
# Seen:
#   1000 bytes: C wrote 42 to the address, the array holds 0
#   1001 bytes: C wrote 42 to the address, the array holds 42
#   1000 bytes over new ArrayBuffer: C wrote 42 to the address, the array holds 42
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . @oven/bun-linux-x64@1.4.5
cat >check.ts <<'TS'
import { dlopen, ptr } from "bun:ffi";

// An address is given as a number, as one does who has stored it in a struct for C.
const { symbols } = dlopen("libc.so.6", {
  memset: { args: ["u64", "i32", "u64"], returns: "u64" },
});
const arrays: Record<string, Uint8Array> = {
  "1000 bytes": new Uint8Array(1000),
  "1001 bytes": new Uint8Array(1001),
  "1000 bytes over new ArrayBuffer": new Uint8Array(new ArrayBuffer(1000)),
};
for (const [name, array] of Object.entries(arrays)) {
  const address = ptr(array);
  const view = new DataView(array.buffer);
  symbols.memset(address, 42, 1);
  console.log(`${name}: C wrote 42 to the address, the array holds ${view.getUint8(0)}`);
}
TS
node_modules/@oven/bun-linux-x64/bin/bun check.ts | tee seen
diff - seen <<'SEEN' && echo "as found"
1000 bytes: C wrote 42 to the address, the array holds 0
1001 bytes: C wrote 42 to the address, the array holds 42
1000 bytes over new ArrayBuffer: C wrote 42 to the address, the array holds 42
SEEN
