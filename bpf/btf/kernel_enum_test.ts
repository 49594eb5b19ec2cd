import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelEnum } from "./kernel_enum.ts";

test("kernelEnum() has the names of an enum by number", () => {
  // include/uapi/linux/bpf.h: numbers that cannot change
  const types = kernelEnum("bpf_map_type");
  assert.equal(types?.get(1), "BPF_MAP_TYPE_HASH");
  assert.equal(types?.get(27), "BPF_MAP_TYPE_RINGBUF");
});

test("kernelEnum() is undefined for what is no enum of the kernel", () => {
  assert.equal(kernelEnum("tsbcc_no_such_enum"), undefined);
  assert.equal(kernelEnum("task_struct"), undefined);
});
