import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Btf, TsBccError } from "../../mod.ts";
import { buildObject } from "../support/build.ts";

test("Btf.kernel() knows the kernel's structs and enums", () => {
  const btf = Btf.kernel();
  const task = btf.type("task_struct");
  assert.ok(task?.kind === "struct");
  const comm = task.members.find(({ name }) => name === "comm");
  assert.deepEqual(comm?.type.kind === "array" && comm.type.length, 16);
  const states = btf.type("bpf_map_type");
  assert.ok(states?.kind === "enum");
  assert.equal(states.values.BPF_MAP_TYPE_HASH, 1);
  assert.equal(btf.type("no_such_struct_at_all"), undefined);
  assert.throws(() => btf.codec("no_such_struct_at_all"), /there is no type of that name/);
});

test("Btf.ofObject() and Btf.parse() give codecs and C", () => {
  const object = buildObject("library.bpf.c");
  const btf = Btf.ofObject(object);
  const key = btf.codec("key");
  assert.equal(key.size, 20);
  const memory = new DataView(new ArrayBuffer(20));
  key.write(memory, 0, { remainder: 7, label: "x" });
  assert.deepEqual(key.read(memory, 0), { remainder: 7, label: "x" });
  assert.match(btf.toC("key"), /struct key \{\n.* remainder;\n.* label\[16\];\n\};/);
  assert.throws(() => Btf.ofObject(new Uint8Array(64)), TsBccError);
  assert.throws(() => Btf.parse(new Uint8Array(64)), RangeError);
  const kernel = Btf.parse(new Uint8Array(readFileSync("/sys/kernel/btf/vmlinux")));
  assert.deepEqual(kernel.type("list_head"), Btf.kernel().type("list_head"));
});
