#!/usr/bin/env bash
# node-netstat 1.9.0 loses state and process of a connected UDP socket.
#
# Expected (netstat(8), State): UDP usually has no state, so that the column may be blank; with a connection it is ESTABLISHED.
#   netstat shows it of a UDP socket after connect(2).
# Really: of each line of UDP the state is taken to be missing. The word stays in front of the process, the state is
#   null and the process ID is NaN; the README of the package has 0 for one that is not found.
# Seen (net-tools 2.10; the two sockets of a Node.js 20 that looks for itself):
#   netstat: ESTABLISHED
#   connected: state null, process NaN
#   not connected: state null, process right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . node-netstat@1.9.0
apt-get download -q=2 net-tools=2.10-0.1+deb12u2 2>apt.log || { cat apt.log; exit 1; }
dpkg -x net-tools_*.deb .
cat >check.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import netstat from "node-netstat";

const server = createSocket("udp4").bind(0, "127.0.0.1");
await once(server, "listening");
const client = createSocket("udp4");
client.connect(server.address().port, "127.0.0.1");
await once(client, "connect");

const { port } = client.address();
const line = execFileSync("netstat", ["-apntu"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  .split("\n").find((text) => text.startsWith("udp") && text.includes(`127.0.0.1:${port} `));
console.log(`netstat: ${/ESTABLISHED/.exec(line)}`);

const items = [];
netstat({ sync: true, platform: "linux" }, (item) => void items.push(item));
for (const [kind, socket] of [["connected", client], ["not connected", server]]) {
  const item = items.find(({ protocol, local }) => protocol === "udp" && local.port === socket.address().port);
  console.log(`${kind}: state ${item.state}, process ${item.pid === process.pid ? "right" : item.pid}`);
}
client.close();
server.close();
JS
PATH="$folder/bin:$folder/usr/bin:$PATH" node check.mjs | tee seen
diff - seen <<'SEEN' && echo "as found"
netstat: ESTABLISHED
connected: state null, process NaN
not connected: state null, process right
SEEN
