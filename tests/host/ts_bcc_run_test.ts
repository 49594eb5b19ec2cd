import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import { run, Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Script } from "../support/script.ts";
import { Folder } from "../support/workload.ts";

// Not in guests: it starts a compiler from source for each test; what it compiles, other tests run there.
const COMMAND = scriptCommand(join(PROJECT, "cli/ts_bcc.ts"));
const tsBccRun = (...words: string[]) => run([...COMMAND, "run", ...words]);

test("run -e prints lines, of the command only", async () => {
  const { status, stdout, stderr } = await tsBccRun(
    "-e",
    'tracepoint("sched/sched_process_exec", (e) => print(`${comm()} runs ${e.filename}`))',
    "-c",
    "/usr/bin/env /usr/bin/true",
  );
  assert.equal(stderr, "");
  assert.equal(stdout, "env runs /usr/bin/env\ntrue runs /usr/bin/true\n");
  assert.equal(status, 0);
});

test("run -e makes the maps that programs use, and shows them at the end", async () => {
  using folder = new Folder();
  const file = join(folder.path, "data");
  writeFileSync(file, "x".repeat(100));
  const args = [
    "-e",
    'tracepoint("syscalls/sys_enter_read", (e) => { wanted.set(tid(), e.count); })',
    "-e",
    `tracepoint("syscalls/sys_exit_read", (e) => {
      const count = wanted.get(tid());
      if (count !== 77) return;
      wanted.delete(tid());
      reads.increment({ who: comm(), size: e.ret });
      sizes.record(e.ret);
    })`,
    "-c",
    `/usr/bin/dd if=${file} of=/dev/null bs=77 status=none`,
  ];
  const { status, stdout, stderr } = await tsBccRun(...args);
  assert.equal(stderr, "");
  assert.equal(status, 0);
  // Maps whose entries a program deletes itself are not printed.
  assert.doesNotMatch(stdout, /wanted/);
  assert.deepEqual(stdout.split("\n").filter((line) => /^ {2}(?:who|dd)/.test(line)), [
    "  who  size  value",
    "  dd   0     1",
    "  dd   23    1",
    "  dd   77    1",
  ]);
  assert.match(stdout, /^sizes:\n.*value.*count.*\n +0 -> 1 +: 1 .*\n/m);
  assert.match(stdout, /\n +16 -> 31 +: 1 .*\n/);
  assert.match(stdout, /\n +64 -> 127 +: 1 .*\n/);

  const asJson = await tsBccRun("--json", ...args);
  const records = asJson.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  const reads = records.filter(({ map }) => map === "reads").map(({ key }) => key.size);
  assert.deepEqual(reads.toSorted(), [0, 23, 77]);
  const [{ slots }] = records.filter(({ map }) => map === "sizes");
  assert.deepEqual([slots[0], slots[5], slots[7]], [1, 1, 1]);
});

test("run -p traces a process while it lasts, -d for a while, and Ctrl-C ends at once", async () => {
  const text = 'tracepoint("syscalls/sys_enter_openat", (e) => print(userString(e.filename)))';
  await using script = await Script.start(": </dev/null/1; : </dev/null/2");
  await using other = await Script.start(": </dev/null/3");
  await using running = Running.start([...COMMAND, "run", "-p", String(script.pid), "-e", text], {
    env: { TSBCC_READY: "1" },
  });
  await running.find("stderr", /^ready$/m);
  await other.go(1).catch(() => {});
  await script.go(1).catch(() => {});
  running.kill("SIGINT");
  const seen = (await running.result).stdout.split("\n").filter((line) => /null\/./.test(line));
  assert.deepEqual(seen, ["/dev/null/1", "/dev/null/2"]);

  const short = await tsBccRun("-d", "0.01", "-e", 'xdp(undefined, () => "pass")');
  assert.match(
    short.stderr,
    /^ts-bcc: program "program" does not say where to run: give its hook a target\n/,
  );
  const ended = await tsBccRun("-d", "0.01", "-e", 'tracepoint("sched/sched_switch", () => {})');
  assert.deepEqual([ended.status, ended.stdout, ended.stderr], [0, "", ""]);

  await using endless = Running.start([...COMMAND, "run", "-e", text], {
    env: { TSBCC_READY: "1" },
  });
  await endless.find("stderr", /^ready$/m);
  endless.kill("SIGINT");
  const { status } = await endless.result;
  assert.equal(status, 0);
});

