import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { buildUsdt, UsdtProcess } from "../support/usdt.ts";
import { Folder } from "../support/workload.ts";

interface Row {
  record: "count" | "histogram";
  probe: string;
  value: string;
  values: Record<string, string | number>;
  count: number;
  buckets: { low: number; high: number; count: number }[];
}

const program = () => buildProgram("arguments.c");

/** By label: how often each combination of values was counted. */
function counted(rows: readonly Row[]): Record<string, Record<string, number>> {
  const found: Record<string, Record<string, number>> = {};
  for (const { record, probe, values, count } of rows) {
    if (record !== "count") continue;
    (found[probe] ??= {})[Object.values(values).join(" ")] = count;
  }
  return found;
}

/** By label: the buckets of the histogram that are not empty, as [low, count]. */
function distributed(rows: readonly Row[]): Record<string, [number, number][]> {
  const histograms = rows.filter(({ record }) => record === "histogram");
  return Object.fromEntries(histograms.map(({ value, buckets }) => [
    value,
    buckets.filter(({ count }) => count > 0).map((
      { low, count },
    ): [number, number] => [low, count]),
  ]));
}

const COUNTS =
  "argdist counts and distributes arguments, results and expressions, and filters them";
test(COUNTS, { skip: requires(COUNTS, "speed") }, async () => {
  // A copy of the program, so that other tests' processes are not counted.
  using folder = new Folder();
  const path = join(folder.path, basename(program()));
  copyFileSync(program(), path);
  await using target = await Script.of([path]);
  await using other = await Script.of([path]);
  await using usdt = await UsdtProcess.start();
  const mine = `$PID==${target.pid}`;
  const take = "take(char a, u16 b, int c, u64 d, const char *text, struct timespec64 *pair)";
  const probes = [
    ...["-C", `p:${path}:negate(int number):int:number:${mine}#numbers`],
    ...[
      "-C",
      `p:${path}:negate(int number):int,bool:number > 3 ? -1 : 1,number==2:${mine} && number!=0#two`,
    ],
    ...["-C", `p:${path}:negate(int number):int:number:number>4#never`],
    ...[
      "-C",
      `p:${path}:${take}:u64,char*,char *:d,text,$COMM:${mine} && !STRCMP("plai",text)#texts`,
    ],
    ...["-C", `p:${path}:${take}:long:pair->tv_nsec:STRCMP("plain",text) && ${mine}#pair`],
    ...[
      "-C",
      `r:${path}:${take}:u64,s8,long:$retval,$entry(a),$entry(pair)->tv_nsec:${mine} && $latency>0#entry`,
    ],
    ...["-C", `r:${path}:factorial(long n):long,long:$entry(n),$retval:${mine}#recursive`],
    ...["-C", `r:${path}:factorial():long:$retval:${mine}#results`],
    ...["-C", `t:sched:sched_process_exit():int:args->pid:args->pid==${target.pid}#exit`],
    ...[
      "-C",
      `t:sched:sched_process_exit():char*:args->comm:STRCMP("tests-support-x",args->comm)#nobody`,
    ],
    ...["-C", `u:${buildUsdt()}:test:twice():int:arg1:$PID==${usdt.pid}#usdt`],
    ...["-C", `p:${path}:marked()#calls`],
    ...["-H", `p:${path}:negate(int number):int:number*1000:${mine}`],
    ...["-H", `r:${path}:negate(int number):long:$entry(number)-(int)$retval:${mine}#sums`],
    ...["-H", `r:${path}:negate(int number):int:$retval:${mine}#negative`],
    ...["-H", `r:${path}:negate(int number):u32:$retval:${mine}#unsigned`],
  ];
  const args = ["--json", "-i", "1000", ...probes];
  await using running = await startTool("argdist", ...args);
  // With -I libbcc compiles the probes.
  await using compiled = await startTool("argdist", "-I", "linux/pid.h", ...args);
  await target.go();
  await other.go();
  await usdt.fire(11);
  for (const tool of [running, compiled]) {
    const rows = rowsOf<Row>(await stopTool(tool));
    assert.deepEqual(counted(rows), {
      numbers: { 0: 3, 1: 3, 2: 3, 3: 2, 4: 2 },
      two: { "1 false": 5, "1 true": 3, "-1 false": 2 },
      texts: {
        "18000000000000000000 plain tests-support-a": 1,
        '2 quoted "it"\n tests-support-a': 1,
        "9007199254740992 \\x1b[2J\\xff 1b5b324aff tests-support-a": 1,
      },
      pair: { "-11": 1 },
      entry: { "18000000000000000000 -1 -11": 1, "2 100 -22": 1, "9007199254740992 -103 -33": 1 },
      recursive: { "1 1": 1, "2 2": 1, "3 6": 1, "4 24": 1 },
      results: { 1: 1, 2: 1, 6: 1, 24: 1 },
      exit: { [target.pid]: 1 },
      usdt: { 17: 11, "-19": 11 },
      calls: { "": 2 },
    });
    assert.deepEqual(distributed(rows), {
      "number*1000": [[0, 3], [512, 3], [1024, 3], [2048, 4]].sort(([a], [b]) => a! - b!),
      sums: [[0, 3], [2, 3], [4, 5], [8, 2]],
      negative: [[-7, 2], [-3, 5], [-1, 3], [0, 3]],
      unsigned: [[0, 3], [2 ** 31, 10]],
    });
  }
});

