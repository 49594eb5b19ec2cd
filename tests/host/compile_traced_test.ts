import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmdirSync } from "node:fs";
import { test } from "node:test";
import {
  Bpf,
  i64,
  type Link,
  struct,
  syscallFunction,
  u32,
  u64,
  VerifierError,
} from "../../mod.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";
import { Folder } from "../support/workload.ts";

const EXDEV = 18;
const GETPGID = syscallFunction("getpgid");

/** Counts what this process does, by program. */
const TRACED = `
BPF_HASH(calls, u32, u64);
BPF_ARRAY(results, s64, 1);
static int add(u32 program) {
  if (bpf_get_current_pid_tgid() >> 32 == ${process.pid}) calls.increment(program);
  return 0;
}
KFUNC_PROBE(${GETPGID}, const struct pt_regs *regs) { return add(1); }
KRETFUNC_PROBE(${GETPGID}, const struct pt_regs *regs, long result) {
  s64 value = result;
  if (bpf_get_current_pid_tgid() >> 32 == ${process.pid}) results.atomic_increment(0, value);
  return add(2);
}
KMOD_RET(security_inode_mkdir, struct inode *folder, struct dentry *entry, int mode, int result) {
  if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
  add(3);
  return -${EXDEV};
}
LSM_PROBE(inode_mkdir, struct inode *folder, struct dentry *entry, umode_t mode) {
  if (bpf_get_current_pid_tgid() >> 32 != ${process.pid}) return 0;
  add(4);
  return -1;
}`;

/**
 * Programs that make mkdir(2) of this process fail: how many calls, the program's number, and the
 * error.
 */
const MKDIR = [
  ["kmod_ret__security_inode_mkdir", 13, 3, /EXDEV/],
  ["lsm__inode_mkdir", 17, 4, /EPERM/],
] as const;

const TRACED_TEST = "compiled fentry, fexit, fmod_ret and LSM: count exactly, change results";
test(TRACED_TEST, { skip: requires(TRACED_TEST, "fentry", "lsm") }, () => {
  using folder = new Folder();
  using bpf = Bpf.compile(TRACED);
  const calls = bpf.map("calls", u32, u64);
  const counted = (section: string, run: () => void) => {
    run();
    // Newer versions of libbcc put the module's name into the program's name, so find it by its
    // section.
    const program = [...bpf.programs.values()].find((each) => each.section === section)!;
    const link = program.attach();
    run();
    link.close();
    run();
    const result = [...calls];
    calls.clear();
    return result;
  };
  const pgid = callGetpgid(1);
  assert.deepEqual(counted(`kfunc/${GETPGID}`, () => callGetpgid(101)), [[1, 101n]]);
  assert.deepEqual(counted(`kretfunc/${GETPGID}`, () => callGetpgid(7)), [[2, 7n]]);
  assert.equal(bpf.map("results", u32, i64).get(0), 7n * pgid);
  // Debian's kernels allow fmod_ret only on security hooks.
  for (const [name, times, program, error] of MKDIR) {
    using link = bpf.program(name).attach();
    assert.equal(
      link.description,
      name.replace("kmod_ret__", "fmod_ret ").replace("lsm__", "LSM "),
    );
    for (let i = 0; i < times; i++) assert.throws(() => mkdirSync(`${folder.path}/denied`), error);
    assert.deepEqual([...calls], [[program, BigInt(times)]]);
    calls.clear();
  }
  mkdirSync(`${folder.path}/allowed`);
  rmdirSync(`${folder.path}/allowed`);
  assert.deepEqual([...calls], []);
});

const PROBES = `
BPF_HASH(calls, u32, u64);
BPF_HASH(arguments, s64, u64);
static int add(u32 program) {
  if (bpf_get_current_pid_tgid() >> 32 == ${process.pid}) calls.increment(program);
  return 0;
}
int entered(struct pt_regs *ctx) { return add(1); }
int returned(struct pt_regs *ctx) { return add(2); }
int syscall__getpgid(struct pt_regs *ctx, int pid) {
  s64 argument = pid;
  if (bpf_get_current_pid_tgid() >> 32 == ${process.pid}) arguments.increment(argument);
  return 0;
}`;

