import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { thisMachine } from "../machine/machine.ts";
import { UsageError } from "../options/options.ts";
import { deviceOf, directoryId } from "./directory_id.ts";

test("deviceOf() finds a mount's device as the kernel numbers it", () => {
  const mounts = "21 1 0:20 / /sys rw - sysfs sysfs rw\n30 1 8:17 / / rw - ext4 /dev/sdb1 rw\n";
  assert.equal(deviceOf("30", mounts), 8 * 2 ** 20 + 17);
  assert.equal(deviceOf("21", mounts), 20);
  assert.equal(deviceOf("2", mounts), 0);
});

test("directoryId() tells a directory's inode and refuses what is none", () => {
  assert.equal(directoryId("/proc", thisMachine).inode, BigInt(statSync("/proc").ino));
  assert.notEqual(
    directoryId("/proc", thisMachine).device,
    directoryId("/dev", thisMachine).device,
  );
  for (const path of ["/nowhere/at/all", "/proc/version"]) {
    assert.throws(() => directoryId(path, thisMachine), UsageError);
  }
});
