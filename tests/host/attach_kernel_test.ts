/**
 * Hooks on kernel functions. The development machine's kernel lacks them, so the guests run these
 * tests.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Bpf, BpfError, i64, kernelFunctions, syscallFunction, u64 } from "../../mod.ts";
import { buildObject, PROJECT } from "../support/build.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { Running } from "../support/process.ts";
import { type Feature, requires } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const PROGRAMS = [
  "on_kprobe",
  "on_kretprobe",
  "on_kprobe_multi",
  "on_fentry",
  "on_fexit",
  "on_lsm",
  "on_module",
];

function load(program: string): Bpf {
  return Bpf.load(buildObject("hooks.bpf.c"), {
    name: "hooks",
    globals: { target_pid: process.pid },
    programs: only(program),
  });
}

/** The option `programs` that loads only one program. */
function only(program: string): Record<string, boolean> {
  return Object.fromEntries(PROGRAMS.map((name) => [name, name === program]));
}

/** Attaches one program, makes `times` calls while it is attached, and 5 before and after. */
function counts(hook: string, feature: Feature, program: string, call: (times: number) => unknown) {
  const name = `attach ${hook}: counts exactly, and no more once detached`;
  test(name, { skip: requires(name, feature) }, () => {
    using bpf = load(program);
    const calls = bpf.global("calls", u64);
    call(5);
    const [link] = bpf.attach();
    call(101);
    link!.close();
    call(5);
    assert.equal(calls.value, 101n);
    if (program === "on_fexit") {
      assert.equal(bpf.global("last_result", i64).value, callGetpgid(1));
    }
  });
}

function openMany(times: number): void {
  for (let i = 0; i < times; i++) closeSync(openSync("/proc/self/status", "r"));
}

/** Makes and removes network devices: calls functions of the module `dummy`. */
function makeDevices(times: number): void {
  for (let i = 0; i < times; i++) {
    for (const verb of ["add", "del"]) {
      const { status, stderr } = spawnSync("ip", ["link", verb, "tsbcc0", "type", "dummy"], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stderr);
    }
  }
}

counts("kprobe", "kprobe", "on_kprobe", callGetppid);
counts("kretprobe", "kprobe", "on_kretprobe", callGetppid);
counts("kprobe-multi", "kprobeMulti", "on_kprobe_multi", callGetppid);
counts("fentry", "fentry", "on_fentry", callGetpgid);
counts("fexit", "fentry", "on_fexit", callGetpgid);
counts("LSM", "lsm", "on_lsm", openMany);

const inModule = "attach kprobe in module: counts exactly, and no more once detached";
test(inModule, { skip: requires(inModule, "modules") }, () => {
  assert.equal(spawnSync("modprobe", ["dummy"]).status, 0);
  using bpf = load("on_module");
  makeDevices(2);
  const [link] = bpf.attach();
  makeDevices(13);
  link!.close();
  makeDevices(2);
  assert.equal(bpf.global("calls", u64).value, 13n);
});

const ROOT = "/sys/kernel/tracing";
const BLACKLIST = "/sys/kernel/debug/kprobes/blacklist";
const SYSCALLS = new RegExp(`^${syscallFunction("getp[pg]id")}$`);
const ownEvents = () =>
  readFileSync(`${ROOT}/kprobe_events`, "utf8").match(/^r.*:tsbcc\/.*$/gm) ?? [];

const listed = "kernelFunctions(): lists what can be traced, without what must not be probed";
test(listed, { skip: requires(listed, "kprobe") }, () => {
  assert.deepEqual(kernelFunctions(/^vfs_read$/), ["vfs_read"]);
  assert.deepEqual(kernelFunctions(/^nothing$/), []);
  assert.deepEqual(kernelFunctions(SYSCALLS).sort(), [
    syscallFunction("getpgid"),
    syscallFunction("getppid"),
  ]);
  if (!existsSync(BLACKLIST)) return;
  const forbidden = readFileSync(BLACKLIST, "utf8").trimEnd().split("\n").map((line) =>
    line.split("\t")[1]!
  );
  const all = new Set(kernelFunctions(/./));
  assert.ok(all.size > 10_000 && forbidden.length > 100);
  assert.deepEqual(forbidden.filter((name) => all.has(name)), []);
});

