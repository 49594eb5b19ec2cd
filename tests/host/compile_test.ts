// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Bpf, chars, CompileError, LayoutError, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { Folder } from "../support/workload.ts";

/** Counts this process's getppid(2) calls in several kinds of maps. */
const GETPPID = `
struct key_t { u32 pid; char label[16]; };
struct value_t { u64 calls; u8 odd; u32 last; };
BPF_HASH(counts, struct key_t, struct value_t);
BPF_ARRAY(total, u64, 1);
BPF_PERCPU_ARRAY(per_cpu, u64, 1);

TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct key_t key = { .label = "getppid" };
  struct value_t zero = {}, *value;
  int slot = 0;

  key.pid = bpf_get_current_pid_tgid() >> 32;
  if (key.pid != TARGET)
    return 0;
  value = counts.lookup_or_try_init(&key, &zero);
  if (value) {
    value->calls++;
    value->odd = value->calls & 1;
    value->last = value->calls * 3;
  }
  total.increment(slot);
  per_cpu.increment(slot);
  return 0;
}`;

const cflags = [`-DTARGET=${process.pid}`];

test("Bpf.compile() makes programs and maps that count exactly", () => {
  const before = held();
  {
    using bpf = Bpf.compile(GETPPID, { cflags });
    assert.deepEqual([...bpf.programs.keys()], ["tracepoint__syscalls__sys_enter_getppid"]);
    callGetppid(3);
    const [link] = bpf.attach();
    assert.equal(link!.description, "tracepoint syscalls/sys_enter_getppid");
    callGetppid(1009);
    link!.close();
    callGetppid(5);

    const Key = struct("key_t", { pid: u32, label: chars(16) });
    const key = { pid: process.pid, label: "getppid" };
    const value = { calls: 1009n, odd: 1, last: 3027 };
    assert.deepEqual([...bpf.map("counts")], [[key, value]]);
    const Value = struct("value_t", { calls: u64, odd: u32, last: u32 });
    assert.throws(() => bpf.map("counts", Key, Value), LayoutError);
    assert.deepEqual([...bpf.map("total", u32, u64).values()], [1009n]);
    const perCpu = [...bpf.perCpuMap("per_cpu", u32, u64).values()][0]!;
    assert.equal(perCpu.reduce((sum, each) => sum + each), 1009n);
  }
  assert.deepEqual(held(), before);
});

test("Bpf.compile() reads a file, and those it includes beside it", () => {
  using folder = new Folder();
  mkdirSync(`${folder.path}/more`);
  writeFileSync(`${folder.path}/limit.h`, '#include "more/value.h"\n');
  writeFileSync(`${folder.path}/more/value.h`, "#define LIMIT 7\n");
  const file = `${folder.path}/program.c`;
  writeFileSync(
    file,
    '#include "limit.h"\nBPF_ARRAY(slots, u64, LIMIT);\nint f(void *c) { return 0; }',
  );
  const here = process.cwd();
  using bpf = Bpf.compile({ file });
  assert.equal(bpf.map("slots", u32, u64).maxEntries, 7);
  assert.equal(process.cwd(), here);
});

test("Bpf.compile() and compileAsync() take no header from the current directory", async () => {
  using folder = new Folder();
  const here = process.cwd();
  mkdirSync(`${folder.path}/linux`);
  for (const name of ["linux/ptrace.h", "linux/sched.h", "linux/types.h", "own.h"]) {
    writeFileSync(`${folder.path}/${name}`, "#error taken from the current directory\n");
  }
  const text = "#include <linux/ptrace.h>\n#include <linux/sched.h>\nint f(void *c) { return 0; }";
  const own = `#include "own.h"\n${text}`;
  const file = `${folder.path}/program.c`;
  writeFileSync(file, text);
  process.chdir(folder.path);
  try {
    Bpf.compile(text, { headers: "btf" }).close();
    // Headers beside the file are not used either, except those that it includes in quotes.
    Bpf.compile({ file }, { headers: "btf" }).close();
    (await Bpf.compileAsync(text, { headers: "btf" })).close();
    assert.throws(() => Bpf.compile(own, { headers: "btf" }), /'own.h' file not found/);
    await assert.rejects(Bpf.compileAsync(own, { headers: "btf" }), /'own.h' file not found/);
    for (const flag of ["-I.", `-iquote${folder.path}`]) {
      const cflags = [flag];
      assert.throws(
        () => Bpf.compile(own, { cflags, headers: "btf" }),
        /taken from the current directory/,
      );
    }
    writeFileSync(file, own);
    assert.throws(() => Bpf.compile({ file }, { headers: "btf" }), /taken from the current/);
    assert.equal(process.cwd(), folder.path);
  } finally {
    process.chdir(here);
  }
});

