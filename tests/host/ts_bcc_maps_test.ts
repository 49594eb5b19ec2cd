import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mapLines } from "../../cli/script/map_lines.ts";
import { MapReader } from "../../cli/script/read_maps.ts";
import { readExpression } from "../../cli/script/read_script.ts";
import { Bpf } from "../../mod.ts";
import { PROJECT } from "../support/build.ts";
import { runOnce } from "../support/differential.ts";
import { run, Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { stacksProgram } from "../support/stacks.ts";
import { UsdtProcess } from "../support/usdt.ts";
import { Folder } from "../support/workload.ts";

// Not in guests: it starts a compiler from source for each test; what it compiles, other tests run there.
const COMMAND = scriptCommand(join(PROJECT, "cli/ts_bcc.ts"));
const tsBccRun = (...words: string[]) => run([...COMMAND, "run", ...words]);
// The kernel's stack map drops a stack whose hash collides with another's: with all faults of a program's start
// that happened in some of a hundred runs. So count only faults by writes (few stacks), with a larger map.
const FAULTS = [
  ...["--stack-storage-size", "131072", "-e"],
  `tracepoint("exceptions/page_fault_user", (e) => {
    if (e.error_code === 6n) faults.increment(userStack());
  })`,
];

test("keys and sums of maps that are made by being used are signed as their expressions are", () => {
  const shown = (body: string): Record<string, unknown> => {
    const code = readExpression(`rawTracepoint("sys_enter", (e) => { ${body}; })`);
    using bpf = Bpf.load(code);
    runOnce(bpf.program("program"), [7n, (1n << 64n) - 2n]);
    const reader = new MapReader(bpf, code, undefined, { top: undefined, differences: false });
    const lines = mapLines(reader.read(), { json: true, folded: false }).map((line) =>
      JSON.parse(line)
    );
    return Object.fromEntries(lines.map(({ key, value }) => [JSON.stringify(key), value]));
  };
  assert.deepEqual(shown("m.increment(0); m.increment(-1)"), { "0": 1, "-1": 1 });
  assert.deepEqual(shown("m.increment(1); m.increment(signed(e.args[1]))"), { "1": 1, "-2": 1 });
  assert.deepEqual(shown("m.increment(e.args[0] > 3n ? -1 : 1); m.increment(5n)"), {
    "-1": 1,
    "5": 1,
  });
  assert.deepEqual(shown("m.increment(e.args[0])"), { "7": 1 });
  assert.deepEqual(
    shown("m.increment({ a: 0, b: signed(e.args[1]) }); m.increment({ a: -5, b: 1 })"),
    {
      '{"a":0,"b":-2}': 1,
      '{"a":-5,"b":1}': 1,
    },
  );
  assert.deepEqual(shown("m.set(0, 0); m.set(1, -4)"), { "0": 0, "1": -4 });
  assert.deepEqual(shown("m.increment(1, -5); m.increment(2, signed(e.args[1]))"), {
    "1": -5,
    "2": -2,
  });
  assert.deepEqual(shown("m.increment(comm() === '' ? 1 : 2, e.args[0])"), { "2": 7 });
  // A value beyond the signed range is printed as unsigned; JSON.parse() rounds it.
  assert.deepEqual(shown("m.increment(18446744073709551615n)"), { "18446744073709552000": 1 });
});

test("run -e makes a histogram for each key", async () => {
  using folder = new Folder();
  const file = join(folder.path, "data");
  writeFileSync(file, "x".repeat(100));
  const args = [
    ...["-c", `/usr/bin/dd if=${file} of=/dev/null bs=77 status=none`],
    ...["-e", 'tracepoint("syscalls/sys_enter_read", (e) => wanted.set(tid(), e.count))'],
    "-e",
    `tracepoint("syscalls/sys_exit_read", (e) => {
      if (wanted.get(tid()) === 77) sizes.record(e.ret, { by: comm(), uid: uid() });
      wanted.delete(tid());
    })`,
  ];
  const { status, stdout, stderr } = await tsBccRun(...args);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  const [title, ...rows] = stdout.trim().split("\n");
  assert.equal(title, "sizes of dd 0:");
  const counted = rows.filter((row) => !/: 0 /.test(row)).slice(1)
    .map((row) => /(\d+) -> (\d+) +: (\d+)/.exec(row)!.slice(1).join(" "));
  assert.deepEqual(counted, ["0 1 1", "16 31 1", "64 127 1"]);
  const asJson = await tsBccRun("--json", ...args);
  assert.deepEqual(asJson.stdout.trim().split("\n").map((line) => JSON.parse(line)), [
    { map: "sizes", key: { by: "dd", uid: 0 }, slots: [1, 0, 0, 0, 0, 1, 0, 1] },
  ]);
});

test("run -e counts by user stacks, also of a program that is no more", async () => {
  using folder = new Folder();
  const file = (name: string) => join(folder.path, name);
  const files = ["faults.svg", "faults.html", "faults.folded"].map(file);
  const { status, stdout, stderr } = await tsBccRun(
    ...["-c", `${stacksProgram()} - touch=17`, ...FAULTS],
    ...files.flatMap((each) => ["-o", each]),
  );
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /^\nfaults:\n\n/);
  // 18 if the page with the function's code was not mapped yet.
  assert.match(stdout, /\n {2}touch_pages\n {2}main\n(?: {2}.+\n)* {4}1[78]\n/);
  const total = [...stdout.matchAll(/^ {4}(\d+)$/gm)];
  assert.ok(total.length > 0);
  const [svg, html, folded] = files.map((each) => readFileSync(each, "utf8"));
  assert.match(svg!, /<title>touch_pages \(1[78] count/);
  assert.match(html!, /touch_pages/);
  assert.match(folded!, /^faults;[^ ]*;main;touch_pages 1[78]$/m);
  const inLines = await tsBccRun(
    ...["--folded", "-c", `${stacksProgram()} - touch=17`, ...FAULTS],
  );
  assert.match(inLines.stdout, /^faults;[^ ]*;main;touch_pages 1[78]$/m);
  assert.equal(inLines.stdout.split("\n").some((line) => !/^faults;|^$/.test(line)), false);
});

test("run -e counts by stacks of the kernel and of the process, and what else is in the key", async () => {
  const { stdout, stderr } = await tsBccRun(
    ...["--json", "-c", "/usr/bin/true", "-e"],
    'btfTracepoint("sched_process_exec", () => execs.increment({ by: comm(), kernel: kernelStack(), user: userStack() }))',
  );
  assert.equal(stderr, "");
  const { key, value } = JSON.parse(stdout);
  assert.equal(value, 1);
  assert.equal(key.by, "true");
  assert.ok(key.kernel.some((name: string) => /execve|bprm/.test(name)), String(key.kernel));
  assert.equal(key.kernel.some((name: string) => /^bpf_/.test(name)), false);
  assert.ok(Array.isArray(key.user));
});

test("run -i tells what is new, and loses nothing", async () => {
  await using target = await UsdtProcess.start();
  await using running = Running.start([
    ...COMMAND,
    ...["run", "--json", "-i", "0.05", "-p", String(target.pid), "-e"],
    'tracepoint("syscalls/sys_enter_write", (e) => { writes.increment(e.fd); sizes.record(e.fd, 1); last.set(1, e.fd); })',
  ], { env: { TSBCC_READY: "1" } });
  await running.find("stderr", /^ready$/m);
  await target.fire(1);
  await running.find("stdout", /"writes"/);
  await target.fire(1);
  await running.find("stdout", /"writes"[^]*"writes"/);
  await target.fire(1);
  running.kill("SIGINT");
  const { stdout, stderr } = await running.result;
  assert.equal(stderr, "ready\n");
  const records = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const sum = (map: string, count: (record: { value: number; slots: number[] }) => number) =>
    records.filter((record) => record.map === map).reduce((all, each) => all + count(each), 0);
  assert.equal(sum("writes", ({ value }) => value), 3);
  assert.equal(sum("sizes", ({ slots }) => slots[1]!), 3);
  // Values that are set, not counted, are printed in each report.
  assert.ok(records.filter(({ map }) => map === "last").every(({ value }) => value === 1));
});

test("run -n shows the greatest entries only", async () => {
  const { stdout } = await tsBccRun(
    ...["-n", "1", "-c", "/usr/bin/env /usr/bin/true", "-e"],
    'tracepoint("sched/sched_process_exec", (e) => { runs.increment(e.filename); sizes.record(1, e.filename); if (comm() === "env") runs.increment(e.filename); })',
  );
  assert.match(stdout, /^\nruns:\n {2}\/usr\/bin\/env {2}2\n\nsizes of \/usr\/bin\/env:\n/);
  assert.doesNotMatch(stdout, /true/);
});

test("run --help tells its options", async () => {
  const { status, stdout } = await tsBccRun("--help");
  assert.match(stdout, /^usage: ts-bcc run \[-e TEXT\].*\n[^]*\n {2}-i, --interval SECONDS/);
  assert.equal(status, 0);
});

const WRONG: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [
    ["--svg", "x.svg", "-e", 'tracepoint("sched/sched_switch", () => n.increment(1))'],
    /^ts-bcc: flame graphs are of stacks: count by kernelStack\(\) or userStack\(\)/,
  ],
  [
    ["-o", "x.png", ...FAULTS],
    /^ts-bcc: --output x\.png does not tell a format/,
  ],
  [
    ["-e", 'xdp({ interface: "lo" }, () => { n.increment(userStack()); return "pass"; })'],
    /userStack\(\) says nothing of it/,
  ],
  [
    [
      "-e",
      'tracepoint("sched/sched_switch", () => { stack_traces.increment(1); n.increment(kernelStack()); })',
    ],
    /kernelStack\(\) needs the names stack_traces and stack_times for its maps: call yours otherwise/,
  ],
];

for (const [words, message] of WRONG) {
  test(`run says what is wrong with stacks: ${words.join(" ")}`, async () => {
    const { status, stdout, stderr } = await tsBccRun(...words);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.notEqual(status, 0);
  });
}
