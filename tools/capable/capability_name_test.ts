import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { capabilityName } from "./capability_name.ts";

test("capabilityName() has a name for each that the kernel knows", () => {
  assert.deepEqual([0, 21, 40].map(capabilityName), [
    "CAP_CHOWN",
    "CAP_SYS_ADMIN",
    "CAP_CHECKPOINT_RESTORE",
  ]);
  const last = Number(readFileSync("/proc/sys/kernel/cap_last_cap", "utf8"));
  for (let number = 0; number <= last; number++) assert.match(capabilityName(number), /^CAP_/);
  assert.equal(capabilityName(64), "?");
});