test("Bpf.compile() removes its headers, also when it fails, and those left by the killed", () => {
  using folder = new Folder();
  const left = `${folder.path}/ts-bcc-headers-killed`;
  mkdirSync(left);
  utimesSync(left, 0, 0);
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder.path;
  try {
    Bpf.compile("int f(void *ctx) { return 0; }", { headers: "btf" }).close();
    assert.throws(() => Bpf.compile("int f(", { headers: "btf" }), CompileError);
    assert.deepEqual(readdirSync(folder.path), []);
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test("a program without a hook in its name wants to be attached by hand", () => {
  using bpf = Bpf.compile("int plain(void *ctx) { return 0; }");
  assert.deepEqual(bpf.attach(), []);
  assert.throws(() => bpf.program("plain").attach(), /its name tells no hook/);
  assert.throws(() => bpf.program("plain").fd, /it is not loaded yet/);
  assert.ok(bpf.program("plain").load("RAW_TRACEPOINT") > 2);
  assert.ok(bpf.program("plain").fd > 2);
});

test("a program that is closed while compileAsync() is under way is let go after it", async () => {
  const before = held();
  const closed = Bpf.compile(`BPF_ARRAY(slots, u64, 1);\n${GETPPID}`, { cflags });
  const job = Bpf.compileAsync(`BPF_ARRAY(slots, u64, 2);\n${GETPPID}`, { cflags });
  closed.close();
  assert.ok(held().length > before.length);
  using bpf = await job;
  assert.equal(bpf.map("slots", u32, u64).maxEntries, 2);
  bpf.close();
  assert.deepEqual(held(), before);
});

test("Bpf.compileAsync() lets the event loop go on and keeps the current directory", async () => {
  const here = process.cwd();
  let turns = 0;
  const timer = setInterval(() => {
    turns++;
    assert.equal(process.cwd(), here);
  }, 1);
  try {
    const jobs = [1, 2, 3].map((size) =>
      Bpf.compileAsync(`BPF_ARRAY(slots, u64, ${size});\n${GETPPID}`, { cflags })
    );
    assert.throws(() => Bpf.compile("int f(void *ctx) { return 0; }"), TypeError);
    for (const [i, job] of jobs.entries()) {
      using bpf = await job;
      assert.equal(bpf.map("slots", u32, u64).maxEntries, i + 1);
      using _link = bpf.attach()[0]!;
      callGetppid(101);
      assert.deepEqual([...bpf.map("total", u32, u64).values()], [101n]);
    }
    assert.ok(turns > 10, `the event loop turned only ${turns} times`);
  } finally {
    clearInterval(timer);
  }
  using again = Bpf.compile("int f(void *ctx) { return 0; }");
  assert.equal(again.programs.size, 1);
});

test("Bpf.compileAsync() rejects with the same errors", async () => {
  await assert.rejects(Bpf.compileAsync("int f("), CompileError);
});

test("events of a compiled text come typed through a ring buffer", () => {
  using bpf = Bpf.compile(
    `struct event { u64 sequence; u32 pid; char comm[16]; };
BPF_RINGBUF_OUTPUT(events, 8);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct event event = { .pid = bpf_get_current_pid_tgid() >> 32, .sequence = 7 };
  if (event.pid != TARGET) return 0;
  bpf_get_current_comm(&event.comm, sizeof(event.comm));
  events.ringbuf_output(&event, sizeof(event), 0);
  return 0;
}`,
    { cflags },
  );
  using events = bpf.events("events");
  bpf.attach();
  callGetppid(13);
  const pids: unknown[] = [];
  events.drain(({ pid, sequence }) => pids.push([pid, sequence]));
  assert.deepEqual(pids, Array(13).fill([process.pid, 7n]));
  const Wrong = struct("event", { sequence: u64, pid: u64, comm: chars(16) });
  assert.throws(() => bpf.events("events", Wrong), LayoutError);
});
