import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import {
  btfTracepoint,
  cast,
  comm,
  currentTask,
  fentry,
  fexit,
  has,
  hash,
  iterator,
  kernel,
  kernelNumber,
  kernelString,
  kprobe,
  kretprobe,
  lsm,
  modifyReturn,
  pid,
  ringBuffer,
  signed,
  tid,
  tracepoint,
  uprobe,
  userNumber,
} from "../../kernel.ts";
import { bool, Bpf, chars, i32, i64, struct, u32, u64 } from "../../mod.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { Folder, Workload } from "../support/workload.ts";

/** The number after a name in /proc/self/status. */
const status = (name: string) =>
  Number(
    new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(readFileSync("/proc/self/status", "utf8"))![1],
  );

test("structs of the kernel are read by this kernel's BTF", () => {
  const globals = {
    target: u32,
    tgid: i32,
    parent: i32,
    grandparent: i32,
    same: bool,
    named: bool,
    nobody: u64,
    isThere: bool,
    execve: u32,
    uid: u32,
    ns: u64,
    name: chars(16),
  };
  const code = kernel({ globals }, {
    enter: tracepoint("syscalls/sys_enter_getppid", (_, out) => {
      if (pid() !== out.target) return;
      const task = currentTask();
      out.tgid = task.tgid;
      out.parent = task.real_parent.tgid;
      const parent = task.real_parent;
      out.grandparent = parent.real_parent.tgid;
      out.same = task.real_parent === parent && parent !== task;
      out.named = task.comm === comm();
      out.nobody = task.bio_list.head;
      out.isThere = task.mm !== undefined && task.bio_list === undefined;
      out.execve = task.in_execve;
      out.uid = task.cred.uid.val;
      out.ns = kernelNumber(task.real_cred, 32);
      out.name = task.group_leader.comm;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  callGetppid(1);
  const value = (name: keyof typeof globals) => bpf.global(name).value;
  assert.equal(value("tgid"), process.pid);
  assert.equal(value("parent"), process.ppid);
  assert.equal(
    value("grandparent"),
    Number(
      /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${process.ppid}/status`, "utf8"))![1],
    ),
  );
  assert.equal(value("same"), true);
  assert.equal(value("named"), true);
  assert.equal(value("nobody"), 0n);
  assert.equal(value("isThere"), true);
  assert.equal(value("execve"), 0);
  assert.equal(value("uid"), status("Uid"));
  assert.equal(value("name"), readFileSync(`/proc/self/comm`, "utf8").trim());
});

test("has() is decided when compiling, and what it rules out need not exist", () => {
  const code = kernel({ globals: { target: u32, state: i64, old: bool, none: u32, format: u32 } }, {
    enter: tracepoint("syscalls/sys_enter_getppid", (ctx, out) => {
      if (pid() !== out.target) return;
      const task = currentTask();
      out.state = has(task, "__state") ? task.__state : task.state;
      out.old = has("struct task_struct", "state");
      if (has(task.real_parent, "no_such_field")) out.none = task.real_parent.no_such_field;
      else out.none = 7;
      out.format = has(ctx, "__syscall_nr") && !has(ctx, "no_such") ? 1 : 2;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid, state: 5n } });
  bpf.attach();
  callGetppid(1);
  assert.equal(bpf.global("state").value, 0n);
  assert.equal(bpf.global("old").value, false);
  assert.equal(bpf.global("none").value, 7);
  assert.equal(bpf.global("format").value, 1);
});

test("BTF tracepoints give the kernel's own arguments with their types", async () => {
  const Switch = struct("switched", { from: i32, to: i32, name: chars(16), preempted: bool });
  const code = kernel({ maps: { switches: ringBuffer(Switch) }, globals: { target: i32 } }, {
    switches: btfTracepoint("sched_switch", ({ prev, next, preempt }, { switches, target }) => {
      if (next.tgid !== target) return;
      switches.emit({ from: prev.pid, to: next.pid, name: next.comm, preempted: preempt });
    }),
  });
  await using script = await Script.start("/bin/sleep 0.01; :");
  using bpf = Bpf.load(code, { globals: { target: script.pid } });
  using switches = bpf.events("switches");
  bpf.attach();
  await script.go();
  const seen: string[] = [];
  switches.drain((event) => {
    assert.equal(event.to, script.pid);
    assert.notEqual(event.from, script.pid);
    seen.push(event.name);
  });
  assert.ok(seen.length > 0);
  assert.ok(seen.every((name) => name === "bash"), seen.join());
});

test("cast() takes an address for a struct of the kernel", () => {
  const code = kernel({ globals: { target: u32, tgid: i32, calls: u64 } }, {
    enter: btfTracepoint("sys_enter", ({ args }, out) => {
      if (pid() !== out.target) return;
      out.calls += 1n;
      const [regs, number] = args;
      const GETPGID = 121;
      if (number === GETPGID && cast(regs, "struct pt_regs").di === 0) {
        const task = cast(kernelNumber(0) + currentTask(), "struct task_struct");
        out.tgid = task.tgid;
      }
    }),
  });
  if (process.arch !== "x64") return;
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  callGetpgid(1);
  assert.equal(bpf.global("tgid").value, process.pid);
});

test("memory of the process is read as numbers", async () => {
  const [path] = Workload.command();
  const code = kernel({ globals: { count: u64, first: u64, byte: u64, none: u64 } }, {
    enter: uprobe({ path: path!, symbol: "main" }, ({ args }, out) => {
      out.count = args[0]!;
      const first = userNumber(args[1]!);
      out.first = first;
      out.byte = userNumber(first, 8);
      out.none = userNumber(8n, 32);
    }),
  });
  using bpf = Bpf.load(code, { globals: { none: 5n } });
  bpf.attach();
  await using workload = await Workload.start();
  await workload.go();
  assert.ok(bpf.global("count").value > 0n);
  assert.notEqual(bpf.global("first").value, 0n);
  assert.equal(bpf.global("byte").value, BigInt(path!.charCodeAt(0)));
  assert.equal(bpf.global("none").value, 0n);
});

test("iterators go over the kernel's objects", () => {
  const Task = struct("task", { pid: i32, tgid: i32, comm: chars(16) });
  const code = kernel({ maps: { tasks: hash(i32, Task) }, globals: { ends: u64, last: u64 } }, {
    tasks: iterator("task", ({ task, meta }, out) => {
      if (task === undefined) {
        out.ends += 1n;
        out.last = meta.seq_num;
        return;
      }
      out.tasks.set(task.pid, { pid: task.pid, tgid: task.tgid, comm: task.comm });
    }, { pid: process.pid }),
  });
  using bpf = Bpf.load(code);
  const link = bpf.program("tasks").attach();
  assert.equal(link.text(), "");
  const own = bpf.map("tasks").get(process.pid);
  const name = readFileSync("/proc/self/comm", "utf8").trim();
  assert.deepEqual(own, { pid: process.pid, tgid: process.pid, comm: name });
  assert.equal(bpf.global("ends").value, 1n);
  for (const [, task] of bpf.map("tasks")) assert.equal(task.tgid, process.pid);
});

const fentryName = "fentry and fexit give parameters and results by name";
test(fentryName, { skip: requires(fentryName, "fentry") }, () => {
  const globals = { target: u32, calls: u64, group: u64, argument: i32, wrong: u64 };
  const code = kernel({ globals }, {
    enter: fentry("__x64_sys_getpgid", ({ regs }, out) => {
      if (pid() === out.target && regs.di === 0) out.calls += 1n;
    }),
    leave: fexit("__x64_sys_getpgid", ({ regs, returned }, out) => {
      if (pid() !== out.target) return;
      if (returned !== signed(returned)) out.wrong += 1n;
      out.group = returned;
      out.argument = regs.di;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid, argument: 3 } });
  bpf.attach();
  const group = callGetpgid(5);
  assert.equal(bpf.global("calls").value, 5n);
  assert.equal(bpf.global("group").value, group);
  assert.equal(bpf.global("argument").value, 0);
  assert.equal(bpf.global("wrong").value, 0n);
});

const kprobeName = "kprobes and kretprobes give parameters by name, and results";
test(kprobeName, { skip: requires(kprobeName, "kprobe") }, () => {
  const globals = { target: u32, calls: u64, group: u64, raw: u64, thread: u32 };
  const code = kernel({ globals }, {
    enter: kprobe("__x64_sys_getpgid", ({ regs, args, ip }, out) => {
      if (pid() !== out.target || ip === 0n) return;
      if (regs.di === 0 && regs === cast(args[0], "struct pt_regs")) out.calls += 1n;
      out.thread = tid();
    }),
    leave: kretprobe("__x64_sys_getpgid", (returned, out) => {
      if (pid() === out.target) out.group = returned;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  const group = callGetpgid(5);
  assert.equal(bpf.global("calls").value, 5n);
  assert.equal(bpf.global("group").value, group);
});

const modifyName = "a program makes a function of the kernel fail, and lets it be";
test(modifyName, { skip: requires(modifyName, "fentry") }, () => {
  using folder = new Folder();
  const code = kernel({ globals: { target: u32, asked: u64 } }, {
    make: modifyReturn("security_inode_mkdir", ({ dentry, returned }, out) => {
      if (pid() !== out.target || kernelString(dentry.d_name.name) !== "refused") return 0;
      out.asked += 1n;
      return returned === 0 ? -28 : 0;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  mkdirSync(`${folder.path}/made`);
  assert.throws(() => mkdirSync(`${folder.path}/refused`), /ENOSPC|no space/i);
  assert.equal(bpf.global("asked").value, 1n);
  const other = kernel({}, { fail: modifyReturn("vfs_read", () => -1) });
  assert.throws(() => Bpf.load(other), /Cannot load .*this kernel does not let programs change/);
});

const lsmName = "LSM programs allow and forbid";
test(lsmName, { skip: requires(lsmName, "lsm") }, () => {
  const code = kernel({ globals: { target: u32, asked: u64 } }, {
    open: lsm("file_open", ({ file }, out) => {
      if (pid() !== out.target || file.f_path.dentry.d_parent === undefined) return 0;
      out.asked += 1n;
      return file.f_flags === 0o2000000 ? 0 : -1;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: 0 } });
  bpf.attach();
  readFileSync("/proc/self/comm");
  bpf.global("target").value = process.pid;
  assert.throws(() => readFileSync("/etc/hostname"), /EPERM|operation not permitted/);
  bpf.global("target").value = 0;
  assert.ok(bpf.global("asked").value > 0n);
});
