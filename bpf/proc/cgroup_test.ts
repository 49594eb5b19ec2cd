import assert from "node:assert/strict";
import { test } from "node:test";
import { containerOf, containerPath, podOf } from "./cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);
const UID = "1b2c3d4e-0123-4567-89ab-cdef01234567";
const UID_ = UID.replaceAll("-", "_");
const STATIC = "0123456789abcdef".repeat(2);

/** Cgroup paths of container managers: which manager, the path, and the pod if there is one. */
const PATHS: readonly (readonly [what: string, path: string, pod?: string])[] = [
  ["Docker, systemd", `/system.slice/docker-${ID}.scope`],
  ["Docker, cgroupfs", `/docker/${ID}`],
  ["Docker in Docker", `/docker/${OTHER}/docker/${ID}`],
  [
    "Docker, below a user's service",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${ID}.scope`,
  ],
  ["Podman", `/machine.slice/libpod-${ID}.scope/container`],
  [
    "Podman, rootless",
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
  ],
  [
    "Podman's pod",
    `/machine.slice/machine-libpod_pod_${OTHER}.slice/libpod-${ID}.scope`,
    OTHER.slice(0, 12),
  ],
  ["Podman's pod, cgroupfs", `/libpod_parent/libpod_pod_${OTHER}/libpod-${ID}`, OTHER.slice(0, 12)],
  ["containerd, cgroupfs, guaranteed", `/kubepods/pod${UID}/${ID}`, UID],
  ["containerd, cgroupfs, burstable", `/kubepods/burstable/pod${UID}/${ID}`, UID],
  ["containerd, cgroupfs, best effort", `/kubepods/besteffort/pod${UID}/${ID}`, UID],
  [
    "containerd, systemd, burstable",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    "containerd, systemd, guaranteed",
    `/kubepods.slice/kubepods-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  [
    "containerd, systemd asked for by kubelet alone",
    `/system.slice/containerd.service/kubepods-burstable-pod${UID_}.slice:cri-containerd:${ID}`,
    UID,
  ],
  [
    "containerd, a static pod",
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${ID}.scope`,
    STATIC,
  ],
  ["CRI-O, cgroupfs", `/kubepods/burstable/pod${UID}/crio-${ID}`, UID],
  [
    "CRI-O, systemd",
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UID_}.slice/crio-${ID}.scope`,
    UID,
  ],
  [
    "CRI-O, a cgroup of the container's own below",
    `/kubepods.slice/kubepods-pod${UID_}.slice/crio-${ID}.scope/init.scope`,
    UID,
  ],
  [
    "CRI-O, its monitor",
    `/kubepods.slice/kubepods-pod${UID_}.slice/crio-conmon-${ID}.scope`,
    UID,
  ],
  [
    "Docker as Kubernetes had it, systemd",
    `/kubepods.slice/kubepods-pod${UID_}.slice/docker-${ID}.scope`,
    UID,
  ],
  [
    "kind: a node that is a container, v2",
    `/docker/${OTHER}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/` +
    `kubelet-kubepods-burstable-pod${UID_}.slice/cri-containerd-${ID}.scope`,
    UID,
  ],
  ["kind, cgroupfs, v1", `/docker/${OTHER}/kubelet/kubepods/besteffort/pod${UID}/${ID}`, UID],
  [
    "kind in a pod",
    `/kubepods/pod${UID_.replaceAll("_", "-")}/${OTHER}/kubelet/kubepods/pod${STATIC}/${ID}`,
    STATIC,
  ],
  ["seen from a container's own cgroup namespace", `/../../pod${UID}/${ID}`, UID],
];

for (const [what, path, pod] of PATHS) {
  test(`containers and pods are found in paths of ${what}`, () => {
    assert.equal(containerOf(path), ID.slice(0, 12));
    assert.equal(podOf(path), pod);
  });
}

test("a pod's own cgroup has no container", () => {
  const path = `/kubepods.slice/kubepods-pod${UID_}.slice`;
  assert.deepEqual([podOf(path), containerOf(path)], [UID, undefined]);
});

test("other paths have neither", () => {
  const paths = [
    ...[
      "/",
      "",
      "/system.slice/sshd.service",
      `/x${ID}`,
      `/${ID}0`,
      "/user.slice",
      "/kubepods.slice",
    ],
    ...[`/pods/${UID}`, `/pod${UID}x`, `/xpod${UID}`, "/kubepods/pod", `/pod${UID.slice(1)}`],
  ];
  for (const path of paths) {
    assert.deepEqual([containerOf(path), podOf(path)], [undefined, undefined], path);
  }
});

test("of /proc/PID/cgroup the hierarchy counts that tells most", () => {
  const pod = `/kubepods/burstable/pod${UID}/${ID}`;
  const cases: readonly (readonly [what: string, lines: readonly string[], path?: string])[] = [
    ["v2", [`0::${pod}`], pod],
    ["v2 without containers", ["0::/user.slice"]],
    ["v1", [`12:memory:${pod}`, `11:cpu,cpuacct:${pod}`, "1:name=systemd:/"], pod],
    [
      "v1 and v2",
      [`4:memory:${pod}`, "1:name=systemd:/system.slice/containerd.service", "0::/"],
      pod,
    ],
    ["v1, partly", [`9:pids:/docker/${ID}`, `8:memory:${pod}`], pod],
    ["a name with a colon", [`3:name=a:/docker/${ID}`], `/docker/${ID}`],
    ["nothing", [""]],
  ];
  for (const [what, lines, path] of cases) {
    assert.equal(containerPath(lines.join("\n") + "\n"), path, what);
  }
});