test("run FILE runs a script with its types, and one that does all by itself", async () => {
  using folder = new Folder();
  const file = join(folder.path, "opens.ts");
  writeFileSync(
    file,
    `import { chars, comm, hash, kernel, print, tracepoint, u64, userString } from "ts-bcc";
    type Count = bigint;
    const LIMIT: Count = 2n;
    export default kernel({ maps: { opens: hash(chars(16), u64) }, constants: { LIMIT } }, {
      open: tracepoint("syscalls/sys_enter_openat", (ctx, { opens, LIMIT }) => {
        opens.increment(comm());
        if (opens.get(comm()) === LIMIT) print(\`\${comm()} \${userString(ctx.filename)}\`);
      }),
    });\n`,
  );
  const { status, stdout, stderr } = await tsBccRun("-c", "/usr/bin/true", file);
  assert.equal(stderr, "");
  assert.match(stdout, /^true \/.*libc\.so\.6\n\nopens:\n {2}true {2}2\n$/);
  assert.equal(status, 0);

  const alone = join(folder.path, "alone.ts");
  writeFileSync(
    alone,
    `import { Bpf, kernel, tracepoint, u64 } from "ts-bcc";
    const code = kernel({ globals: { calls: u64 } }, {
      enter: tracepoint("syscalls/sys_enter_getppid", (_, out) => { out.calls += 1n; }),
    });
    using bpf: Bpf = Bpf.load(code);
    console.log(bpf.programs.size, ...process.argv.slice(2));\n`,
  );
  const own = await tsBccRun(alone, "one", "-x");
  assert.deepEqual([own.status, own.stdout, own.stderr], [0, "1 one -x\n", ""]);
});

test("run -e runs iterators and ends", async () => {
  const { status, stdout } = await tsBccRun(
    "-p",
    String(process.pid),
    "-e",
    `iterator("task", ({ task }) => { if (task !== undefined && task.pid === ${process.pid}) tasks.increment(task.comm); })`,
  );
  assert.equal(status, 0);
  assert.equal(stdout, `\ntasks:\n  ${readFileSync("/proc/self/comm", "utf8").trim()}  1\n`);
});

test("run -c tells when the command cannot be run", async () => {
  const { status, stderr } = await tsBccRun(
    "-c",
    "/nonexistent",
    "-e",
    'tracepoint("sched/sched_switch", () => {})',
  );
  assert.match(stderr, /ts-bcc: Cannot run "\/nonexistent": see the message above\n$/);
  assert.equal(status, 1);
});

test("check compiles a script for this kernel and runs nothing", async () => {
  using folder = new Folder();
  const check = (...words: string[]) => run([...COMMAND, "check", ...words]);
  const file = join(folder.path, "script.ts");
  const script = (text: string) =>
    writeFileSync(
      file,
      `import { kernel, tracepoint } from "ts-bcc";
      export default kernel({}, {
        enter: tracepoint("sched/sched_switch", (ctx) => { ${text} }),
        leave: tracepoint("sched/sched_switch", () => {}),
      });`,
    );
  script("const { next_pid } = ctx;");
  for (const [words, how] of [[[file], ""], [["--load", file], " and loaded"]] as const) {
    const { status, stdout, stderr } = await check(...words);
    assert.equal(stderr, "");
    assert.equal(stdout, `compiled${how} enter, leave\n`);
    assert.equal(status, 0);
  }
  script("const { nobody } = ctx;");
  const { status, stdout, stderr } = await check(file);
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^ts-bcc: Cannot compile program "enter" \(script\.ts:3:68\): tracepoint .* has no field "nobody"/,
  );
  const probe = await check("--load", "-e", 'kprobe("vfs_read", () => n.increment(pid()))');
  assert.deepEqual(
    [probe.stdout, probe.stderr],
    existsSync("/sys/bus/event_source/devices/kprobe") ? ["compiled and loaded program\n", ""] : [
      "",
      'ts-bcc: Cannot attach program "program" to kprobe vfs_read: this kernel has no kprobes: use ' +
      "a tracepoint where there is one\n",
    ],
  );
  const expression = await check(
    "-e",
    'tracepoint("sched/sched_switch", () => n.increment(pid()))',
  );
  assert.deepEqual([expression.stdout, expression.stderr], ["compiled program\n", ""]);
  const missing = await check(join(folder.path, "none.ts"));
  assert.match(missing.stderr, /^ts-bcc: there is no file ".*none\.ts"\n/);
});

const WRONG: readonly (readonly [words: readonly string[], status: number, message: RegExp])[] = [
  [[], 2, /^ts-bcc: run needs a FILE, or programs behind -e\n/],
  [["-e", "oops("], 2, /^ts-bcc: cannot read what is behind -e: /],
  [["-e", "3"], 2, /^ts-bcc: -e has to give kernel\(\{ … \}, \{ … \}\) or programs/],
  [["-e", "tracepoint('a')"], 1, /^ts-bcc: Cannot trace "a": expected "category\/name"/],
  [["-p", "1", "-c", "true", "-e", "1"], 2, /use either -p\/--pid or -c\/--command/],
  [
    ["-e", 'tracepoint("sched/sched_switch", (e) => none.get(1))'],
    1,
    /^ts-bcc: Cannot compile program "program" \(-e\): nothing is called none here\. A map begins with none\.increment\(key\).*\n {2}line 1: \(e\) => none\.get\(1\)\n {17}\^+\n$/,
  ],
];

for (const [words, expected, message] of WRONG) {
  test(`run says what is wrong: ${words.join(" ")}`, async () => {
    const { status, stdout, stderr } = await tsBccRun(...words);
    assert.match(stderr, message);
    assert.equal(stdout, "");
    assert.equal(status, expected);
  });
}
