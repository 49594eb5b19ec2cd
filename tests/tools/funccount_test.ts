import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineCpus, syscallFunction } from "../../mod.ts";
import { buildProgram } from "../support/build.ts";
import { FunctionsProgram } from "../support/functions.ts";
import type { Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { buildUsdt, UsdtProcess } from "../support/usdt.ts";

interface Row {
  readonly func: string;
  readonly count: number;
}

/** The counts by function, summed over all reports. */
function countsOf(result: Result): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { func, count } of rowsOf<Row>(result)) counts[func] = (counts[func] ?? 0) + count;
  return counts;
}

const start = (...args: string[]) => startTool("funccount", ...args);

async function stopAll(tools: readonly Running[]): Promise<Record<string, number>[]> {
  return (await Promise.all(tools.map(stopTool))).map(countsOf);
}

test("funccount counts user functions, in all processes or in one", async () => {
  using program = new FunctionsProgram();
  const { path } = program;
  await using watched = await program.start("thread");
  await using other = await program.start();
  await using all = await start("--json", "-i", "0.1", "-r", `${path}:(calls|naps|desc|_Z)`);
  const pid = String(watched.pid);
  await using one = await start("--json", "-p", pid, "-r", `${path}:(calls_[25]|refused)$`);
  await watched.go();
  await other.go();
  const results = await stopAll([all, one]);
  assert.deepEqual(results, [
    {
      calls_2: 4,
      calls_3: 6,
      calls_5: 10,
      "ns::Thing::turns_11(int)": 22,
      "main::turns_13": 26,
      naps_3: 6,
      descends_17: 34,
    },
    { calls_2: 2, calls_5: 5 },
  ]);
  const { stderr } = await one.result;
  if (process.arch === "x64") {
    assert.match(stderr, /funccount: 1 of 3 matches cannot be probed and are left out: refused\n/);
  }
});

const names = "funccount finds names that people write, and counts returns";
test(names, { skip: requires(names, "speed") }, async () => {
  const path = buildProgram("functions.c");
  await using run = await Script.of([path]);
  const only = ["--json", "-p", String(run.pid)];
  await using readable = await start(...only, `p:${path}:ns::Thing::turns_11`);
  await using returns = await start(...only, `r:${path}:main::*`);
  await using nobody = await start("--json", "-p", String(process.pid), `${path}:calls_*`);
  await run.go();
  const results = await stopAll([readable, returns, nobody]);
  assert.deepEqual(results, [{ "ns::Thing::turns_11(int)": 11 }, { "main::turns_13": 13 }, {}]);
});

const PATTERN = "t:syscalls:sys_e*_getpgid";
const GETPGID = { "syscalls:sys_enter_getpgid": 53, "syscalls:sys_exit_getpgid": 53 };

test("funccount counts tracepoints of one process", async () => {
  await using calls = await Script.of([buildProgram("calls.c"), "getpgid=53"]);
  await using other = await Script.of([buildProgram("calls.c"), "getpgid=7"]);
  await using tool = await start("--json", "-p", String(calls.pid), PATTERN);
  await calls.go();
  await other.go();
  assert.deepEqual(await stopAll([tool]), [GETPGID]);
});

test("funccount counts many tracepoints, which are no perf events, like a few", async () => {
  const forks = "for i in {1..13}; do (exit 0); done";
  await using script = await Script.start(
    `${forks}; exec ${buildProgram("calls.c")} getpgid=53 <<<go`,
  );
  const only = ["--json", "-p", String(script.pid)];
  await using calls = await start(...only, "t:syscalls:*");
  await using many = await start(...only, "t:sched:*");
  await using other = await start("--json", "-p", String(process.pid), "t:sched:*_process_*");
  await script.go();
  const [ofCalls, ofMany, ofOther] = await stopAll([calls, many, other]);
  const getpgid = Object.entries(ofCalls!).filter(([name]) => /_getpgid$/.test(name));
  assert.deepEqual(Object.fromEntries(getpgid), GETPGID);
  const expected = { "sched:sched_process_fork": 13, "sched:sched_process_exec": 1 };
  const same = Object.entries(ofMany!).filter(([name]) => name in expected);
  assert.deepEqual(Object.fromEntries(same), expected);
  assert.equal(ofOther!["sched:sched_process_exec"], undefined);
});

