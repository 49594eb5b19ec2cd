import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  comm,
  currentTask,
  hash,
  histogram,
  kernel,
  perfBuffer,
  perfEvent,
  pid,
  print,
  rawTracepoint,
  ringBuffer,
  stackTraces,
  tracepoint,
  unsigned,
  uprobe,
  uretprobe,
  userString,
} from "../../kernel.ts";
import { pageSize } from "../../ffi/libc/mmap.ts";
import { Bpf, chars, i32, i64, struct, u32, u64, unpin } from "../../mod.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { Script } from "../support/script.ts";
import { Workload } from "../support/workload.ts";

const Open = struct("open", { pid: u32, comm: chars(16), flags: i32, path: chars(64) });

const opens = kernel({ maps: { events: ringBuffer(Open) }, globals: { target: u32 } }, {
  enter: tracepoint("syscalls/sys_enter_openat", (ctx, { events, target }) => {
    if (target !== 0 && pid() !== target) return;
    events.emit({ pid: pid(), comm: comm(), flags: ctx.flags, path: userString(ctx.filename) });
  }),
});

test("a tracepoint's events arrive with their types, of the process asked for only", async () => {
  await using script = await Script.start("for i in 1 2 3; do : </dev/null/$i; done 2>/dev/null");
  await using other = await Script.start(": </dev/null/other 2>/dev/null");
  using bpf = Bpf.load(opens, { globals: { target: script.pid } });
  using events = bpf.events("events");
  bpf.attach();
  await other.go(1).catch(() => {});
  await script.go(1).catch(() => {});
  const seen: string[] = [];
  events.drain((open) => {
    assert.equal(open.pid, script.pid);
    assert.equal(open.comm, "bash");
    if (open.path.startsWith("/dev/null/")) seen.push(open.path);
  });
  assert.deepEqual(seen, ["/dev/null/1", "/dev/null/2", "/dev/null/3"]);
  assert.equal(events.dropped, 0);
});

test("events that a buffer has no room for are counted", () => {
  const bytes = pageSize();
  const calls = bytes / 256 + 24;
  const small = kernel(
    {
      maps: { events: ringBuffer(struct("wide", { text: chars(256) }), { bytes }) },
      globals: { target: u32 },
    },
    {
      enter: tracepoint("syscalls/sys_enter_getppid", (_, { events, target }) => {
        if (pid() === target) events.emit({ text: "x" });
      }),
    },
  );
  using bpf = Bpf.load(small, { globals: { target: process.pid } });
  using events = bpf.events("events");
  bpf.attach();
  callGetppid(calls);
  let count = 0;
  events.drain(() => count++);
  assert.ok(count > 0 && count < calls);
  assert.equal(count + events.dropped!, calls);
});

test("texts of varying length are read where the record says", async () => {
  const Exec = struct("exec", { pid: u32, file: chars(64) });
  const code = kernel({ maps: { events: perfBuffer(Exec) } }, {
    exec: tracepoint("sched/sched_process_exec", ({ filename, pid: task }, { events }) => {
      if (filename === "/usr/bin/true") events.emit({ pid: task, file: filename });
    }),
  });
  await using script = await Script.start("/usr/bin/true; exec /usr/bin/true");
  using bpf = Bpf.load(code);
  using events = bpf.events("events");
  bpf.attach();
  await script.go();
  let own = 0;
  for await (const event of events) {
    assert.equal(event.file, "/usr/bin/true");
    if (event.pid !== script.pid) continue;
    own++;
    break;
  }
  assert.equal(own, 1);
});

