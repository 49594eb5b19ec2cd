// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, BpfError, u32, u64, UnsupportedError } from "../../mod.ts";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { Ifuncs } from "../../bpf/elf/ifunc.ts";
import { libraryPath } from "../../bpf/proc/library_path.ts";
import { buildProgram } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { runC } from "../support/c_compiler.ts";
import { held } from "../support/leftovers.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Workload } from "../support/workload.ts";

/** A program that counts its runs, by process and in total. */
const COUNT = `
BPF_HASH(by_pid, u32, u64);
BPF_HASH(by_result, u64, u64);
int count(struct pt_regs *ctx) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  by_pid.increment(pid);
  return 0;
}
int returned(struct pt_regs *ctx) {
  u64 result = PT_REGS_RC(ctx);
  by_result.increment(result);
  return 0;
}
int plain(void *ctx) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  by_pid.increment(pid);
  return 0;
}`;

const own = (bpf: Bpf) => bpf.map("by_pid", u32, u64).get(process.pid) ?? 0n;
const total = (bpf: Bpf) =>
  [...bpf.map("by_pid", u32, u64).values()].reduce((sum, each) => sum + each, 0n);

test("compiled attach tracepoint: counts exactly, and no more once detached", () => {
  using bpf = Bpf.compile(COUNT);
  callGetppid(3);
  const link = bpf.program("plain").attachTracepoint("syscalls", "sys_enter_getppid");
  callGetppid(1009);
  link.close();
  link.close();
  callGetppid(5);
  assert.equal(own(bpf), 1009n);
});

test("compiled attach raw tracepoint: by name", () => {
  const text = `
BPF_HASH(calls, u32, u64);
RAW_TRACEPOINT_PROBE(sys_enter) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  if (ctx->args[1] == ${process.arch === "arm64" ? 173 : 110}) calls.increment(pid);
  return 0;
}`;
  using bpf = Bpf.compile(text);
  const [link] = bpf.attach();
  assert.equal(link!.description, "raw tracepoint sys_enter");
  callGetppid(101);
  link!.close();
  callGetppid(5);
  assert.equal(bpf.map("calls", u32, u64).get(process.pid), 101n);
});

test("compiled attach uprobe: by symbol, address and offset, entry and return", async () => {
  const path = buildProgram("workload.c");
  using bpf = Bpf.compile(COUNT);
  using file = new ElfFile(path);
  const { offset } = file.function("openat_")!;
  const address = Number(await nm(path, "openat_"));
  const program = bpf.program("count");
  using _bySymbol = program.attachUprobe({ path, symbol: "openat_" });
  using _byOffset = program.attachUprobe({ path, offset });
  using _byAddress = program.attachUprobe({ path, address });
  using _atReturn = bpf.program("returned").attachUprobe({
    path,
    symbol: "openat_",
    atReturn: true,
  });
  const { status } = await run([path, "missing=/nonexistent/:101"]);
  assert.equal(status, 0);
  assert.equal(total(bpf), 303n);
  const MINUS_ONE = 0xffff_ffffn; // an int fills only the lower half of the register
  const results = [...bpf.map("by_result", u64, u64)].map(([key, n]) => [key & MINUS_ONE, n]);
  assert.deepEqual(results, [[MINUS_ONE, 101n]]);
});

/** A symbol's address as nm prints it. */
async function nm(path: string, symbol: string): Promise<string> {
  const { stdout } = await run(["nm", path]);
  return `0x${new RegExp(`^([0-9a-f]+) . ${symbol}$`, "m").exec(stdout)![1]}`;
}

test("compiled attach uprobe: only one process", async () => {
  const path = buildProgram("workload.c");
  using bpf = Bpf.compile(COUNT);
  await using watched = await Workload.start("burst=/dev/null:13");
  await using other = await Workload.start("burst=/dev/null:17");
  using _link = bpf.program("count").attachUprobe({ path, symbol: "openat_", pid: watched.pid });
  await watched.go();
  await other.go();
  assert.deepEqual([...bpf.map("by_pid", u32, u64)], [[watched.pid, 13n]]);
});

test("compiled attach uprobe: a library by its short name, of the system and of a process", async () => {
  await using workload = await Workload.start("null");
  const path = libraryPath("c", undefined)!;
  assert.match(path, /^\/.*\/libc\.so\.6$/);
  assert.match(libraryPath("c", workload.pid)!, /^\/proc\/\d+\/root\/.*\/libc\.so\.6$/);
  using bpf = Bpf.compile(COUNT);
  using _link = bpf.program("count").attachUprobe({
    library: "c",
    symbol: "puts",
    pid: workload.pid,
  });
  assert.throws(
    () => bpf.program("count").attachUprobe({ library: "no-such", symbol: "f" }),
    /the dynamic linker knows no libno-such\.so/,
  );
  assert.throws(
    () => bpf.program("count").attachUprobe({ symbol: "f" }),
    /expected a path or a library, found neither/,
  );
});

