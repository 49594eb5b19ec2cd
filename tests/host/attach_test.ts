import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError, u64 } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { run } from "../support/process.ts";

test("attach tracepoint: counts exactly, and no more once detached", () => {
  using bpf = loadLibraryObject();
  const calls = bpf.global("calls", u64);
  callGetppid(3);
  {
    using link = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
    assert.equal(link.description, "tracepoint syscalls/sys_enter_getppid");
    callGetppid(1009);
  }
  callGetppid(5);
  assert.equal(calls.value, 1009n);
});

test("attach tracepoint: a missing one is named", () => {
  using bpf = loadLibraryObject();
  assert.throws(
    () => bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_nothing"),
    (error: Error) =>
      error instanceof BpfError && error.code === "ENOENT" &&
      /^Cannot attach program "on_call" to tracepoint syscalls\/sys_enter_nothing: No such file or directory \(ENOENT\): this kernel has no tracepoint/
        .test(error.message),
  );
});

test("attach raw tracepoint: counts exactly, and no more once detached", () => {
  using bpf = loadLibraryObject({ programs: { on_raw: true, on_call: false } });
  const calls = bpf.global("calls", u64);
  callGetppid(3);
  const [link] = bpf.attach();
  assert.equal(link!.description, "raw_tracepoint/sys_enter");
  callGetppid(1009);
  link!.close();
  callGetppid(5);
  assert.equal(calls.value, 1009n);
  assert.throws(
    () => bpf.program("on_raw").attachRawTracepoint("nothing"),
    /to raw tracepoint nothing: .*\(ENOENT\): this kernel has no raw tracepoint of that name/,
  );
});

test("attach uprobe: counts the calls of a function in another program", async () => {
  const path = buildProgram("workload.c");
  using bpf = loadLibraryObject({ programs: { on_function: true } });
  const calls = bpf.global("calls", u64);
  using _link = bpf.program("on_function").attachUprobe({ path, symbol: "openat_" });
  const { status } = await run([path, "burst=/dev/null:1009"]);
  assert.equal(status, 0);
  assert.equal(calls.value, 1009n);
});

test("attach uprobe: a missing symbol or file is named", () => {
  using bpf = loadLibraryObject({ programs: { on_function: true } });
  const program = bpf.program("on_function");
  assert.throws(
    () => program.attachUprobe({ path: buildProgram("workload.c"), symbol: "nothing" }),
    /to uprobe .*:nothing: .*\(ENOENT\): the file has no function "nothing"$/,
  );
  assert.throws(
    () => program.attachUprobe({ path: "/nonexistent", symbol: "main" }),
    /to uprobe \/nonexistent:main: .*\(ENOENT\): there is no such file$/,
  );
});

test("Bpf.attach() attaches all programs or none", () => {
  using bpf = loadLibraryObject({ programs: { on_function: true } });
  const calls = bpf.global("calls", u64);
  assert.throws(
    () => bpf.attach(),
    /Cannot attach program "on_function" to uprobe: .*section "uprobe" does not say where to attach/,
  );
  callGetppid(3);
  assert.equal(calls.value, 0n);
});
