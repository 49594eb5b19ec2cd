import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, bytes, syscallFunction, u32, u64 } from "../../mod.ts";
import object from "../../tools/funclatency/funclatency.bpf.o.ts";
import { buildProgram } from "../support/build.ts";
import { FunctionsProgram } from "../support/functions.ts";
import { type Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";

interface Row {
  readonly record: string;
  readonly value?: string;
  readonly function?: string;
  readonly pid?: number;
  readonly buckets?: readonly { low: number; high: number; count: number }[];
  readonly count?: number;
  readonly total?: number;
}

const start = (...args: string[]) => startTool("funclatency", ...args);

/** The number of calls by function and process, in slots from `least` microseconds on. */
function countsOf(result: Result, least = 0): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const row of rowsOf<Row>(result)) {
    if (row.record !== "histogram") continue;
    const name = [row.function, row.pid].filter((part) => part !== undefined).join(" ");
    for (const { low, count } of row.buckets!) {
      if (low >= least && count > 0) counts[name] = (counts[name] ?? 0) + count;
    }
  }
  return counts;
}

test("funclatency times functions, also 17 calls of one inside another", async () => {
  const path = buildProgram("functions.c");
  await using run = await Script.of([path]);
  const only = [
    "--json",
    "-F",
    "-u",
    "-p",
    String(run.pid),
    "-r",
    `${path}:(calls|naps|desc|_ZN2)`,
  ];
  await using all = await start(...only);
  await using shallow = await start("-l", "5", ...only);
  const before = performance.now();
  await run.go();
  const elapsed = (performance.now() - before) * 1000;
  const [deep, few] = await Promise.all([stopTool(all), stopTool(shallow)]);
  const named = (counts: Record<string, number>) =>
    Object.fromEntries(Object.entries(counts).map(([name, n]) => [`${name} ${run.pid}`, n]));
  const short = { calls_2: 2, calls_3: 3, calls_5: 5, "ns::Thing::turns_11(int)": 11 };
  assert.deepEqual(countsOf(deep), named({ ...short, naps_3: 3, descends_17: 17 }));
  // Calls of two milliseconds: the slot that contains them begins at 1024 us.
  const slots = countsOf(deep, 1024);
  assert.deepEqual([slots[`naps_3 ${run.pid}`], slots[`descends_17 ${run.pid}`]], [3, 17]);
  const summary = rowsOf<Row>(deep).find(({ record }) => record === "summary")!;
  assert.equal(summary.count, 41);
  assert.ok(summary.total! >= 20 * 2000 && summary.total! <= 20 * elapsed, String(summary.total));
  // At most five nested calls are timed, here a nap and four others; the tool reports the remaining
  // 13.
  assert.deepEqual(countsOf(few), named({ ...short, naps_3: 3, descends_17: 4 }));
  assert.match(few.stderr, /^funclatency: 13 calls .* more than 5 levels: raise -l\/--level$/m);
});

const processes = "funclatency shows user functions by process, or those of one";
test(processes, { skip: requires(processes, "speed") }, async () => {
  using program = new FunctionsProgram();
  await using one = await program.start("thread");
  await using other = await program.start();
  const pattern = `${program.path}:calls_*`;
  await using all = await start("--json", "-i", "0.1", pattern);
  await using single = await start("--json", "-p", String(one.pid), pattern);
  await using nobody = await start("--json", "-F", "-p", String(process.pid), pattern);
  await one.go();
  await other.go();
  const results = await Promise.all([all, single, nobody].map(stopTool));
  const counts = [one.pid, other.pid].flatMap((pid) =>
    [2, 3, 5].map((n) => [`calls_${n} ${pid}`, n] as const)
  );
  assert.deepEqual(results.map((result) => countsOf(result)), [
    Object.fromEntries(counts),
    { "": 10 },
    {},
  ]);
});

