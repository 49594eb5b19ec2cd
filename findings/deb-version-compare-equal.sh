#!/usr/bin/env bash
# deb-version-compare 1.2.1 calls a version equal to its own revisions, and equal ones different.
#
# Expected (deb-version(7)): of two versions that differ in nothing else, that without a revision is the earlier one;
#   runs of digits are compared by their numerical values, so that 00 is 0 and 03 is 3. dpkg does all of it.
# Really: the comparison ends with "equal" where one version has no revision, so that an update that only adds one
#   is missed. Of two runs of digits with the same value and different zeros before it, the first is
#   always the earlier one, whichever way round they are given.
# Seen (-1 is before, 0 equal, 1 after; dpkg of Debian 12):
#   1.0 and 1.0-1: deb-version-compare 0, dpkg -1
#   1.0 and 1.0-1+deb12u1: deb-version-compare 0, dpkg -1
#   1.0 and 1.00: deb-version-compare -1, dpkg 0
#   1.00 and 1.0: deb-version-compare -1, dpkg 0
#   2.03.16 and 2.3.9: deb-version-compare -1, dpkg 1
#   1.0-1 and 1.0-2: deb-version-compare -1, dpkg -1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . deb-version-compare@1.2.1
cat >check.mjs <<'JS'
import { spawnSync } from "node:child_process";
import compare from "deb-version-compare";

const pairs = [
  ["1.0", "1.0-1"],
  ["1.0", "1.0-1+deb12u1"],
  ["1.0", "1.00"],
  ["1.00", "1.0"],
  ["2.03.16", "2.3.9"],
  ["1.0-1", "1.0-2"],
];
for (const [a, b] of pairs) {
  const dpkg = ["lt", "eq", "gt"].findIndex((relation) =>
    spawnSync("dpkg", ["--compare-versions", a, relation, b]).status === 0
  ) - 1;
  console.log(`${a} and ${b}: deb-version-compare ${compare(a, b)}, dpkg ${dpkg}`);
}
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
1.0 and 1.0-1: deb-version-compare 0, dpkg -1
1.0 and 1.0-1+deb12u1: deb-version-compare 0, dpkg -1
1.0 and 1.00: deb-version-compare -1, dpkg 0
1.00 and 1.0: deb-version-compare -1, dpkg 0
2.03.16 and 2.3.9: deb-version-compare -1, dpkg 1
1.0-1 and 1.0-2: deb-version-compare -1, dpkg -1
SEEN
