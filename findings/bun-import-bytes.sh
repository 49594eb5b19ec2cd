#!/usr/bin/env bash
# Bun 1.4.5 ignores `with { type: "bytes" }` and gives a path where bytes were asked for.
#
# Expected: the import attribute of the bytes proposal (Deno 2.9.6 has it behind a flag) gives a
#   Uint8Array; a host that does not know a type must refuse the import (ECMA-262, import
#   attributes: unsupported attributes are an error).
# Really: the attribute is ignored and the ending of the name decides. A shared library becomes the
#   text of its path, which has a length like bytes have.
# Seen:
#   deno: Uint8Array of 4 bytes
#   bun: string, ends with data.so
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
printf '\1\2\3\4' >data.so
cat >check.ts <<'TS'
import data from "./data.so" with { type: "bytes" };
const value: unknown = data;
const what = value instanceof Uint8Array
  ? `Uint8Array of ${value.length} bytes`
  : `${typeof value}, ends with ${String(value).split("/").at(-1)}`;
console.log(`${"Deno" in globalThis ? "deno" : "bun"}: ${what}`);
TS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
{
  node_modules/@deno/linux-x64-glibc/deno run --no-check --unstable-raw-imports --allow-read --no-config check.ts
  node_modules/@oven/bun-linux-x64/bin/bun check.ts
} | tee seen
diff - seen <<'SEEN' && echo "as found"
deno: Uint8Array of 4 bytes
bun: string, ends with data.so
SEEN