for (
  const [program, feature] of [["on_kprobe", "kprobe"], ["on_kprobe_multi", "kprobeMulti"]] as const
) {
  const name = `attach kprobe by pattern, ${program}: counts exactly, and no more once detached`;
  test(name, { skip: requires(name, feature) }, () => {
    using bpf = load(program);
    const link = bpf.program(program).attachKprobe(SYSCALLS);
    assert.equal(link.targets.length, 2);
    assert.equal(link.fd !== undefined, program === "on_kprobe_multi");
    callGetppid(101);
    callGetpgid(13);
    link.close();
    callGetppid(5);
    assert.equal(bpf.global("calls", u64).value, 114n);
    assert.throws(
      () => bpf.program(program).attachKprobe(/^nothing$/),
      /no traceable kernel function/,
    );
    assert.throws(() => bpf.program(program).attachKprobe(/^vfs_/, { limit: 3 }), /limit of 3/);
  });
}

const inside = "attach kprobe with offset: counts exactly, at instructions only";
test(inside, { skip: requires(inside, "kprobe") }, () => {
  using bpf = load("on_kprobe");
  const name = syscallFunction("getppid");
  const link = firstOf(
    // The kernel refuses offsets inside instructions, and on arm64 those of ftrace's instructions
    // at the start.
    Array.from({ length: 20 }, (_, before) => before + 1),
    (offset) => bpf.program("on_kprobe").attachKprobe(name, { offset }),
  );
  assert.match(
    link.description,
    new RegExp(`^kprobe ${name}\\+0x${process.arch === "arm64" ? "[48c]|10" : "[45]"}$`),
  );
  callGetppid(7);
  link.close();
  callGetppid(5);
  assert.equal(bpf.global("calls", u64).value, 7n);
});

/** The result for the first value for which `make` does not throw. */
function firstOf<T, R>(values: readonly T[], make: (value: T) => R): R {
  for (const value of values) {
    try {
      return make(value);
    } catch (error) {
      assert.ok(error instanceof BpfError);
    }
  }
  throw new Error("All have failed");
}

const roomy = "attach kretprobe with maxActive: counts exactly, and its name is removed";
test(roomy, { skip: requires(roomy, "kprobe") }, () => {
  using bpf = load("on_kretprobe");
  const program = bpf.program("on_kretprobe");
  const link = program.attachKretprobe(syscallFunction("getppid"), { maxActive: 97 });
  assert.equal(ownEvents().length, 1);
  assert.match(ownEvents()[0]!, /^r97:/);
  callGetppid(101);
  link.close();
  link.close();
  callGetppid(5);
  assert.equal(bpf.global("calls", u64).value, 101n);
  assert.throws(() => program.attachKretprobe("no_such_function", { maxActive: 7 }), BpfError);
  assert.throws(() => program.attachKretprobe("vfs_read", { maxActive: 0 }), RangeError);
  assert.throws(() => program.attachKretprobe(/^vfs_read$/, { maxActive: 7 }), TypeError);
  assert.throws(() => program.attachKretprobe(["vfs_read"], { maxActive: 7 }), TypeError);
  assert.deepEqual(ownEvents(), []);
});

const leftover = "attach kretprobe with maxActive: what a killed process has left is removed";
test(leftover, { skip: requires(leftover, "kprobe") }, async () => {
  using folder = new Folder();
  const script = `${folder.path}/attach.ts`;
  writeFileSync(`${folder.path}/hooks.bpf.o`, buildObject("hooks.bpf.c"));
  writeFileSync(
    script,
    `import { readFileSync } from "node:fs";
    import { Bpf } from "${PROJECT}mod.ts";
    const bpf = Bpf.load(new Uint8Array(readFileSync("${folder.path}/hooks.bpf.o")), {
      programs: ${JSON.stringify(only("on_kretprobe"))},
    });
    bpf.program("on_kretprobe").attachKretprobe("vfs_read", { maxActive: 7 });
    setInterval(() => {}, 1000);
    console.log("attached");`,
  );
  await using killed = Running.start(scriptCommand(script));
  await killed.find("stdout", /attached/);
  killed.kill("SIGKILL");
  await killed.result;
  assert.equal(ownEvents().length, 1);
  using bpf = load("on_kretprobe");
  bpf.program("on_kretprobe").attachKretprobe("vfs_read", { maxActive: 7 }).close();
  assert.deepEqual(ownEvents(), []);
});