const inFlight = "funclatency counts calls that find no room, and those that never end make room";
test(inFlight, { skip: requires(inFlight, "speed") }, async () => {
  using program = new FunctionsProgram();
  using bpf = Bpf.load(object, {
    maps: { threads: { maxEntries: 2 } },
    programs: Object.fromEntries(
      ["enter_functions", "leave_functions", "enter_user_functions", "leave_user_functions"]
        .map((name) => [name, false]),
    ),
  });
  const place = { path: program.path, symbol: "waits_1" };
  bpf.program("thread_ended").attach();
  bpf.program("leave_function").attachUprobe({ ...place, atReturn: true });
  bpf.program("enter_function").attachUprobe(place);
  await using calls = new AsyncDisposableStack();
  const call = async () => {
    const running = calls.use(Running.start([program.path, "wait"]));
    running.send();
    await running.find("stdout", /^waiting$/m);
    return running;
  };
  const running = [await call(), await call(), await call()];
  const dropped = bpf.global("dropped", u64.asNumber);
  assert.equal(dropped.value, 1);
  const threads = bpf.map("threads", u32, bytes(1032));
  const killed = running.shift()!;
  killed.kill("SIGKILL");
  await killed.result;
  assert.equal([...threads.keys()].length, 1);
  running.push(await call());
  for (const each of running) {
    each.send();
    const { status, signal } = await each.result;
    assert.deepEqual([status, signal], [0, null]);
  }
  assert.deepEqual([dropped.value, [...threads.keys()]], [1, []]);
});

const alike = "funclatency times what libbpf-tools' funclatency times";
test(alike, { skip: requires(alike, "speed") }, async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  const pattern = `${program.path}:naps_3`;
  await using ours = await start("--json", "-m", "-p", String(run.pid), pattern);
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/funclatency", "-m", pattern]);
  await theirs.find("stdout", /^Tracing /m);
  await run.go();
  const buckets = rowsOf<Row>(await stopTool(ours)).find(({ record }) => record === "histogram")!
    .buckets!.map(({ low, high, count }) => [low, high, count]);
  theirs.kill("SIGINT");
  const lines = (await theirs.result).stdout.matchAll(/^ +(\d+) -> (\d+) +: (\d+) /gm);
  assert.deepEqual(buckets, [...lines].map(([, ...numbers]) => numbers.map(Number)));
});

const text = "funclatency prints bcc's histograms";
test(text, { skip: requires(text, "speed") }, async () => {
  using program = new FunctionsProgram();
  await using run = await program.start();
  const pattern = `${program.path}:naps_3`;
  await using sections = await start("-m", "-T", pattern);
  await using single = await start("-m", "-v", "-p", String(run.pid), pattern);
  await run.go();
  const intro = `Tracing 1 functions for "${pattern}"... Hit Ctrl-C to end.\n\n`;
  const rest = (stdout: string) => {
    assert.ok(stdout.startsWith(intro), stdout);
    return stdout.slice(intro.length);
  };
  const histogram = "     msecs               : count     distribution\n" +
    "         0 -> 1          : 0        \\|                                        \\|\n" +
    "(         \\d+ -> \\d+ +: \\d +\\|\\** *\\|\n| +\\d+ -> \\d+ +: \\d +\\|\\** *\\|\n)+" +
    "\navg = \\d+ msecs, total: \\d+ msecs, count: 3\n\nDetaching...\n$";
  const first = (await stopTool(sections)).stdout;
  assert.match(
    rest(first),
    new RegExp(`^\\d\\d:\\d\\d:\\d\\d\n\nFunction = naps_3 \\[${run.pid}\\]\n${histogram}`),
  );
  const second = await stopTool(single);
  assert.match(rest(second.stdout), new RegExp(`^${histogram}`));
  assert.match(second.stderr, /^naps_3\n/);
});

const kernel = "funclatency times kernel functions of one process";
test(kernel, { skip: requires(kernel, "kprobe") }, async () => {
  await using calls = await Script.of([buildProgram("calls.c"), "sleep=7", "getpgid=53"]);
  await using other = await Script.of([buildProgram("calls.c"), "sleep=5"]);
  const [sleep, getpgid] = [syscallFunction("nanosleep"), syscallFunction("getpgid")];
  const only = ["--json", "-u", "-p", String(calls.pid)];
  await using each = await start(...only, "-F", "-r", `(${sleep}|${getpgid})$`);
  await calls.go();
  await other.go();
  const result = await stopTool(each);
  assert.deepEqual(countsOf(result), { [sleep]: 7, [getpgid]: 53 });
  assert.equal(countsOf(result, 512)[sleep], 7);
});

const arguments_ = "funclatency says that no function matches";
test(arguments_, { skip: requires(arguments_, "speed") }, async () => {
  const { status, stderr } = await runTool("funclatency", "c:no_such");
  assert.equal(status, 1);
  assert.match(stderr, /^funclatency: Cannot trace "c:no_such": no function of \S+ matches: /);
});
