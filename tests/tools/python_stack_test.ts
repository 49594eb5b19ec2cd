import assert from "node:assert/strict";
import { test } from "node:test";
import { pythonLine } from "../../toolkit/stacks/python_lines.ts";
import { PROJECT } from "../support/build.ts";
import { requireSystem } from "../vm/systems.ts";
import { run, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { isolated, rowsOf, startTool, stopTool } from "../support/tool.ts";

// Debian's Python, even if PATH has another one.
const PYTHON = "/usr/bin/python3.11";
const EVAL = "_PyEval_EvalFrameDefault";

/** Stacks of calls.py with their counts: the Python frames, and the interpreter's loop in a short form. */
async function stacksOf(tool: string, ...args: string[]): Promise<Record<string, number>> {
  return await stacksIn([PYTHON, `${PROJECT}tests/support/calls.py`], tool, ...args);
}

async function stacksIn(command: readonly string[], tool: string, ...args: string[]) {
  await using script = Running.start(command);
  await script.find("stdout", /^pid \d+$/m);
  await using running = await startTool(tool, "--json", "-U", "-p", String(script.pid), ...args);
  script.send();
  assert.equal((await script.result).status, 0);
  const rows = rowsOf<{ record: string; count: number; user: string[] }>(await stopTool(running));
  const stacks: Record<string, number> = {};
  for (const { record, count, user } of rows) {
    if (record !== "stack") continue;
    const frames = user.filter((name) =>
      /^(python: |_PyEval_EvalFrameDefault$|getppid$)/.test(name)
    )
      .map((name) => name === EVAL ? "eval" : name.replace("python: ", ""))
      .map((name) => name.replace(/(threading.py):\d+/, "$1")); // the line differs between minor versions
    const last = /^(_start|clone3)$/.test(user.at(-1)!) ? "" : `, then ${user.at(-1)}`;
    const text = frames.join("; ") + last;
    stacks[text] = (stacks[text] ?? 0) + count;
  }
  return stacks;
}

const inner = "getppid; eval; inner (calls.py:11)";
const thread = "eval; Thread.run (threading.py); Thread._bootstrap_inner (threading.py)";
const EXPECTED = {
  [
    `${inner}; Some.method (calls.py:18); Some.method (calls.py:17); Some.method (calls.py:17); ` +
    "key (calls.py:22); eval; <module> (calls.py:38)"
  ]: 2,
  [`${inner}; generate (calls.py:27); eval; <module> (calls.py:40)`]: 3,
  [
    `${inner}; größe.<locals>.<lambda> (calls.py:32); größe (calls.py:31); ` +
    "<module> (calls.py:42)"
  ]: 5,
  [`${inner}; <module> (<string>:4); eval; <module> (calls.py:44)`]: 7,
  [`${inner}; ${thread}; Thread._bootstrap (threading.py)`]: 11,
};
const EVENT = "t:syscalls:sys_enter_getppid";

const between = "functions of Python are told with their lines between native frames";
test(between, { skip: requires(between, "python") }, async () => {
  assert.deepEqual(await stacksOf("stackcount", EVENT), EXPECTED);
});

const newer = "functions of Python 3.13 are told alike";
test(newer, { skip: requires(newer, "full") }, async () => {
  const packages = ["python3.13-minimal", "libpython3.13-stdlib", "base-files"];
  const { signal } = new AbortController();
  const root = await requireSystem("trixie-python", { suite: "trixie", packages }, signal);
  const preparations = [
    `mount -t tmpfs none ${root}/home`,
    `cp ${PROJECT}tests/support/calls.py ${root}/home`,
  ];
  const command = isolated(preparations, ["chroot", root, "python3.13", "/home/calls.py"]);
  // In this Python calls with unpacked arguments stay in the same loop; its libc has no symbol for clone3.
  const expected = Object.entries(EXPECTED).map(([stack, count]) => [
    stack.replace("eval; Thread.run", "Thread.run"),
    count,
  ]);
  const stacks = Object.entries(await stacksIn(command, "stackcount", EVENT)).map((
    [stack, count],
  ) => [stack.replace(/, then \[libc.so.6\+0x\w+\]$/, ""), count]);
  assert.deepEqual(Object.fromEntries(stacks), Object.fromEntries(expected));
});

const text = "profile shows functions of Python with lines and without offsets";
test(text, { skip: requires(text, "python") }, async () => {
  const loop = "import os\\nprint('pid', os.getpid(), flush=True)\\ninput()\\n" +
    "def spin():\\n  for _ in range(4_000_000): pass\\nspin()";
  await using script = await Script.of([PYTHON, "-c", `exec("${loop}")`]);
  const args = ["-F", "997", "-U", "-p", String(script.pid)];
  await using tool = await startTool("profile", ...args);
  await script.go();
  const { stdout } = await stopTool(tool);
  assert.match(
    stdout,
    /\n {4}_PyEval_EvalFrameDefault\+0x[0-9a-f]+ \[python3.11\]\n {4}python: spin \(<string>:5\)\n/,
  );
});

const plain = "--stack-walk fp tells nothing of Python";
test(plain, { skip: requires(plain, "python") }, async () => {
  const event = "t:syscalls:sys_enter_getppid";
  const stacks = await stacksOf("stackcount", "--stack-walk", "fp", event);
  assert.doesNotMatch(Object.keys(stacks).join("\n"), /calls\.py/);
});

const lines = "lines of Python's instructions are those that Python tells";
test(lines, { skip: requires(lines, "python", "speed") }, async () => {
  // Prints for each function of some modules its first line, its line table, and the lines as Python
  // decodes it.
  const script = `
import argparse, inspect, json, types
def codes(code):
    yield code
    for part in code.co_consts:
        if isinstance(part, types.CodeType): yield from codes(part)
module = compile(inspect.getsource(argparse), "argparse.py", "exec")
print(json.dumps([[code.co_firstlineno, code.co_linetable.hex(), list(code.co_lines())]
    for code in codes(module)]))`;
  const { stdout } = await run([PYTHON, "-c", script]);
  type Told = [first: number, table: string, lines: [from: number, to: number, line: number][]];
  const all = JSON.parse(stdout) as Told[];
  let compared = 0;
  for (const [first, table, ranges] of all) {
    for (const [from, to, line] of ranges) {
      for (let at = from / 2; at < to / 2; at++) {
        assert.equal(pythonLine(Uint8Array.fromHex(table), first, at) ?? null, line);
        compared++;
      }
    }
  }
  assert.ok(all.length > 100 && compared > 10000, `${all.length} ${compared}`);
});
