// Not in guests: what is called in user space depends on no kernel.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { begin, interval, kernel, tracepoint } from "../../kernel.ts";
import { PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Script } from "../support/script.ts";
import { Folder } from "../support/workload.ts";

const RUN = [...scriptCommand(join(PROJECT, "cli/ts_bcc.ts")), "run"];

/** Seven calls of chdir(2), which bash makes without another process. */
const CALLS = "cd /;".repeat(7);

const TEXT = `
import { begin, end, hash, interval, kernel, pid, tracepoint, u32, u64 } from "ts-bcc";

let beats = 0;
export default kernel({ maps: { calls: hash(u32, u64) } }, {
  chdir: tracepoint("syscalls/sys_enter_chdir", (_, { calls }) => calls.increment(pid())),
}, [
  begin(async (bpf) => {
    await Promise.resolve();
    console.log("begun with", [...bpf.map("calls")].length);
  }),
  interval(0.01, () => void (beats++ === 0 && console.log("beat"))),
  end((bpf) => {
    for (const [, count] of bpf.map("calls")) console.log("counted", count);
    bpf.map("calls").clear();
  }),
]);
`;

/**
 * The output of `ts-bcc run` that starts before a process's seven calls and ends with the process.
 */
async function printed(args: readonly string[]): Promise<string> {
  await using script = await Script.start(CALLS);
  await using running = Running.start([...RUN, "-p", String(script.pid), ...args], {
    env: { TSBCC_READY: "1" },
  });
  await running.find("stdout", /^beat$/m);
  await script.go();
  const { status, stdout, stderr } = await running.result;
  assert.deepEqual([status, stderr], [0, "ready\n"]);
  return stdout;
}

test("a script's begin, interval and end are called around its programs", async () => {
  using folder = new Folder();
  const file = join(folder.path, "calls.ts");
  writeFileSync(file, TEXT);
  assert.equal(await printed([file]), "begun with 0\nbeat\ncounted 7n\n");
});

test("one-liners have them too, and their maps are shown behind end", async () => {
  const text = [
    'tracepoint("syscalls/sys_enter_chdir", () => calls.increment("chdir"))',
    "begin(() => console.log('begun'))",
    "interval(0.01, () => { if (!globalThis.told) console.log('beat'); globalThis.told = true; })",
    "end((bpf) => console.log('keys', [...bpf.map('calls').keys()]))",
  ];
  const lines = await printed(text.flatMap((each) => ["-e", each]));
  assert.match(lines, /^begun\nbeat\nkeys \[ "chdir" \]\n\ncalls:\n {2}chdir {2}7\n$/);
});

test("what a part throws ends the run with its sentence", async () => {
  const text = [
    'tracepoint("syscalls/sys_enter_chdir", () => calls.increment("chdir"))',
    'begin(() => { throw new Error("no such thing") })',
  ];
  await using running = Running.start([...RUN, ...text.flatMap((each) => ["-e", each])]);
  const { status, stdout, stderr } = await running.result;
  assert.deepEqual([status, stdout, stderr], [1, "", "ts-bcc: no such thing\n"]);
});

test("an interval is a time, and code keeps its parts where it is used otherwise", () => {
  for (const seconds of [0, -1, NaN, 1e10]) {
    assert.throws(() => interval(seconds, () => {}), { message: /^Cannot call a function every / });
  }
  const code = kernel({}, {
    chdir: tracepoint("syscalls/sys_enter_chdir", () => {}),
  }, [begin(() => {})]);
  assert.deepEqual(code.with({ pid: 1 }).userParts.map(({ when }) => when), ["begin"]);
});