const PROBES_TEST =
  "compiled kprobes: by pattern, with room for returns, a system call by its name";
test(PROBES_TEST, { skip: requires(PROBES_TEST, "kprobe") }, () => {
  using bpf = Bpf.compile(PROBES);
  const [entered, returned] = [bpf.program("entered"), bpf.program("returned")];
  const calls = bpf.map("calls", u32, u64);
  const pattern = new RegExp(`^${syscallFunction("getp[pg]id")}$`);
  const targets = [syscallFunction("getpgid"), syscallFunction("getppid")];
  const links = [entered.attachKprobe(pattern), returned.attachKretprobe(pattern)];
  for (const link of links) assert.deepEqual([...link.targets].sort(), targets);
  // kprobe.multi makes one link for all functions; without it there is a perf event for each.
  const multi = requires("", "kprobeMulti") === false;
  for (const link of links) assert.equal(link.fd !== undefined, multi);
  callGetppid(101);
  callGetpgid(13);
  for (const link of links) link.close();
  callGetppid(5);
  assert.deepEqual([...calls].sort(), [[1, 114n], [2, 114n]]);
  calls.clear();
  {
    using _room = returned.attachKretprobe(syscallFunction("getppid"), { maxActive: 100 });
    callGetppid(7);
  }
  callGetppid(5);
  assert.deepEqual([...calls], [[2, 7n]]);
  {
    using _unwrapped = bpf.program("syscall__getpgid").attachKprobe(syscallFunction("getpgid"));
    callGetpgid(11);
  }
  assert.deepEqual([...bpf.map("arguments", i64, u64)], [[0n, 11n]]);
});

const Entry = struct("entry_t", { key: u32, value: u64 });
const Task = struct("task_line", { tgid: u32, tid: u32 });

test("compiled iterator: writes a line or a record for each task, of one process on request", () => {
  using bpf = Bpf.compile(`
struct task_line { u32 tgid; u32 tid; };
BPF_ITER(task) {
  struct seq_file *seq = ctx->meta->seq;
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  char format[] = "task %d of %d\\n";
  u64 arguments[] = { task->pid, task->tgid };
  bpf_seq_printf(seq, format, sizeof(format), arguments, sizeof(arguments));
  return 0;
}
BPF_ITER(task_file) {
  struct seq_file *seq = ctx->meta->seq;
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  struct task_line line = { .tgid = task->tgid, .tid = task->pid };
  bpf_seq_write(seq, &line, sizeof(line));
  return 0;
}`);
  const before = held();
  const links = bpf.attach();
  assert.deepEqual(links.map((link) => link.description), ["iterator task", "iterator task_file"]);
  const line = new RegExp(`^task ${process.pid} of ${process.pid}$`, "gm");
  assert.equal(links[0]!.text().match(line)?.length, 1);
  assert.equal(links[0]!.text().match(line)?.length, 1);
  const records = links[1]!.bytes();
  assert.equal(records.length % Task.size, 0);
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  const tasks = Array.from(
    { length: records.length / Task.size },
    (_, i) => Task.read(view, i * Task.size),
  );
  assert.ok(tasks.filter(({ tgid }) => tgid === process.pid).length > 2); // one record for each descriptor
  for (const link of links) link.close();
  assert.throws(() => links[0]!.text(), /Cannot read iterator task: it is closed/);
  assert.deepEqual(held(), before);
});

const entryRows = (link: Link) => {
  const records = link.bytes();
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  const count = records.length / Entry.size;
  return Array.from({ length: count }, (_, i) => Entry.read(view, i * Entry.size))
    .sort((a, b) => a.key - b.key);
};

