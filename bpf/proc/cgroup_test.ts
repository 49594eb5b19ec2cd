import assert from "node:assert/strict";
import { test } from "node:test";
import { containerOf } from "./cgroup.ts";

const ID = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);

test("containerOf() finds the ids that container managers put into paths", () => {
  const paths = [
    `/system.slice/docker-${ID}.scope`,
    `/docker/${ID}`,
    `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`,
    `/kubepods/besteffort/pod2c48913c/${ID}`,
    `/machine.slice/libpod-${ID}.scope/container`,
    `/system.slice/containerd.service/kubepods-pod.slice:cri-containerd:${ID}`,
    `/docker/${OTHER}/docker/${ID}`,
  ];
  for (const path of paths) assert.equal(containerOf(path), ID.slice(0, 12), path);
});

test("containerOf() finds none in other paths", () => {
  for (const path of ["/", "/system.slice/sshd.service", `/x${ID}`, `/${ID}0`, "/user.slice"]) {
    assert.equal(containerOf(path), undefined, path);
  }
});
