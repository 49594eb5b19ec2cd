#!/usr/bin/env bash
# @minhducsun2002/leb128 1.0.0 writes -1 as 0 and others of its signed numbers with a byte missing.
#
# Expected (WebAssembly's specification, "Binary Format", integers): signed LEB128 is a two's complement; the last byte n
#   is n - 2^7 from 2^6 on, so that 7f is -1 and 40 is -64. -65 and -128 need a second byte: bf7f and 807f.
# Really: -1 becomes 00; -65 and -128 end after one byte without a sign, and other readers see 63 and 0. What
#   it reads in place of -64 is a negative zero. -2 and -129 are right.
# Seen (Node.js 20; @thi.ng/leb128 3.1.93 | this package, which the other one reads as | its own reading of the first):
#   -1: 7f | 00, 0 | -1
#   -2: 7e | 7e, -2 | -2
#   -64: 40 | 40, -64 | -0
#   -65: bf7f | 3f, 63 | -65
#   -128: 807f | 00, 0 | -128
#   -129: ff7e | ff7e, -129 | -129
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @minhducsun2002/leb128@1.0.0 @thi.ng/leb128@3.1.93
cat >check.mjs <<'JS'
import { inspect } from "node:util";
import { LEB128 } from "@minhducsun2002/leb128";
import { decodeSLEB128, encodeSLEB128 } from "@thi.ng/leb128";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
for (const number of [-1, -2, -64, -65, -128, -129]) {
  const right = encodeSLEB128(number);
  const bytes = LEB128.encode(number);
  const read = inspect(LEB128.decode(right, 0, true));
  console.log(`${number}: ${hex(right)} | ${hex(bytes)}, ${decodeSLEB128(bytes)[0]} | ${read}`);
}
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
-1: 7f | 00, 0 | -1
-2: 7e | 7e, -2 | -2
-64: 40 | 40, -64 | -0
-65: bf7f | 3f, 63 | -65
-128: 807f | 00, 0 | -128
-129: ff7e | ff7e, -129 | -129
SEEN
