#!/usr/bin/env bash
# Bun 1.4.5 passes to C whatever integer a wrong argument happens to become; Deno 2.9.6 refuses it.
#
# Expected: undefined, NaN, 1.5 and 2^31 are no values of an i32: a TypeError or RangeError before C
#   runs, as from Deno and from Node.js's Buffer methods.
# Really: 0, 0, 1 and -2147483648 reach the function. A forgotten argument of close() closes
#   descriptor 0.
# Seen (what C is given, as htonl() gives it back):
#   deno: undefined TypeError, NaN TypeError, 1.5 TypeError, 2147483648 TypeError
#   bun: undefined 0, NaN 0, 1.5 1, 2147483648 -2147483648
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >check.ts <<'TS'
const deno = "Deno" in globalThis;
// htonl shows all 32 bits that it got, in the other order.
async function open(): Promise<(value: number) => number> {
  if (deno) {
    return Deno.dlopen("libc.so.6", { htonl: { parameters: ["i32"], result: "i32" } }).symbols.htonl;
  }
  const { dlopen } = await import("bun:ffi");
  return dlopen("libc.so.6", { htonl: { args: ["i32"], returns: "i32" } }).symbols.htonl;
}
const htonl = await open();
const received = (value: number) => {
  try {
    const swapped = new DataView(new ArrayBuffer(4));
    swapped.setInt32(0, htonl(value), true);
    return swapped.getInt32(0, false);
  } catch (error) {
    return (error as Error).name;
  }
};
const wrong = [undefined as unknown as number, NaN, 1.5, 2 ** 31];
console.log(
  `${deno ? "deno" : "bun"}: ${wrong.map((value) => `${value} ${received(value)}`).join(", ")}`,
);
TS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
{
  node_modules/@deno/linux-x64-glibc/deno run --no-check --allow-ffi --no-config check.ts
  node_modules/@oven/bun-linux-x64/bin/bun check.ts
} | tee seen
diff - seen <<'SEEN' && echo "as found"
deno: undefined TypeError, NaN TypeError, 1.5 TypeError, 2147483648 TypeError
bun: undefined 0, NaN 0, 1.5 1, 2147483648 -2147483648
SEEN
