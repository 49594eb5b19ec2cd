// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { Bpf, CompileError, type DebugOutput, u32, u64, VerifierError } from "../../mod.ts";
import { BASE } from "../../bpf/compile/headers/base.ts";
import { withEnvironment } from "../../ffi/libc/process_state.ts";
import { callGetppid } from "../support/calls.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const cflags = [`-DTARGET=${process.pid}`];

/** A program that calls a GPL-only helper. */
const restricted = (licence: string) =>
  `${licence}
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u64 value = 0;
  bpf_probe_read_kernel(&value, sizeof(value), (void *)bpf_get_current_task());
  return value == 1009;
}`;

test("compiled licence: GPL unless the text says otherwise", () => {
  for (const licence of ["", "#define BPF_LICENSE GPL", "#define BPF_LICENSE Dual MIT/GPL"]) {
    Bpf.compile(restricted(licence)).close();
  }
  assert.throws(
    () => Bpf.compile(restricted("#define BPF_LICENSE Proprietary")),
    (error: Error) =>
      error instanceof VerifierError &&
      /cannot call GPL-restricted function from non-GPL compatible program/.test(error.message),
  );
});

test("compiled language: several programs, inlined functions, pointers read safely", () => {
  using bpf = Bpf.compile(
    `#include <linux/sched.h>
#include <linux/pid_namespace.h>
#include <linux/nsproxy.h>
BPF_ARRAY(levels, u32, 3);
static u32 level_of(struct task_struct *task) {
  return task->nsproxy->pid_ns_for_children->level;
}
static __always_inline int wanted(void) {
  return bpf_get_current_pid_tgid() >> 32 == TARGET;
}
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  int slot = 0;
  u32 found = level_of(task) + 100, parent = task->real_parent->tgid;
  if (!wanted()) return 0;
  levels.update(&slot, &found);
  slot = 1;
  levels.update(&slot, &parent);
  return 0;
}
RAW_TRACEPOINT_PROBE(sys_exit) {
  int slot = 2;
  if (wanted()) levels.increment(slot);
  return 0;
}
int plain(void *ctx) { return 0; }`,
    { cflags, headers: "btf" },
  );
  assert.deepEqual([...bpf.programs.keys()].sort(), [
    "plain",
    "raw_tracepoint__sys_exit",
    "tracepoint__syscalls__sys_enter_getppid",
  ]);
  assert.equal(bpf.attach().length, 2);
  callGetppid(5);
  const [level, parent, calls] = [...bpf.map("levels", u32, u32).values()];
  assert.ok(level! >= 100 && level! < 133);
  assert.equal(parent, process.ppid);
  assert.ok(calls! >= 5);
});