const IN_FLIGHT =
  "argdist tells of calls under way that found no room for what is known of their entry";
test(IN_FLIGHT, { skip: requires(IN_FLIGHT, "speed") }, async () => {
  using folder = new Folder();
  const path = join(folder.path, basename(program()));
  copyFileSync(program(), path);
  await using target = await Script.of([path, "deep", "deep"]);
  const probe = `r:${path}:factorial(long n):bool:$entry(n)>0#deep`;
  await using running = await startTool("argdist", "--json", "-i", "1000", "-C", probe);
  await target.go();
  const result = await stopTool(running);
  // The kernel tracks at most 64 nested calls to their return.
  assert.deepEqual(counted(rowsOf<Row>(result)), { deep: { true: 64 } });
  const records = rowsOf<{ record: string; what?: string; total?: number }>(result);
  const dropped = records.filter(({ record }) => record === "dropped");
  assert.deepEqual(dropped.map(({ what, total }) => [what, total]), [["values", 10300 - 10240]]);
});

const REPORTS =
  "argdist tells at each interval what is new, with -c all, with -T the most frequent, of -t a thread";
test(REPORTS, { skip: requires(REPORTS, "speed") }, async () => {
  await using usdt = await UsdtProcess.start();
  await using other = await UsdtProcess.start();
  const path = buildUsdt();
  const pid = ["-p", String(usdt.pid)];
  const twice = `u:${path}:test:twice():int:arg1#twice`;
  const calls = `u:${path}:test:plain()`;
  const width = `u:${path}:test:widths():s16:arg3`;
  await using fresh = await startTool("argdist", ...pid, "-i", "0.3", "-C", twice, "-H", width);
  await using all = await startTool(
    "argdist",
    ...["-t", String(usdt.pid), "-c", "-T", "1", "-i", "0.3", "-n", "1000", "-d", "100"],
    ...["-C", calls, "-C", twice.replace("arg1", "arg1 > 0 ? 1 : arg1")],
  );
  await usdt.fire(5);
  await fresh.find("stdout", /(5 +arg1 = -?\d+\n[^]*){2}\[/);
  await all.find("stdout", /5 +total calls[^]*5 +total calls/);
  await other.fire(3);
  await usdt.fire(7);
  await fresh.find("stdout", /7 +arg1 = /);
  await all.find("stdout", /12 +total calls[^]*12 +total calls/);
  const [{ stdout: news }, { stdout: totals }] = [await stopTool(fresh), await stopTool(all)];
  const sum = (pattern: RegExp) =>
    [...news.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
  assert.deepEqual([sum(/(\d+) +arg1 = 17$/gm), sum(/(\d+) +arg1 = -19$/gm)], [12, 12]);
  assert.match(news, /^\[\d\d:\d\d:\d\d\]\ntwice\n\tCOUNT {6}EVENT\n/);
  assert.match(news, /\n +arg3 +: count +distribution\n/);
  const last = totals.slice(totals.lastIndexOf("["));
  const head = "\tCOUNT      EVENT\n";
  assert.equal(
    last.replace(/^.*\n/, ""),
    `${calls}\n${head}\t12         total calls\n` +
      `twice\n${head}\t12         arg1 > 0 ? 1 : arg1 = ${/arg1 = (-19|1)\n$/.exec(last)?.[1]}\n`,
  );
});

const KERNEL = "argdist counts and distributes what kernel functions are called with and return";
test(KERNEL, { skip: requires(KERNEL, "kprobe") }, async () => {
  await using calls = await Script.of([buildProgram("calls.c"), "getpgid=7", "missing=5"]);
  await using other = await Script.of([buildProgram("calls.c"), "getpgid=11"]);
  await using reader = await Script.start("read -r name </etc/hostname");
  await using target = await Script.of([program()]);
  const [mine, reads] = [calls, reader].map(({ pid }) => `$PID==${pid}`);
  await using running = await startTool(
    "argdist",
    ...["--json", "-i", "1000"],
    ...["-C", `p::sys_getpgid(int pid):int:pid:${mine}#arguments`],
    ...[
      "-C",
      `r::__x64_sys_getpgid(int pid):int,long,char*:$entry(pid),(long)$retval < 0 ? $retval : 1,$COMM:$latency > 0 && ${mine}#results`,
    ],
    ...[
      "-C",
      `p::do_sys_openat2(int dfd, const char __user *name):int,char*:dfd,name:STRCMP("/etc/hostname",name) && ${reads}#opens`,
    ],
    ...[
      "-C",
      `p::vfs_read(struct file *file):char*:file->f_path.dentry->d_name.name:${reads} && STRCMP("hostname",file->f_path.dentry->d_name.name)#files`,
    ],
    ...["-C", `t:syscalls:sys_enter_getpgid():int:args->pid:${mine} && args->pid==0#entered`],
    ...[
      "-C",
      `p:${program()}:take(char a, u16 b, int c, u64 d, char *text):char*:text:$PID==${target.pid}#texts`,
    ],
    ...["-H", `r::__x64_sys_getpgid():int:-(int)$retval:${mine} && (int)$retval < 0#errors`],
  );
  await other.go();
  await calls.go();
  await reader.go();
  await target.go();
  const rows = rowsOf<Row>(await stopTool(running));
  const { files, ...found } = counted(rows);
  assert.deepEqual(Object.keys(files!), ["hostname"]);
  assert.deepEqual(found, {
    arguments: { 0: 7, 2147483647: 5 },
    results: { "0 1 tests-support-c": 7, "2147483647 -3 tests-support-c": 5 },
    opens: { "-100 /etc/hostname": 1 },
    entered: { 0: 7 },
    texts: { plain: 1, 'quoted "it"\n': 1, "\\x1b[2J\\xff 1b5b324aff": 1 },
  });
  assert.deepEqual(distributed(rows), { errors: [[2, 5]] });
});

const USAGE = "argdist shows in the probe what the compiler finds";
test(USAGE, { skip: requires(USAGE, "speed") }, async () => {
  const cases: [probe: string, at: number, reason: string][] = [
    [
      "p:c:malloc(size_t n):size_t:n+m",
      30,
      "this does not compile: use of undeclared identifier 'm'",
    ],
    [
      "p:c:malloc(size_t n):nothing_t:n",
      21,
      "this does not compile: unknown type name 'nothing_t'",
    ],
  ];
  for (const [probe, at, reason] of cases) {
    const { status, stdout, stderr } = await runTool("argdist", "-C", probe);
    const [said, shown, caret] = stderr.split("\n");
    assert.deepEqual([status, stdout, shown], [2, "", `  ${probe}`], stderr);
    assert.ok(said!.startsWith(`argdist: ${reason}`), said);
    assert.equal(caret, `${" ".repeat(at + 2)}^`, stderr);
  }
});
