import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, stopTool, toolCommand } from "../support/tool.ts";

/** An environment in which libbcc cannot be loaded, as if it were not installed. */
const ENVIRONMENT = { TSBCC_LIBBCC: "/nowhere/libbcc.so.0" };

async function start(name: string, ...args: string[]): Promise<Running> {
  const env = { ...ENVIRONMENT, TSBCC_READY: "1" };
  const running = Running.start([...toolCommand(name), ...args], { env });
  await running.find("stderr", /^ready$/m);
  return running;
}

const NEEDS = "trace and argdist need no libbcc";
test(NEEDS, { skip: requires(NEEDS, "speed") }, async () => {
  await using calls = await Script.of([buildProgram("calls.c"), "getpgid=97"]);
  const filter = "args->pid / -3 == 0 && ((struct task_struct *)$task)->tgid == $tgid";
  await using trace = await start(
    "trace",
    ...["--json", "-p", String(calls.pid)],
    `t:syscalls:sys_enter_getpgid (${filter}) "%d %s", args->pid, $task->comm`,
  );
  await using argdist = await start(
    "argdist",
    ...["--json", "-i", "1000", "-p", String(calls.pid)],
    ...["-C", "t:syscalls:sys_enter_getpgid():s64,char*:args->pid - 1,$COMM#calls"],
    ...["-H", "t:syscalls:sys_enter_getpgid():int:-5"],
  );
  await calls.go();
  const messages = rowsOf<{ message: string }>(await stopTool(trace)).map(({ message }) => message);
  assert.deepEqual(messages, Array(97).fill("0 tests-support-c"));
  interface Row {
    record: string;
    values: Record<string, number | string>;
    count: number;
    buckets: { low: number; count: number }[];
  }
  const rows = rowsOf<Row>(await stopTool(argdist));
  assert.deepEqual(
    rows.flatMap(({ record, values, count, buckets }) =>
      record === "count"
        ? [[...Object.values(values), count]]
        : buckets?.filter(({ count }) => count > 0).map(({ low, count }) => [low, count]) ?? []
    ),
    [[-1, "tests-support-c", 97], [-7, 97]],
  );
});

const SAYS = "trace and argdist say what they do not know where libbcc is not installed";
test(SAYS, { skip: requires(SAYS, "speed") }, async () => {
  const cases: [args: string[], caret: number, reason: RegExp][] = [
    [
      ["trace", "t:syscalls:sys_enter_getpgid (args->pid == f(1))"],
      43,
      /^trace: this does not compile: use of undeclared function 'f' \(libbcc, .* cannot be opened\)$/,
    ],
    [
      ["argdist", "-C", "t:syscalls:sys_enter_getpgid():int:$PID + m"],
      42,
      /^argdist: this does not compile: use of undeclared identifier 'm'/,
    ],
  ];
  for (const [[tool, ...args], caret, reason] of cases) {
    const command = [...toolCommand(tool!), ...args];
    const { status, stdout, stderr } = await Running.start(command, { env: ENVIRONMENT }).result;
    const [said, shown, place] = stderr.split("\n");
    assert.deepEqual(
      [status, stdout, shown, place],
      [2, "", `  ${args.at(-1)}`, `${" ".repeat(caret + 2)}^`],
      stderr,
    );
    assert.match(said!, reason);
  }
  const header = ["-I", "linux/pid.h", "t:syscalls:sys_enter_getpgid"];
  const { status, stderr } = await Running.start([...toolCommand("trace"), ...header], {
    env: ENVIRONMENT,
  }).result;
  assert.equal(status, 1);
  assert.match(stderr, /^trace: Cannot open [^\n]*\n$/);
});