const onCpu = "funccount -c counts on one CPU";
test(onCpu, { skip: requires(onCpu, "speed") }, async () => {
  const cpus = onlineCpus();
  const [cpu, another] = [cpus[0]!, cpus.at(-1)!];
  const command = ["taskset", "-c", String(cpu), buildProgram("calls.c"), "getpgid=53"];
  await using calls = await Script.of(command);
  const only = ["--json", "-p", String(calls.pid), "-c"];
  await using here = await start(...only, String(cpu), PATTERN);
  await using elsewhere = await start(...only, String(another), PATTERN);
  await calls.go();
  assert.deepEqual(await stopAll([here, elsewhere]), [GETPGID, cpu === another ? GETPGID : {}]);
});

const usdt = "funccount counts USDT probes, at all their places and behind their semaphores";
test(usdt, { skip: requires(usdt, "speed") }, async () => {
  await using probes = await UsdtProcess.start();
  await using other = await UsdtProcess.start();
  const only = ["--json", "-p", String(probes.pid)];
  await using all = await start(...only, `u:${buildUsdt()}:*`);
  await using provider = await start(...only, `u:${buildUsdt()}:other:*`);
  assert.equal((await probes.fire(7)).enabled, 7);
  assert.equal((await other.fire(5)).enabled, 0);
  const results = await stopAll([all, provider]);
  assert.deepEqual(results, [
    {
      widths: 7,
      twelve: 7,
      forms: 7,
      twice: 14,
      text: 7,
      plain: 7,
      "other:alike": 7,
      "test:alike": 7,
      guarded: 7,
    },
    { alike: 7 },
  ]);
});

const kernel = "funccount counts kernel functions, at entry and at return";
test(kernel, { skip: requires(kernel, "kprobe") }, async () => {
  await using calls = await Script.of([buildProgram("calls.c"), "getpgid=97"]);
  await using other = await Script.of([buildProgram("calls.c"), "getpgid=7"]);
  const [name, unused] = [syscallFunction("getpgid"), syscallFunction("getppid")];
  const only = ["--json", "-p", String(calls.pid)];
  await using entries = await start(...only, "-r", `(${name}|${unused})$`);
  await using returns = await start(...only, `r::${name.slice(0, -2)}*`);
  await calls.go();
  await other.go();
  assert.deepEqual(await stopAll([entries, returns]), [{ [name]: 97 }, { [name]: 97 }]);
});

const table = "funccount prints bcc's table, least first, with -T the time";
test(table, { skip: requires(table, "speed") }, async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  await using tool = await start("-T", "-D", `${program.path}:calls_*`);
  await run.go();
  const { stdout, stderr } = await stopTool(tool);
  const [intro, ...rest] = stdout.split("\n");
  assert.equal(intro, `Tracing 3 functions for "${program.path}:calls_*"... Hit Ctrl-C to end.`);
  assert.match(rest[1]!, /^\d\d:\d\d:\d\d$/);
  assert.deepEqual([rest[0], ...rest.slice(2)], [
    "",
    "FUNC                                    COUNT",
    "calls_2                                     2",
    "calls_3                                     3",
    "calls_5                                     5",
    "Detaching...",
    "",
  ]);
  assert.match(stderr, /^calls_2\ncalls_3\ncalls_5\n/);
});

const nothing = "funccount says what does not match, and where it looked";
test(nothing, { skip: requires(nothing, "speed") }, async () => {
  const cases: [string[], RegExp][] = [
    [["c:no_such"], /no function of \/\S+\/libc\.so\.6 matches: it may be inlined/],
    [["nolib:x"], /there is no file "nolib", neither a library .*ldconfig -p.* nor a program/],
    [["/no/such:x"], /there is no file "\/no\/such"\n/],
    [["t:no:such"], /no tracepoint of this kernel matches: list them with tplist/],
    [[`u:${buildUsdt()}:no`], /no USDT probe of \S+ matches: it has test:widths, test:twelve/],
    [["u:c:no"], /no USDT probe of \S+ matches: it has none/],
    [
      ["no_such_function_of_mine"],
      /no kernel function that can be probed matches|no CONFIG|without/,
    ],
  ];
  for (const [args, pattern] of cases) {
    const { status, stdout, stderr } = await runTool("funccount", ...args);
    assert.deepEqual([status, stdout], [1, ""], args.join(" "));
    assert.match(stderr, pattern);
    assert.match(stderr, /^funccount: Cannot trace "[^\n]*\n$/);
  }
});
