#!/usr/bin/env bash
# Bun 1.4.5 calls a socket of an HTTP server idle that is written to all the time.
#
# Expected: server.setTimeout(1000, …) is called for a socket on which nothing was sent or received for a second
#   (Node.js documentation, server.setTimeout() and socket.setTimeout(): "inactivity"). Deno 2.9.6 keeps to that.
# Really: it is called about a second after the request, although the answer, server-sent events for example, is
#   written to ten times a second. response.setTimeout(0) keeps it from that.
# Seen (an answer that is written to each 100 ms for four seconds):
#   deno: no timeout
#   bun: timeout
#   bun with response.setTimeout(0): no timeout
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5
cat >server.mjs <<'JS'
import { createServer, get } from "node:http";
import process from "node:process";

let seen = "no timeout";
const server = createServer((request, response) => {
  if (process.argv[2] === "none") response.setTimeout(0);
  response.writeHead(200, { "content-type": "text/event-stream" });
  setInterval(() => response.write(": \n\n"), 100);
});
server.setTimeout(1000, () => seen = "timeout");
server.listen(0, "127.0.0.1", () => {
  get(`http://127.0.0.1:${server.address().port}`, (answer) => answer.resume());
  setTimeout(() => {
    console.log(seen);
    process.exit();
  }, 4000);
});
JS
export NO_COLOR=1 DENO_NO_UPDATE_CHECK=1 DENO_DIR="$folder/cache"
deno=node_modules/@deno/linux-x64-glibc/deno bun=node_modules/@oven/bun-linux-x64/bin/bun
seen="$(
  echo "deno: $("$deno" run --allow-all --no-check server.mjs)"
  echo "bun: $("$bun" server.mjs)"
  echo "bun with response.setTimeout(0): $("$bun" server.mjs none)"
)"
echo "$seen"
[[ "$seen" == "deno: no timeout
bun: timeout
bun with response.setTimeout(0): no timeout" ]]
