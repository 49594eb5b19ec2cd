// Not in guests: what it says depends on no kernel.
// Messages of `ts-bcc run` and `check` about wrong scripts.
import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram, PROJECT } from "../support/build.ts";
import { type Result, run } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const TS_BCC = scriptCommand(join(PROJECT, "cli/ts_bcc.ts"));
const HEAD = 'import { Bpf, kernel, pid, print, tracepoint } from "ts-bcc";';
const EXEC = "sched/sched_process_exec";

/** Writes a script with these lines and runs a command on it, in the script's folder. */
async function said(words: readonly string[], lines: readonly string[]): Promise<Result> {
  using folder = new Folder();
  writeFileSync(`${folder.path}/script.ts`, [HEAD, ...lines, ""].join("\n"));
  return await run([...TS_BCC, ...words], { cwd: folder.path });
}

test("ts-bcc check compiles what a script would load, and does not run it", async () => {
  const { status, stdout, stderr } = await said(["check", "script.ts"], [
    `const execs = tracepoint("${EXEC}", (e) => print(pid(), e.filename));`,
    "using bpf = Bpf.load(kernel({}, { execs }));",
    "bpf.attach();",
    'for await (const line of bpf.events("print")) console.log(line);',
  ]);
  assert.deepEqual([status, stdout, stderr], [0, "compiled execs\n", ""]);
});

test("ts-bcc check runs no script that loads C or an object", async () => {
  for (
    const call of ['compile("int x;")', "load(new Uint8Array(64))", "open(new Uint8Array(64))"]
  ) {
    const { status, stderr } = await said(["check", "script.ts"], [`Bpf.${call};`, "await never;"]);
    assert.match(stderr, /^ts-bcc: a script that loads an object, or C, can only be run\n/);
    assert.equal(status, 1);
  }
});

test("ts-bcc run takes nothing but a file", async () => {
  const { status, stderr } = await said(["run", "/dev/zero"], []);
  assert.match(stderr, /^ts-bcc: "\/dev\/zero" is no file with a script\n/);
  assert.equal(status, 2);
});

test("what is wrong in a script is told with its file and line", async () => {
  const syntax = await said(["run", "script.ts"], ["", "const a: number = ;"]);
  assert.match(syntax.stderr, /^ts-bcc: script\.ts:3:\d+: .+\n$/);
  const thrown = await said(["run", "script.ts"], ['throw new Error("boom");']);
  assert.match(thrown.stderr, /^ts-bcc: script\.ts:2:\d+: boom\n$/);
  const program = await said(["check", "script.ts"], [
    "",
    `export default tracepoint("${EXEC}", (e) => print(e.nope));`,
  ]);
  assert.match(
    program.stderr,
    /^ts-bcc: Cannot compile program "program" \(script\.ts:3:68\): .*"nope".*\n {2}line 3: export default tracepoint/,
  );
  for (const { status } of [syntax, thrown, program]) assert.equal(status, 1);
});

test(
  "an option behind a script that leaves running to ts-bcc is told to be the script's",
  async () => {
    const lines = [`export default tracepoint("${EXEC}", () => print(pid()));`];
    const { status, stderr } = await said(["run", "-d", "0.1", "script.ts", "-i", "3"], lines);
    assert.equal(status, 0);
    assert.match(stderr, /^ts-bcc run: -i stands behind script\.ts and is the script's own: /m);
    const before = await said(["run", "-d", "0.1", "-i", "3", "script.ts", "word"], lines);
    assert.deepEqual([before.status, before.stderr], [0, ""]);
  },
);

test("a perf event and a function that are not there are told by name", async () => {
  const event = 'perfEvent({ event: "cpu-clok", frequency: 99 }, () => print(pid()))';
  const unknown = await run([...TS_BCC, "run", "-d", "0.1", "-e", event]);
  assert.match(unknown.stderr, /no perf event is called "cpu-clok": there are cpu-clock, /);
  const path = buildProgram("workload.c");
  const place = `uprobe({ path: "${path}", symbol: "no_such" }, () => print(pid()))`;
  const missing = await run([...TS_BCC, "run", "-d", "0.1", "-e", place]);
  assert.match(missing.stderr, /: the file has no function "no_such"\n/);
});

test("a relative path of a uprobe is of this folder, whatever process is traced", async () => {
  using folder = new Folder();
  copyFileSync(buildProgram("workload.c"), `${folder.path}/program`);
  const text = 'uprobe({ path: "./program", symbol: "main" }, () => print("main"))';
  const words = ["run", "-c", `./program missing=${folder.path}/gone:1`, "-e", text];
  const { status, stdout, stderr } = await run([...TS_BCC, ...words], { cwd: folder.path });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^main$/m);
});