/** For each debug flag a pattern that only its output contains. */
const PRINTED: readonly (readonly [DebugOutput, RegExp])[] = [
  ["preprocessor", /^int shown\(void \*ctx\) \{$/m],
  ["source", /^Disassembly of function shown\n; return 7; \}/m],
  ["bytecode", /^shown:\n {3}0: b7 00 00 00 07 00 00 00\n {3}1: 95( 00){7}$/m],
  ["registers", /^0: R1=ctx\(/m],
];

test("compiled debug: each part is printed on standard error when asked for", () => {
  using folder = new Folder();
  const script = join(folder.path, "debug.ts");
  writeFileSync(
    script,
    `import { Bpf } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
for (const part of ${JSON.stringify(["llvm-ir", "btf", ...PRINTED.map(([part]) => part)])}) {
  console.error("part " + part);
  const bpf = Bpf.compile("int shown(void *ctx) { return 7; }", { debug: [part] });
  bpf.program("shown").load("RAW_TRACEPOINT");
  bpf.close();
}`,
  );
  const [command, ...args] = scriptCommand(script);
  const { stdout, stderr, status } = spawnSync(command!, args, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^define .*@shown\(/m);
  const parts = new Map(
    stderr.split(/^part /m).slice(1).map((text) => {
      const end = text.indexOf("\n");
      return [text.slice(0, end), text.slice(end + 1)];
    }),
  );
  for (const [part, telling] of PRINTED) assert.match(parts.get(part) ?? "", telling, part);
});

/** Makes a kernel source tree of a few files, with a struct that no kernel has. */
function makeTree(path: string): void {
  const files = {
    "linux/kconfig.h": `${BASE}#define LINUX_VERSION_CODE KERNEL_VERSION(6, 1, 0)\n`,
    "linux/made_up.h": "struct made_up { u64 first, second; };\n#define MADE_UP 1009\n",
  };
  const empty = ["linux/types.h", "linux/bpf_common.h", "linux/log2.h", "linux/version.h"]
    .concat("uapi/linux/bpf.h", "uapi/linux/if_packet.h", "uapi/linux/ptrace.h", "asm/page.h")
    .concat("uapi/linux/if_ether.h").map((name) => [name, ""] as const);
  for (const [name, text] of [...Object.entries(files), ...empty]) {
    const file = `${path}/include/${name}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const MADE_UP = `#include <linux/made_up.h>
BPF_ARRAY(values, struct made_up, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct made_up value = { .second = MADE_UP };
  int zero = 0;
  values.update(&zero, &value);
  return 0;
}`;

test("compiled headers: those of a folder are used, by option and as the system's", () => {
  using folder = new Folder();
  makeTree(folder.path);
  const check = (bpf: Bpf) => {
    bpf.attach();
    callGetppid(1);
    assert.deepEqual(bpf.map("values").get(0), { first: 0n, second: 1009n });
    bpf.close();
  };
  check(Bpf.compile(MADE_UP, { headers: folder.path }));
  assert.throws(() => Bpf.compile(MADE_UP, { headers: "btf" }), CompileError);
  using _variable = withEnvironment("BCC_KERNEL_SOURCE", folder.path);
  check(Bpf.compile(MADE_UP, { headers: "system" }));
  check(Bpf.compile(MADE_UP));
});

test("compiled headers: options of the kernel, its macros and its functions", () => {
  using bpf = Bpf.compile(
    `#include <linux/fs.h>
#include <linux/dcache.h>
#include <linux/kdev_t.h>
BPF_ARRAY(values, u64, 16);
BPF_STACK_TRACE(stacks, 1000);
static void note(int slot, u64 value) { values.update(&slot, &value); }
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;
#if IS_ENABLED(CONFIG_BPF_SYSCALL) && !IS_ENABLED(CONFIG_NO_SUCH_OPTION)
  note(0, 1);
#endif
#if defined(CONFIG_HZ) && CONFIG_HZ >= 100
  note(1, CONFIG_HZ);
#endif
  note(2, TASK_COMM_LEN + NAME_MAX + PATH_MAX);
  note(3, DNAME_INLINE_LEN);
  note(4, sizeof(((struct dentry *)0)->d_iname));
  note(5, S_ISREG(0100644) + S_ISDIR(0100644) * 2);
  note(6, MAJOR(MKDEV(8, 17)) * 1000 + MINOR(MKDEV(8, 17)));
  note(7, BIT(5) | BIT_ULL(40));
  note(8, ntohs(0x1234) + ntohl(0x12345678) + bpf_ntohs(0x1234));
  note(9, div_u64(1009, 10));
  note(10, (O_CREAT | O_TRUNC | O_CLOEXEC) + EPROTONOSUPPORT);
  note(11, offsetof(struct dentry, d_parent) == offsetofend(struct dentry, d_hash));
  return 0;
}`,
    { cflags, headers: "btf" },
  );
  bpf.attach();
  callGetppid(1);
  const values = [...bpf.map("values", u32, u64.asNumber).values()];
  assert.equal(values[0], 1);
  assert.ok(values[1]! >= 100);
  assert.deepEqual(values.slice(2, 3), [16 + 255 + 4096]);
  assert.ok(values[3] === values[4] && values[3]! >= 32);
  assert.deepEqual(values.slice(5, 12), [
    1,
    8017,
    2 ** 40 + 32,
    0x3412 + 0x78563412 + 0x3412,
    100,
    0o2001100 + 93,
    1,
  ]);
});
