#!/usr/bin/env bash
# encodeHex() and encodeBase64() of deno-std 1.4.0 (Deno's standard library on npm) take the memory of a Buffer.
#
# Expected: encoding reads its argument; what it is given stays as it is.
# Really: it copies the argument by slice(), which for a Uint8Array copies, but for a Buffer of Node.js is another view of the
#   same memory, and transfers the copy's ArrayBuffer. The Buffer, and the one that it is a part of, are empty
#   afterwards, without an error: what readFileSync() gave is gone once its first four bytes were shown in hex.
# Seen (Bun 1.4.5; Node.js 20 has no ArrayBuffer.transfer):
#   Uint8Array: fd377a58, 6 bytes left
#   Buffer: fd377a58, 0 bytes left
#   Buffer: /Td6WA==, 0 bytes left
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . deno-std@1.4.0 @oven/bun-linux-x64@1.4.5
bun=node_modules/@oven/bun-linux-x64/bin/bun
cat >check.mjs <<'JS'
import { encodeBase64, encodeHex } from "deno-std/encoding/mod.js";

const BYTES = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

function show(name, encode, bytes) {
  console.log(`${name}: ${encode(bytes.subarray(0, 4))}, ${bytes.length} bytes left`);
}

// An ArrayBuffer of its own, as readFileSync() gives: Buffer.from() has a part of one that many share.
const buffer = () => Buffer.from(Uint8Array.from(BYTES).buffer);
show("Uint8Array", encodeHex, Uint8Array.from(BYTES));
show("Buffer", encodeHex, buffer());
show("Buffer", encodeBase64, buffer());
JS
BUN_RUNTIME_TRANSPILER_CACHE_PATH=0 "$bun" check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
Uint8Array: fd377a58, 6 bytes left
Buffer: fd377a58, 0 bytes left
Buffer: /Td6WA==, 0 bytes left
SEEN
