#!/usr/bin/env bash
# pprof-format 2.3.2 reads negative numbers of a profile as numbers near 2^64.
#
# Expected (profile.proto of pprof): Sample.value, Label.num and Profile.time_nanos are int64; protobuf's "Encoding" page
#   stores a negative one as the varint of its two's complement, ten bytes. What is less than in the profile
#   compared with is negative in a difference of two profiles.
# Really: encode() writes just these bytes, and decode() of the same package gives them back as unsigned: -5 becomes
#   2^64 - 5, without an error. Positive numbers are right.
# Seen (Node.js 20; bytes of the label's number, then what is read):
#   5: bytes 05; value 5, label 5, time 5
#   -5: bytes fbffffffffffffffff01; value 18446744073709551611, label 18446744073709551611, time 18446744073709551611
#   asIntN(64): -5
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . pprof-format@2.3.2
cat >check.mjs <<'JS'
import { Label, Profile, Sample, StringTable } from "pprof-format";

let read;
for (const number of [5, -5]) {
  const label = new Label({ key: 1, num: number });
  // Field 3, a varint, is the number; field 1 before it takes two bytes.
  const bytes = Buffer.from(label.encode()).subarray(3).toString("hex");
  const profile = Profile.decode(
    new Profile({
      stringTable: new StringTable(),
      sample: [new Sample({ locationId: [1], value: [number], label: [label] })],
      timeNanos: number,
    }).encode(),
  );
  const [sample] = profile.sample;
  read = sample.value[0];
  console.log(
    `${number}: bytes ${bytes}; value ${read}, label ${sample.label[0].num}, time ${profile.timeNanos}`,
  );
}
console.log(`asIntN(64): ${BigInt.asIntN(64, BigInt(read))}`);
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
5: bytes 05; value 5, label 5, time 5
-5: bytes fbffffffffffffffff01; value 18446744073709551611, label 18446744073709551611, time 18446744073709551611
asIntN(64): -5
SEEN
