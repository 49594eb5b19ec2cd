#!/usr/bin/env bash
# leb 1.0.0: encodeInt64() writes other numbers than it is given, if they are negative.
#
# Expected (the package's README): encodeInt64() gives the signed LEB128 form of a 64-bit integer, which is that
#   of DWARF: as few bytes as hold the number and its sign. Each number here is exact in JavaScript.
# Really: it adds 2^64 to a negative number, and the sum, a floating-point number, keeps multiples of 2,048
#   only. -624485 becomes -624640 without an error; from -1 to -1024, where the sum is 2^64 itself, it says
#   "Value out of range". encodeInt32() and decodeInt64() of the same package and @thi.ng/leb128 3.1.93 are right.
# Seen (Node.js 20; @thi.ng/leb128 | encodeInt32() | encodeInt64(), read back by decodeInt64()):
#   624485: e58e26 | e58e26 | e58e26, 624485
#   -1: 7f | 7f | Value out of range.
#   -1024: 8078 | 8078 | Value out of range.
#   -2048: 8070 | 8070 | 8070, -2048
#   -624485: 9bf159 | 9bf159 | 80f059, -624640
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . leb@1.0.0 @thi.ng/leb128@3.1.93
cat >check.mjs <<'JS'
import { encodeSLEB128 } from "@thi.ng/leb128";
import leb from "leb";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
for (const number of [624485, -1, -1024, -2048, -624485]) {
  let wide;
  try {
    const bytes = leb.encodeInt64(number);
    wide = `${hex(bytes)}, ${leb.decodeInt64(bytes).value}`;
  } catch (error) {
    wide = error.message;
  }
  console.log(`${number}: ${hex(encodeSLEB128(number))} | ${hex(leb.encodeInt32(number))} | ${wide}`);
}
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
624485: e58e26 | e58e26 | e58e26, 624485
-1: 7f | 7f | Value out of range.
-1024: 8078 | 8078 | Value out of range.
-2048: 8070 | 8070 | 8070, -2048
-624485: 9bf159 | 9bf159 | 80f059, -624640
SEEN
