import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelDevice } from "./device.ts";

test("a device's number is split as glibc's makedev(3) joins it", () => {
  assert.deepEqual(kernelDevice(0x8803n), { number: 136 * 2 ** 20 + 3, major: 136 });
  assert.deepEqual(kernelDevice(0x12345n * 2n ** 12n & 0xfff00000n | 0x0501n), {
    number: 5 * 2 ** 20 + (0x12345000 >>> 12 & 0xffffff00) + 1,
    major: 5,
  });
});