test("compiled attach uprobe: an indirect function is counted in its implementation", () => {
  const path = libraryPath("c", undefined)!;
  using file = new ElfFile(path);
  const strlen = file.function("strlen")!;
  assert.equal(strlen.indirect, true);
  const chosen = new Ifuncs(file).implementation("strlen", strlen.offset);
  assert.ok(chosen !== undefined && chosen !== strlen.offset);
  assert.equal(new Ifuncs(file, process.pid).implementation("strlen", strlen.offset), chosen);
  using bpf = Bpf.compile(COUNT);
  const calls = (times: number) =>
    Number(runC(
      "gcc",
      `#include <string.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
  size_t n = 0;
  for (int i = 0; i < ${times}; i++) n += strlen("text");
  printf("%d\\n", getpid());
  return n != 4 * ${times};
}`,
      ["-O0", "-fno-builtin"],
    ));
  // The program's other calls of strlen, at its start and in printf, are the same in both runs.
  using _link = bpf.program("count").attachUprobe({ library: "c", symbol: "strlen" });
  const counts = bpf.map("by_pid", u32, u64);
  const few = counts.get(calls(7))!;
  const many = counts.get(calls(7 + 1009))!;
  assert.equal(many - few, 1009n);
});

test("compiled attach uprobe: what is missing is named", () => {
  using bpf = Bpf.compile(COUNT);
  const path = buildProgram("workload.c");
  const program = bpf.program("count");
  assert.throws(
    () => program.attachUprobe({ path, symbol: "nothing" }),
    (error: Error) => error instanceof BpfError && error.code === "ENOENT",
  );
  assert.throws(() => program.attachUprobe({ path: "/nonexistent", symbol: "main" }), /ENOENT/);
  assert.throws(() => program.attachUprobe({ path: "/etc/passwd", symbol: "main" }), RangeError);
  assert.throws(() => program.attachUprobe({ path, address: 2 ** 40 }), RangeError);
});

test("compiled attach perf event: a software event, and no more once detached", async () => {
  using bpf = Bpf.compile(COUNT);
  const samples = bpf.map("by_pid", u32, u64);
  {
    using _link = bpf.program("plain").attachPerfEvent({ event: "context-switches", period: 1 });
    await run(["true"]);
    assert.ok(total(bpf) > 0n);
  }
  samples.clear();
  await run(["true"]);
  assert.equal(total(bpf), 0n);
  assert.throws(
    () => bpf.program("plain").attachPerfEvent({ event: "cpu-clock" }),
    /expected a period or a frequency, found neither/,
  );
});

test("compiled attach kprobe: what is missing is named, the function or kprobes", () => {
  using bpf = Bpf.compile("int kprobe__no_such_function(struct pt_regs *ctx) { return 0; }");
  const inGuest = process.env.TSBCC_GUEST_KERNEL !== undefined;
  assert.throws(() => bpf.attach(), inGuest ? BpfError : UnsupportedError);
  assert.throws(
    () => bpf.attach(),
    inGuest ? /there is no such function/ : /this kernel has no kprobes/,
  );
});

const KPROBE_TEST = "compiled attach kprobe: counts exactly at entry and return";
test(KPROBE_TEST, { skip: requires(KPROBE_TEST, "kprobe") }, () => {
  using bpf = Bpf.compile(`
BPF_HASH(by_pid, u32, u64);
static int add(void) {
  u32 pid = bpf_get_current_pid_tgid() >> 32;
  by_pid.increment(pid);
  return 0;
}
int kprobe__sys_getppid(struct pt_regs *ctx) { return add(); }
int kretprobe__sys_getppid(struct pt_regs *ctx) { return add(); }`);
  const links = bpf.attach();
  callGetppid(101);
  for (const link of links) link.close();
  callGetppid(5);
  assert.equal(own(bpf), 202n);
});

test("cycles of compile, attach and close leave nothing behind", () => {
  const text = "BPF_ARRAY(slots, u64, 1);\nint count(struct pt_regs *ctx) { return 0; }";
  const path = buildProgram("workload.c");
  const cycle = () => {
    using bpf = Bpf.compile(text);
    bpf.program("count").attachUprobe({ path, symbol: "openat_" });
  };
  cycle();
  const before = held();
  for (let i = 0; i < 10; i++) cycle();
  assert.deepEqual(held(), before);
});
