#!/usr/bin/env bash
# deno-std 1.4.0 (Deno's standard library on npm) lacks files that its own modules import.
#
# Expected: every mod.js that package.json exports can be imported.
# Really: cli/unicode_width.js imports ./_data.json, but package.json's "files" keeps only *.js, so
#   that nothing of cli/mod.js, parse_args among it, can be imported (versions 1.0.0 to 1.3.3 likewise).
#   async/mod.js imports ../data-structures/, the folder is called data_structures (new in 1.4.0).
#   media_types/mod.js misses its JSON too (1.2.0 and 1.3.3 had it).
# Seen (Node.js 20):
#   assert: imported
#   async: ERR_MODULE_NOT_FOUND data-structures/deque.js
#   cli: ERR_MODULE_NOT_FOUND cli/_data.json
#   encoding: imported
#   streams: imported
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . deno-std@1.4.0
cat >check.mjs <<'JS'
for (const name of ["assert", "async", "cli", "encoding", "streams"]) {
  try {
    await import(`deno-std/${name}/mod.js`);
    console.log(`${name}: imported`);
  } catch (error) {
    const [, missing] = /deno-std\/(\S+)'/.exec(error.message);
    console.log(`${name}: ${error.code} ${missing}`);
  }
}
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
assert: imported
async: ERR_MODULE_NOT_FOUND data-structures/deque.js
cli: ERR_MODULE_NOT_FOUND cli/_data.json
encoding: imported
streams: imported
SEEN