const MAP_ITERATOR = "compiled iterator: goes over one map, and says so when none is named";
test(MAP_ITERATOR, { skip: requires(MAP_ITERATOR, "mapIterator") }, () => {
  using bpf = Bpf.compile(`
struct entry_t { u32 key; u64 value; };
BPF_HASH(visited, u32, u64, 64);
BPF_HASH(other, u32, u64, 64);
BPF_ITER(bpf_map_elem) {
  struct seq_file *seq = ctx->meta->seq;
  u32 *key = ctx->key;
  u64 *value = ctx->value;
  struct entry_t entry = {};
  if (!key || !value) return 0;
  entry.key = *key;
  entry.value = *value;
  bpf_seq_write(seq, &entry, sizeof(entry));
  return 0;
}`);
  const visited = bpf.map("visited", u32, u64);
  visited.setAll(Array.from({ length: 13 }, (_, i) => [i, BigInt(i * 1009)]));
  bpf.map("other", u32, u64).set(99, 99n);
  const entries = bpf.program("bpf_iter__bpf_map_elem");
  using link = entries.attachIterator({ map: visited });
  const expected = Array.from({ length: 13 }, (_, key) => ({ key, value: BigInt(key * 1009) }));
  assert.deepEqual(entryRows(link), expected);
  visited.delete(0);
  assert.deepEqual(entryRows(link), expected.slice(1));
  assert.throws(
    () => entries.attachIterator(),
    /Cannot attach .* iterator .*bpf_map_elem: .*\(EBADF\): .*: name the map$/,
  );
});

test("compiled iterator: goes over one thread or the threads of one process", () => {
  using bpf = Bpf.compile(`
struct entry_t { u32 key; u64 value; };
BPF_ITER(task) {
  struct seq_file *seq = ctx->meta->seq;
  struct task_struct *task = ctx->task;
  if (!task) return 0;
  struct entry_t line = { .key = task->pid, .value = task->tgid };
  bpf_seq_write(seq, &line, sizeof(line));
  return 0;
}`);
  const tasks = bpf.program("bpf_iter__task");
  const threads = readdirSync("/proc/self/task").map(Number);
  const tid = threads.find((thread) => thread !== process.pid)!;
  {
    using link = tasks.attachIterator({ tid });
    assert.deepEqual(entryRows(link), [{ key: tid, value: BigInt(process.pid) }]);
  }
  {
    using link = tasks.attachIterator({ pid: process.pid });
    const found = entryRows(link);
    assert.ok(found.length > 1 && found.some(({ key }) => key === tid));
    assert.ok(found.every(({ value }) => value === BigInt(process.pid)));
  }
  assert.throws(() => tasks.attachIterator({ pid: 1, tid: 1 }), /expected one of map, pid and tid/);
});

test("compiled programs: a link that is no iterator has no text", () => {
  using bpf = Bpf.compile("int plain(void *ctx) { return 0; }");
  using event = bpf.program("plain").attachTracepoint("syscalls", "sys_enter_getppid");
  assert.throws(() => event.text(), /Cannot read tracepoint .*: this kind of link is no iterator/);
  using raw = bpf.program("plain").attachRawTracepoint("sys_enter");
  assert.throws(() => raw.text(), /Cannot read raw tracepoint sys_enter: .*\(EINVAL\): it is no/);
});

test("compiled programs: where results must not be overridden, the error says what it takes", () => {
  using bpf = Bpf.compile(`
int fail(struct pt_regs *ctx) {
  bpf_override_return(ctx, -12);
  return 0;
}`);
  assert.throws(
    () => bpf.program("fail").load("KPROBE"),
    (error: Error) =>
      error instanceof VerifierError &&
      / bpf_override_return#\d+ \(kprobes may, on a kernel built with CONFIG_BPF_KPROBE_OVERRIDE, /
        .test(error.message),
  );
});
