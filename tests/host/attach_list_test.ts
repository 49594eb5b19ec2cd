import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bpf, BpfError, sum, syscallFunction, u32, u64, userFunctions } from "../../mod.ts";
import { callGetpgid, callGetppid, loadLibraryObject } from "../support/calls.ts";
import { loadFunccount } from "../support/funccount_object.ts";
import { FunctionsProgram } from "../support/functions.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";

/** Loads one of funccount's programs, with three counters, for all processes or for one. */
const load = (only: string, pid = 0): Bpf => loadFunccount(only, 3, pid);

const counts = (bpf: Bpf) =>
  [...bpf.perCpuMap("counts", u32, u64.asNumber)].sort().map(([, perCpu]) => sum(perCpu));

/** Makes known numbers of system calls. */
function callBoth(): void {
  callGetppid(7);
  callGetpgid(13);
}

for (const program of ["on_function", "on_user_functions"]) {
  const by = program === "on_function" ? "events" : "one link";

  const name = `attach uprobe: a list by ${by}, each with its place as cookie`;

  test(name, { skip: requires(name, "cookies", "speed") }, async () => {
    using copy = new FunctionsProgram();
    const { path } = copy;
    using bpf = load(program);
    await using run = await copy.start("thread");
    await using other = await copy.start();
    const functions = userFunctions(path, /^(calls_2|calls_5|refused)$/);
    const target = bpf.program(program);
    using link = target.attachUprobe({ path, functions, pid: run.pid });
    assert.equal(link.description, `uprobe ${path}:${functions.length} functions`);
    // The kernel refuses a uprobe on the function "refused", which only x86-64 has.
    assert.deepEqual([...link.targets].sort(), ["calls_2", "calls_5"]);
    await run.go();
    await other.go();
    const expected = functions.map(({ name }) => Number(/\d+/.exec(name) ?? 0));
    assert.deepEqual(counts(bpf).slice(0, functions.length), expected);
  });
}

test("attach uprobe: a list, for a program that asks for no cookie", async () => {
  using copy = new FunctionsProgram();
  const { path } = copy;
  using bpf = loadLibraryObject({ programs: { on_function: true } });
  await using run = await copy.start();
  const functions = userFunctions(path, /^(calls_2|calls_5)$/);
  bpf.program("on_function").attachUprobe({ path, functions, pid: run.pid });
  await run.go();
  assert.equal(bpf.global("calls").value, 7n);
});

const TRACEPOINTS = "attach tracepoint: a list, each with its place as cookie";
test(TRACEPOINTS, { skip: requires(TRACEPOINTS, "cookies") }, () => {
  using bpf = load("on_tracepoint", process.pid);
  using link = bpf.program("on_tracepoint").attachTracepoint([
    "syscalls/sys_enter_getpgid",
    "syscalls/no_such",
    "syscalls/sys_exit_getpgid",
  ]);
  assert.deepEqual(link.targets, ["syscalls/sys_enter_getpgid", "syscalls/sys_exit_getpgid"]);
  callGetpgid(13);
  assert.deepEqual(counts(bpf), [13, 0, 13]);
});

const mistakes = "attach uprobe: mistakes about lists are told, and nothing is left";
test(mistakes, { skip: requires(mistakes, "cookies", "speed") }, () => {
  using copy = new FunctionsProgram();
  const { path } = copy;
  using bpf = load("on_user_functions");
  const program = bpf.program("on_user_functions");
  const before = held();
  const functions = userFunctions(path, /^calls_2$/);
  assert.throws(
    () => program.attachUprobe({ path, functions, offset: 4 }),
    /uprobe \S+:calls_2: a list goes without symbol, address and offset$/,
  );
  const wrong = [...functions, { name: "behind", offset: 1 << 30 }, {
    name: "far",
    offset: 1 << 29,
  }];
  using link = program.attachUprobe({ path, functions: wrong });
  assert.deepEqual(link.targets, ["calls_2"]);
  link.close();
  assert.throws(
    () => program.attachUprobe({ path, functions: wrong.slice(1) }),
    (error: Error) => error instanceof BpfError && error.code === "EINVAL",
  );
  assert.throws(() => program.attachUprobe({ path, functions: [] }), BpfError);
  assert.deepEqual(held(), before);
});

for (
  const [program, feature] of [["on_function", "kprobe"], ["on_functions", "kprobeMulti"]] as const
) {
  for (const atReturn of [false, true]) {
    const name = `attach ${atReturn ? "kretprobe" : "kprobe"}: a list for ${program}`;

    test(name, { skip: requires(name, feature, "cookies") }, () => {
      using bpf = load(program, process.pid);
      const names = [syscallFunction("getppid"), "no_such_function", syscallFunction("getpgid")];
      const target = bpf.program(program);
      using link = atReturn ? target.attachKretprobe(names) : target.attachKprobe(names);
      assert.deepEqual(link.targets, [names[0], names[2]]);
      callBoth();
      assert.deepEqual(counts(bpf), [7, 0, 13]);
      link.close();
      callBoth();
      assert.deepEqual(counts(bpf), [7, 0, 13]);
    });
  }
}
