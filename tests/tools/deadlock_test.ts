import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram, PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { rowsOf, runTool, startTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

interface Mutex {
  readonly name: string;
  readonly tid: number;
  readonly comm: string;
  readonly held: readonly string[];
  readonly asked: readonly string[];
}

interface Deadlock {
  readonly record: string;
  readonly cycle: readonly Mutex[];
  readonly threads: readonly { tid: number; parent: number; stack: readonly string[] }[];
}

const flags = ["-fno-omit-frame-pointer"];

/**
 * Runs lock_order.c under the tool until the tool ends; returns the program's pid and the tool's
 * output.
 */
async function watch(words: readonly string[], args: readonly string[], built = flags) {
  await using program = Running.start([buildProgram("lock_order.c", built), ...words, "await"]);
  const [, pid] = await program.find("stdout", /^pid (\d+)\n/);
  await using tool = await startTool("deadlock", ...args, pid!);
  program.send();
  return { pid: Number(pid), result: await tool.result };
}

test("deadlock tells of two mutexes that two threads took in different orders", async () => {
  const { pid, result } = await watch(["forward", "backward"], ["--json"]);
  assert.equal(result.status, 1, result.stderr);
  const { cycle, threads } = rowsOf<Deadlock>(result).find(({ record }) => record === "deadlock")!;
  const sorted = cycle.toSorted((a, b) => a.name < b.name ? -1 : 1);
  assert.deepEqual(sorted.map(({ name, comm }) => [name, comm]), [
    ["first", "forward"],
    ["second", "backward"],
  ]);
  for (const { held, asked } of cycle) {
    for (const stack of [held, asked]) {
      assert.match(stack.join(" "), /^take\+0x\w+ \[\S+\] run\+0x/);
    }
    assert.notEqual(held[0], asked[0]);
  }
  assert.deepEqual(threads.map(({ parent }) => parent), [pid, pid]);
  assert.deepEqual(threads.map(({ tid }) => tid), cycle.map(({ tid }) => tid));
  for (const { stack } of threads) assert.match(stack[0]!, /^main\+0x/);
});

test("deadlock tells of a cycle of three mutexes, as bcc does", async () => {
  using folder = new Folder();
  const graph = join(folder.path, "graph.json");
  const words = ["forward", "third", "back"];
  const { result } = await watch(words, ["--verbose", "--dump-graph", graph]);
  assert.equal(result.status, 1, result.stderr);
  const mutex = (name: string) => `Mutex M\\d \\(${name} 0x[0-9a-f]{16}\\)`;
  const name = mutex("(first|second|third)");
  for (
    const line of [
      "^Tracing\\.\\.\\. Hit Ctrl-C to end\\.$",
      "^Mutexes: 3, Edges: 3$",
      "^Potential Deadlock Detected!$",
      `^Cycle in lock order graph: ${name} => ${name} => ${name} => ${name}$`,
      `^${mutex("second")} acquired here while holding ${
        mutex("first")
      } in Thread \\d+ \\(forward\\):$`,
      `^${mutex("third")} previously acquired by the same Thread \\d+ \\(back\\) here:$`,
      "^@ [0-9a-f]{16} take\\+0x[0-9a-f]+ \\[\\S*lock_order\\S*\\]$",
      "^Thread \\d+ created by Thread \\d+ \\(.*\\) here:$",
    ]
  ) assert.match(result.stdout, new RegExp(line, "m"));
  const { nodes, links } = JSON.parse(readFileSync(graph, "utf8"));
  assert.deepEqual(nodes.map(({ name }: { name: string }) => name).sort(), [
    "first",
    "second",
    "third",
  ]);
  assert.equal(links.length, 3);
});

test("deadlock names source lines where the program has debug information", async () => {
  const source = readFileSync(join(PROJECT, "tests/support/lock_order.c"), "utf8").split("\n");
  /** The source line in a stack's first frame. */
  const line = (stack: readonly string[]) => {
    const [, number] = / \(lock_order\.c:(\d+)\)$/.exec(stack[0]!) ?? [];
    return source[Number(number) - 1]?.trim();
  };
  const { result } = await watch(["forward", "backward"], ["--json"], [...flags, "-g"]);
  const { cycle, threads } = rowsOf<Deadlock>(result).find(({ record }) => record === "deadlock")!;
  for (const { held, asked } of cycle) {
    assert.equal(line(held), "pthread_mutex_lock(outer);");
    assert.equal(line(asked), "pthread_mutex_lock(inner);");
    assert.match(line(asked.slice(1))!, /^take\(&\w+, &\w+\);$/);
  }
  for (const { stack } of threads) assert.match(line(stack!)!, /pthread_create\(/);
});

test("deadlock traces functions of other names", async () => {
  const symbols = ["--lock-symbols", "own_lock", "--unlock-symbols", "own_unlock"];
  const { result } = await watch(["own", "own_back"], ["--json", ...symbols]);
  assert.equal(result.status, 1, result.stderr);
  const found = rowsOf<Deadlock>(result).find(({ record }) => record === "deadlock")!;
  assert.deepEqual(found.cycle.map(({ name }) => name).sort(), ["first", "second"]);
  assert.match(found.cycle[0]!.held[0]!, /^take_own\+/);
});

test("deadlock says which stacks -s left no room for", async () => {
  const { result } = await watch(["forward", "backward"], ["--json", "-s", "1"]);
  assert.equal(result.status, 1, result.stderr);
  const { cycle } = rowsOf<Deadlock>(result).find(({ record }) => record === "deadlock")!;
  const stacks = cycle.flatMap(({ held, asked }) => [held, asked]);
  const missed = stacks.filter((stack) => stack.join() === "[Missed User Stack]");
  // Four different stacks, and those of the thread that created the threads.
  assert.ok(stacks.length === 4 && missed.length >= 3, JSON.stringify(stacks));
});

test("deadlock refuses what it cannot trace in one sentence", async () => {
  const pid = String(process.pid);
  const cases = [
    [["--lock-symbols", "no_such_lock"], /none of its files has the functions no_such_lock, /],
    [["--binary", "/no/such"], /there is no file "\/no\/such"/],
  ] as const;
  for (const [args, pattern] of cases) {
    const { status, stderr } = await runTool("deadlock", ...args, pid);
    assert.equal(status, 1);
    assert.match(stderr, pattern);
    assert.equal(stderr.trim().split("\n").length, 1);
  }
});
