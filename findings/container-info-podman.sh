#!/usr/bin/env bash
# container-info 1.1.0 knows neither podman's containers nor the pod of containerd's systemd driver.
#
# Expected: a line of /proc/PID/cgroup with a container's 64 hexadecimal digits gives its id, as it
#   does for docker, containerd and CRI-O scopes; a kubepods slice before it gives the pod's.
# Really: crun puts what runs in a podman container into a child group of its scope
#   (libpod-ID.scope/container): nothing is found. Where containerd is a systemd service and the
#   runtime gets "SLICE:cri-containerd:ID", the container is found but its pod is not.
# Seen (Node.js 20):
#   CRI-O scope: container 2227daf6… pod d7929f99…
#   podman, crun: container undefined pod undefined
#   containerd, systemd driver: container 2227daf6… pod undefined
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . container-info@1.1.0
cat >check.cjs <<'JS'
const { parse } = require("container-info");
const id = "2227daf62df6694645fee5df53c1f91271546a9560e8600a525690ae252b7f63";
const slice = "kubepods-podd7929f99_92de_11e7_8cf2_507b9d4141fa.slice";
const short = (text) => (text === undefined ? "undefined" : `${text.slice(0, 8)}…`);
const lines = {
  "CRI-O scope": `0::/kubepods.slice/${slice}/crio-${id}.scope`,
  "podman, crun": `0::/machine.slice/libpod-${id}.scope/container`,
  "containerd, systemd driver": `0::/system.slice/containerd.service/${slice}:cri-containerd:${id}`,
};
for (const [name, line] of Object.entries(lines)) {
  const { containerId, podId } = parse(line);
  console.log(`${name}: container ${short(containerId)} pod ${short(podId)}`);
}
JS
node check.cjs | tee seen
diff - seen <<'SEEN' && echo "as found"
CRI-O scope: container 2227daf6… pod d7929f99…
podman, crun: container undefined pod undefined
containerd, systemd driver: container 2227daf6… pod undefined
SEEN
