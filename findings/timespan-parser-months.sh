#!/usr/bin/env bash
# timespan-parser 1.2.0 does not know M for months, and writes it for minutes.
#
# Expected (systemd.time(7), which the package's README repeats as what it understands): months are "months",
#   "month" or "M", of 30.44 days each; minutes have a small m. systemd-analyze timespan does so.
# Really: the pattern of a time span has small letters only, so that "1M" is refused, although its own table of
#   units has M. getString() with the option capitalize writes seven minutes as "7M", seven months to systemd.
# Seen (Node.js 20; seconds):
#   1month: 2630016
#   1m: 60
#   1M: Invalid format for timespan 1M
#   5d 3M: Invalid format for timespan 5d 3M
#   420 seconds: 7m, capitalized 7M
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . timespan-parser@1.2.0
cat >check.mjs <<'JS'
import timespan from "timespan-parser";

const { getString, parse } = timespan;

for (const text of ["1month", "1m", "1M", "5d 3M"]) {
  let read;
  try {
    read = parse(text);
  } catch (error) {
    read = error.message;
  }
  console.log(`${text}: ${read}`);
}
console.log(`420 seconds: ${getString(420)}, capitalized ${getString(420, { capitalize: true })}`);
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
1month: 2630016
1m: 60
1M: Invalid format for timespan 1M
5d 3M: Invalid format for timespan 5d 3M
420 seconds: 7m, capitalized 7M
SEEN
