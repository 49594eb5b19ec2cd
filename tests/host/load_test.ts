import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Bpf,
  BpfError,
  chars,
  hasFentry,
  hasHelper,
  hasIterator,
  hasKernelBtf,
  hasKprobe,
  hasMapType,
  hasProgramType,
  hasTracepoint,
  i32,
  u32,
  u64,
  VerifierError,
} from "../../mod.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";

function failure(run: () => unknown): Error {
  const before = held();
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Error);
    assert.deepEqual(held(), before, "a failed load must leave nothing");
    return error;
  }
  return assert.fail("it did not fail");
}

test("Bpf.load() sets globals of every kind", () => {
  using bpf = loadLibraryObject({ globals: { offset: -5n, label: "abc", discard_odd: true } });
  assert.equal(bpf.global("target_pid", u32).value, process.pid);
  assert.equal(bpf.global("offset").value, -5n);
  assert.equal(bpf.global("label", chars(16)).value, "abc");
  assert.equal(bpf.global("discard_odd").value, true);
  assert.equal(bpf.global("writable", i32).value, -7);
});

test("Bpf.load() refuses globals, programs and maps the object does not have", () => {
  const name = "library";
  const object = buildObject("library.bpf.c");
  assert.match(
    failure(() => Bpf.load(object, { name, globals: { nothing: 1 } })).message,
    /^Cannot find global variable "nothing" in object "library": it has .*target_pid/,
  );
  assert.match(
    failure(() => Bpf.load(object, { name, programs: { nothing: false } })).message,
    /^Cannot find program "nothing" in object "library": it has on_call, on_raw, on_function/,
  );
  assert.match(
    failure(() => Bpf.load(object, { name, maps: { nothing: {} } })).message,
    /^Cannot find map "nothing" in object "library"/,
  );
  assert.match(
    failure(() => Bpf.load(object, { name, globals: { target_pid: 2 ** 32 } })).message,
    /^Cannot set global variable "target_pid": .*4294967296/,
  );
});

test("Global reads and writes the programs' own memory", () => {
  using bpf = loadLibraryObject();
  bpf.attach();
  const calls = bpf.global("calls", u64);
  callGetppid(13);
  assert.equal(calls.value, 13n);
  calls.value = 100n;
  callGetppid(1);
  assert.equal(calls.value, 101n);
  assert.throws(() => bpf.global("target_pid", u32).value = 1, /const once loaded/);
});

test("Bpf.load() leaves out programs that are switched off", () => {
  using bpf = loadLibraryObject({ programs: { on_raw: true } });
  assert.deepEqual([...bpf.programs.keys()], ["on_call", "on_raw"]);
  assert.throws(
    () => bpf.program("on_function"),
    /Cannot find program "on_function" in object "library": it has on_call, on_raw/,
  );
});

test("Bpf.load() tells what the verifier said, and keeps the whole log", () => {
  const error = failure(() => Bpf.load(buildObject("refused.bpf.c"), { name: "refused" }));
  assert.ok(error instanceof VerifierError);
  assert.equal(error.program, "careless");
  assert.equal(error.code, "EACCES");
  assert.match(
    error.message,
    /^Cannot load program "careless": Permission denied \(EACCES\): R\d invalid mem access 'map_value_or_null' at "return \*number;/,
  );
  assert.match(error.log, /bpf_map_lookup_elem/);
});

test("Bpf.load() calls wrong files wrong in one sentence", () => {
  const object = buildObject("library.bpf.c");
  const edited = (...bytes: [number, number][]) => {
    const copy = object.slice();
    for (const [at, value] of bytes) copy[at] = value;
    return copy;
  };
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /it is not an ELF file/],
    [new TextEncoder().encode("#!/bin/sh\nexit 1\n"), /it is not an ELF file/],
    [object.slice(0, 40), /it ends after 40 bytes, inside its header/],
    [object.slice(0, object.length >> 1), /it is cut short: its section table ends at byte \d+/],
    [edited([18, 62], [19, 0]), /it is code for x86-64, not an eBPF object/],
    [edited([18, 183], [19, 0]), /it is code for arm64, not an eBPF object/],
    [edited([5, 2], [18, 0], [19, 247]), /it is an eBPF object for big-endian machines/],
    [edited([4, 1]), /it is a 32 bit ELF file/],
  ];
  for (const [bytes, pattern] of cases) {
    const error = failure(() => Bpf.load(bytes, { name: "wrong" }));
    assert.ok(error instanceof BpfError);
    assert.match(error.message, /^Cannot load object "wrong": Exec format error \(ENOEXEC\): /);
    assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
  }
});

test("Bpf.load() refuses a corrupt object in one sentence", () => {
  const object = buildObject("library.bpf.c");
  // Everything behind the ELF header: sections, symbols, BTF and the section table.
  const garbled = object.map((byte, at) => at < 64 ? byte : byte ^ 0x5a);
  const error = failure(() => Bpf.load(garbled, { name: "corrupt" }));
  assert.ok(error instanceof BpfError);
  assert.match(error.message, /^Cannot (load|open) object "corrupt": [^\n]+$/);
});

test("Bpf.close() may be called twice and refuses what comes after", () => {
  const before = held();
  const bpf = loadLibraryObject();
  const [link] = bpf.attach();
  bpf.events("events");
  bpf.global("calls");
  bpf.close();
  bpf.close();
  link!.close();
  assert.deepEqual(held(), before);
  assert.throws(() => bpf.map("counts"), /Cannot use object "library": it is closed/);
});

test("feature probes answer yes and no for what every kernel here has and lacks", () => {
  assert.deepEqual(hasKernelBtf(), { answer: "yes" });
  assert.deepEqual(hasMapType("RINGBUF"), { answer: "yes" });
  assert.deepEqual(hasProgramType("TRACEPOINT"), { answer: "yes" });
  assert.deepEqual(hasHelper("TRACEPOINT", 14), { answer: "yes" }); // bpf_get_current_pid_tgid
  assert.equal(hasHelper("TRACEPOINT", 44).answer, "no"); // bpf_xdp_adjust_head
  assert.deepEqual(hasTracepoint("syscalls", "sys_enter_openat"), { answer: "yes" });
  assert.deepEqual(hasTracepoint("syscalls", "sys_enter_nothing"), {
    answer: "no",
    reason: "this kernel has no tracepoint syscalls/sys_enter_nothing",
  });
});

test("feature probes tell this machine's kernel from the guests'", () => {
  const guest = process.env.TSBCC_GUEST_KERNEL !== undefined;
  assert.equal(hasKprobe().answer, guest ? "yes" : "no");
  assert.equal(hasFentry().answer, guest ? "yes" : "no");
  assert.deepEqual(hasIterator("task"), { answer: "yes" });
  assert.deepEqual(hasIterator("nothing"), {
    answer: "no",
    reason: "this kernel has no iterator nothing",
  });
});
