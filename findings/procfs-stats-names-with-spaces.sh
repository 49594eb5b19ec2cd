#!/usr/bin/env bash
# procfs-stats 1.0.2 shifts all fields of a process by one for each space in its name: its parent is a letter.
#
# Expected (proc(5), /proc/PID/stat): the second field is the name, in parentheses; the third is the state, one
#   character, and the fourth the parent's process ID. A name may have spaces, as "tmux: server" has.
# Really: the line is cut at each space. Half of the name is the state, the state is the parent, and so on to
#   the last field, times and memory among them. A name of one word is read well, and so is
#   /proc/PID/status by the same package.
# Seen (Node.js 20; a process that names itself; the parent is compared with process.ppid):
#   stat of node: name "(node)", state a letter, parent right
#   status of node: name "node", state a letter, parent right
#   stat of tmux: server: name "(tmux:", state server), parent a letter
#   status of tmux: server: name "tmux: server", state a letter, parent right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . procfs-stats@1.0.2
cat >check.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { promisify } from "node:util";
import procfs from "procfs-stats";

// Running or sleeping: "R" or "S", in status with a word behind it.
const letter = (text) => text.replace(/^[A-Z]( \(.*\))?$/, "a letter");
const show = (kind, name, state, parent) => {
  const found = parent === String(process.ppid) ? "right" : letter(parent);
  console.log(`${kind}: name "${name}", state ${letter(state)}, parent ${found}`);
};
for (const name of ["node", "tmux: server"]) {
  writeFileSync("/proc/self/comm", name);
  const { stat, status } = procfs(process.pid);
  const fields = await promisify(stat)();
  show(`stat of ${name}`, fields.comm, fields.state, fields.ppid);
  const lines = await promisify(status)();
  show(`status of ${name}`, lines.Name, lines.State, lines.PPid);
}
JS
node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
stat of node: name "(node)", state a letter, parent right
status of node: name "node", state a letter, parent right
stat of tmux: server: name "(tmux:", state server), parent a letter
status of tmux: server: name "tmux: server", state a letter, parent right
SEEN