test("raw tracepoints give the kernel's own arguments", () => {
  const GETPPID = process.arch === "arm64" ? 173n : 110n;
  const code = kernel({
    globals: { target: u32, calls: u64, others: u64 },
    constants: { GETPPID },
  }, {
    enter: rawTracepoint("sys_enter", ({ args: [_, number] }, out) => {
      if (pid() !== out.target) return;
      if (number === out.GETPPID) out.calls += 1n;
      else out.others += 1n;
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  callGetppid(7);
  const calls = bpf.global("calls").value;
  assert.equal(calls, 7n);
});

test("uprobes and uretprobes see arguments and results", () => {
  const code = kernel({
    maps: { results: hash(i64, u64) },
    globals: { calls: u64, argument: u64 },
  }, {
    enter: uprobe({ library: "c", symbol: "getpgid", pid: process.pid }, (ctx, out) => {
      out.calls += 1n;
      out.argument = ctx.args[0]!;
    }),
    leave: uretprobe({ library: "c", symbol: "getpgid", pid: process.pid }, (returned, out) => {
      out.results.increment(returned);
    }),
  });
  using bpf = Bpf.load(code);
  bpf.attach();
  // This makes the system call without calling the traced function: nothing is counted.
  callGetpgid(3);
  assert.equal(bpf.global("calls").value, 0n);
  assert.deepEqual([...bpf.map("results")], []);
});

test("uprobes count the calls of a program", async () => {
  const [path] = Workload.command();
  const code = kernel({ globals: { calls: u64, returned: u64 } }, {
    enter: uprobe({ path: path!, symbol: "main" }, (_, out) => out.calls += 1n),
    leave: uretprobe({ path: path!, symbol: "main" }, (code, out) => {
      if (code === 0n) out.returned += 1n;
    }),
  });
  using bpf = Bpf.load(code);
  bpf.attach();
  await using workload = await Workload.start();
  await workload.go();
  assert.deepEqual([bpf.global("calls").value, bpf.global("returned").value], [1n, 1n]);
});

test("perf events sample with their stacks", () => {
  const code = kernel({
    maps: { stacks: stackTraces(), ids: hash(i64, u64), periods: histogram() },
    globals: { target: u32 },
  }, {
    sample: perfEvent(
      { event: "cpu-clock", frequency: 999 },
      ({ ip, period }, { stacks, ids, periods, target }) => {
        if (pid() !== target || ip === 0n) return;
        ids.increment(stacks.user());
        periods.record(period);
      },
    ),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  bpf.attach();
  const samples = () => [...bpf.map("ids")].reduce((sum, [, count]) => sum + count, 0n);
  while (samples() < 5n) for (let i = 0; i < 1e5; i++) Math.sqrt(i);
  for (const link of bpf.links) link.close();
  const known = [...bpf.map("ids")].find(([id]) => id >= 0n);
  assert.ok(known, "at least one stack could be read");
  const frames = [...bpf.stacks("stacks").get(Number(known[0])) ?? []];
  assert.ok(frames.length > 0);
  const recorded = [...bpf.map("periods")].reduce((sum, [, count]) => sum + count, 0n);
  assert.equal(recorded, samples());
});

test("nothing stays behind when kernel code is closed or cannot attach", () => {
  const before = held();
  {
    using bpf = Bpf.load(opens);
    bpf.attach();
    assert.notDeepEqual(held(), before);
  }
  assert.deepEqual(held(), before);
  const code = kernel({ globals: { seen: u32 } }, {
    one: tracepoint("sched/sched_switch", (_, out) => out.seen += 1),
    lost: tracepoint("sched/sched_no_such", (ctx, out) => out.seen = ctx.pid),
  });
  assert.throws(() => Bpf.load(code), {
    name: "BpfError",
    message: 'Cannot compile program "lost" for tracepoint sched/sched_no_such: No such file or ' +
      "directory (ENOENT): this kernel has no tracepoint sched/sched_no_such; list them in " +
      "/sys/kernel/tracing/events",
  });
  assert.deepEqual(held(), before);
});

test("the programs to load are chosen by name, and maps by size", () => {
  const code = kernel({ maps: { counts: hash(u32, u64) } }, {
    one: tracepoint("syscalls/sys_enter_getppid", (_, { counts }) => counts.increment(1)),
    two: tracepoint("syscalls/sys_enter_getppid", (_, { counts }) => counts.increment(2)),
  });
  using bpf = Bpf.load(code, { programs: { two: false }, maps: { counts: { maxEntries: 3 } } });
  assert.deepEqual([...bpf.programs.keys()], ["one"]);
  bpf.attach();
  callGetppid(1);
  assert.deepEqual([...bpf.map("counts")].map(([key]) => key), [1]);
  assert.throws(() => Bpf.load(code, { programs: { three: false } }), /it has one, two/);
  assert.throws(
    () => Bpf.load(code, { globals: { three: 1 } }),
    /Cannot find global variable "three"/,
  );
});

test("a map of another program is used by its pin, where it is of the same shape", () => {
  const folder = mkdtempSync("/sys/fs/bpf/ts-bcc-");
  const pinned = join(folder, "counts");
  const code = kernel({ maps: { counts: hash(u32, u64) }, globals: { target: u32 } }, {
    count: tracepoint("syscalls/sys_enter_getppid", (_, { counts, target }) => {
      if (pid() === target) counts.increment(1);
    }),
  });
  const wide = kernel({ maps: { counts: hash(u32, u32) } }, {});
  const globals = { target: process.pid };
  try {
    using first = Bpf.load(code, { globals, maps: { counts: { maxEntries: 5 } } });
    first.map("counts").pin(pinned);
    using second = Bpf.load(code, { globals, maps: { counts: { pinned } } });
    second.attach();
    callGetppid(4);
    assert.equal(first.map("counts").get(1), 4n);
    assert.equal(second.map("counts").maxEntries, 5);
    const before = held();
    assert.throws(() => Bpf.load(wide, { maps: { counts: { pinned } } }), {
      name: "BpfError",
      message: `Cannot use the map pinned at "${pinned}" as "counts" of object "kernel code": ` +
        "Invalid argument (EINVAL): it is a HASH map with keys of 4 bytes and values of 8 bytes: " +
        "expected a HASH map with keys of 4 bytes and values of 4 bytes",
    });
    assert.deepEqual(held(), before);
  } finally {
    unpin(pinned);
    rmdirSync(folder);
  }
});

test("print makes lines of templates and values, in the order they were printed", () => {
  const code = kernel({ globals: { target: u32 } }, {
    enter: tracepoint("syscalls/sys_enter_getpgid", (ctx, { target }) => {
      if (pid() !== target) return;
      const isOwn = ctx.pid === 0;
      print(`${comm()} asks ${ctx.pid}, ${isOwn} ${-5n}${"!"} ${unsigned(-1n)}`);
      print("values:", pid(), currentTask().comm, isOwn);
      print("a fixed line");
      if (currentTask() !== undefined) print(currentTask());
    }),
  });
  using bpf = Bpf.load(code, { globals: { target: process.pid } });
  using lines = bpf.events("print");
  bpf.attach();
  callGetpgid(2);
  const seen: string[] = [];
  lines.drain((line) => seen.push(String(line)));
  const comms = readFileSync("/proc/thread-self/comm", "utf8").trim();
  const once = [
    `${comms} asks 0, true -5! 18446744073709551615`,
    `values: ${process.pid} ${comms} true`,
    "a fixed line",
  ];
  assert.deepEqual([...seen.slice(0, 3), ...seen.slice(4, 7)], [...once, ...once]);
  assert.match(seen[3]!, /^0xffff[0-9a-f]{12}$/);
  assert.equal(lines.dropped, 0);
});

test("print leaves the name to a map that has it, and says so", () => {
  const code = kernel({ maps: { print: hash(u32, u64) } }, {
    enter: tracepoint("syscalls/sys_enter_getpgid", () => print("x")),
  });
  assert.throws(() => Bpf.load(code), /print\(\) needs the name print for its buffer/);
});
