// The one-liners of bcc's tutorial and of the example texts of its trace and argdist, on known
// workloads. Kernel functions that no longer exist are replaced by their successors.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Disk } from "../support/disk.ts";
import { BLOCK_EVENTS, exactly } from "../support/hidden_events.ts";
import { run } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Traced {
  pid: number;
  func: string;
  message: string;
}

/** How often each function and message occurs in the rows of some processes. */
function tracedBy(rows: readonly Traced[], ...pids: number[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { pid, func, message } of rows) {
    if (!pids.includes(pid)) continue;
    const row = `${func} ${message}`;
    found[row] = (found[row] ?? 0) + 1;
  }
  return found;
}

interface Counted {
  record: string;
  probe: string;
  value: string;
  values: Record<string, string | number>;
  count: number;
  buckets: { low: number; count: number }[];
}

/** argdist's counts, by probe or by label of a histogram. */
function toldBy(rows: readonly Counted[]): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {};
  for (const row of rows) {
    if (row.record === "count") {
      (found[row.probe] ??= {})[Object.values(row.values).join(" ") || "total calls"] = row.count;
    } else if (row.record === "histogram") {
      found[`${row.probe} ${row.value}`] = Object.fromEntries(
        row.buckets.filter(({ count }) => count > 0).map(({ low, count }) => [low, count]),
      );
    }
  }
  return found;
}

const libc = () => Script.of([buildProgram("arguments.c"), "libc", "libc"]);

const TRACE = "one-liners of bcc's trace say what libc, bash and a disk did";
test(
  TRACE,
  { skip: requires(TRACE, "speed") },
  exactly(BLOCK_EVENTS, async (watch) => {
    await using target = await libc();
    using disk = new Disk();
    const { rdev } = statSync(disk.path);
    // dev_t in the kernel has 20 bits for the minor number, unlike that of stat(2).
    const device = (rdev >> 8) << 20 | rdev & 0xff;
    await using running = await startTool(
      "trace",
      ...["--json", "-T"],
      'c:open (arg2 == 42) "%s %d", arg1, arg2',
      'p:c:open (STRCMP("/tsbcc/test.txt", arg1)) "opening %s", arg1',
      'p:c:open(char *filename) "opened %s", filename',
      'c:malloc (arg1 > 1000000) "size = %d", arg1',
      'r:c:malloc (retval == 0) "malloc failed!"',
      'p:c:write (arg1 == 1) "writing %d bytes to STDOUT", arg3',
      'r:c:read ((int)retval < 0) "read failed: %d", retval',
      'r:c:write ((int)retval < 0) "write failed: %d", retval',
      'r:bash:readline "%s", retval',
      `t:block:block_rq_complete (args->dev == ${device} && args->rwbs[0] == 'W') "sectors=%d", args->nr_sector`,
    );
    watch();
    await target.go();
    await disk.write(17);
    const line = `echo typed for ${target.pid}`;
    await run(["bash", "-c", 'printf "%s\\nexit\\n" "$0" | bash -i', line]);
    const rows = rowsOf<Traced>(await stopTool(running));
    assert.deepEqual(tracedBy(rows, target.pid), {
      "open /tsbcc/test.txt 42": 3,
      "open opening /tsbcc/test.txt": 3,
      "open opened /tsbcc/test.txt": 3,
      "open opened /tsbcc/test.txt.old": 1,
      "malloc size = 1000003": 5,
      "write writing 11 bytes to STDOUT": 7,
      "write writing 44 bytes to STDOUT": 1,
      "write write failed: -1": 1,
      "read read failed: -1": 1,
    });
    const blocks = rows.filter(({ func }) => func === "block_rq_complete");
    assert.deepEqual(blocks.map(({ message }) => message), Array(17).fill("sectors=8"));
    assert.ok(rows.some(({ func, message }) => func === "readline" && message === line));
  }),
);

const ARGDIST = "one-liners of bcc's argdist count what libc was called with";
test(ARGDIST, { skip: requires(ARGDIST, "speed") }, async () => {
  await using target = await libc();
  await using running = await startTool(
    "argdist",
    ...["--json", "-i", "1000", "-p", String(target.pid), "-z", "120"],
    ...["-C", "p:c:malloc(size_t size):size_t:size:size==1000003"],
    ...["-H", "p:c:write(int fd, void *buf, size_t len):size_t:len:fd==1"],
    ...["-C", "p:c:puts(char *str):char*:str"],
    ...["-H", "r:c:read()"],
    ...["-C", 'r:c:open(char *file):u64:$latency > 0:STRCMP("/tsbcc/test.txt",$entry(file))#opens'],
    ...["-C", "p:c:write(int fd):int:fd"],
    ...["-C", "p:c:write():int:$PID#write per process"],
    ...["-C", "p:c:write(int fd, char* buf, size_t len):char*:buf:fd==99"],
    ...["-C", "p:c:fork()#fork calls"],
    ...["-H", "p:c:sleep(u32 seconds):u32:seconds"],
    ...["-H", "p:c:nanosleep(struct timespec64 *req):long:req->tv_nsec"],
    ...["-C", "t:syscalls:sys_exit_write():char*:$COMM"],
  );
  await target.go();
  const rows = rowsOf<Counted>(await stopTool(running));
  assert.deepEqual(toldBy(rows), {
    "p:c:malloc(size_t size):size_t:size:size==1000003": { 1000003: 5 },
    "p:c:write(int fd, void *buf, size_t len):size_t:len:fd==1 len": { 8: 7, 32: 1 },
    "p:c:puts(char *str):char*:str": { "Press ENTER to start.": 2 },
    "r:c:read() retval": { "-1": 1 },
    opens: { 1: 3 },
    "p:c:write(int fd):int:fd": { 1: 8, 2: 1, 99: 1 },
    "write per process": { [target.pid]: 10 },
    "p:c:write(int fd, char* buf, size_t len):char*:buf:fd==99": { bad: 1 },
    "fork calls": { "total calls": 2 },
    "p:c:sleep(u32 seconds):u32:seconds seconds": { 0: 1 },
    "p:c:nanosleep(struct timespec64 *req):long:req->tv_nsec req->tv_nsec": { 0: 1, 524288: 3 },
    "t:syscalls:sys_exit_write():char*:$COMM": { libc: 10 },
  });
});

const KERNEL = "one-liners of bcc's trace say what the kernel was asked for";
test(KERNEL, { skip: requires(KERNEL, "kprobe") }, async () => {
  await using target = await libc();
  await using reader = await Script.start(
    "exec dd if=/dev/zero of=/dev/null bs=1M count=4 status=none",
  );
  await using running = await startTool(
    "trace",
    "--json",
    'sys_execve "%s", arg1',
    'sys_read (arg3 > 20000) "read %d bytes", arg3',
    `do_sys_openat2 (STRCMP("/tsbcc/test.txt", arg2)) "%s", arg2@user`,
    'r::do_sys_openat2 "%llx", retval',
    'r::vfs_write (retval == 0) "nothing written!"',
    'p::__x64_sys_clock_nanosleep(int clock, int flags, struct __kernel_timespec *ts) "sleep for %lld ns", ts->tv_nsec',
    'p::vfs_write(struct file *file, char *buf, size_t count) (count == 11) "%d %d", count, $task->tgid == $tgid',
  );
  await target.go();
  await reader.go();
  const rows = rowsOf<Traced>(await stopTool(running));
  const found = tracedBy(rows, target.pid);
  assert.deepEqual(found, {
    "do_sys_openat2 /tsbcc/test.txt": 3,
    "do_sys_openat2 fffffffffffffffe": 4,
    "__x64_sys_clock_nanosleep sleep for 0 ns": 1,
    "__x64_sys_clock_nanosleep sleep for 1000001 ns": 3,
    "vfs_write 11 1": 7,
  });
  const read = tracedBy(rows, reader.pid);
  assert.equal(read["sys_read read 1048576 bytes"], 4);
  assert.equal(
    read["sys_execve /usr/bin/dd"] ?? read["sys_execve /bin/dd"],
    1,
    JSON.stringify(read),
  );
});
