/**
 * Examples with a compiled kernel object, run as users run them.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { exampleCommand, interrupt, startExample } from "../support/example.ts";
import { Running } from "../support/process.ts";

/** Starts one_process.c, which makes these calls after a line; returns the process and its pid. */
async function startCalls(calls: string): Promise<[Running, string]> {
  const running = Running.start([buildProgram("one_process.c"), calls]);
  const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
  return [running, pid!];
}

/**
 * Lets a process make its calls while an example runs; returns the example's output and the pid.
 */
async function outputOf(name: string, calls: string, byPid: boolean): Promise<[string, string]> {
  const [process, pid] = await startCalls(calls);
  await using _process = process;
  await using example = await startExample(name, ...byPid ? [pid] : []);
  process.send();
  await process.find("stdout", /^done$/m);
  return [await interrupt(example), pid];
}

test("examples/exec_events.ts tells every program that is started", async () => {
  await using example = await startExample("exec_events.ts");
  await using sleeper = Running.start(["sleep", "1000"]);
  await example.find("stdout", new RegExp(`^ *${sleeper.pid} +\\d+ "sleep"$`, "m"));
  await interrupt(example);
});

test("examples/syscalls_by_cpu.ts counts one process's calls exactly", async () => {
  const [output] = await outputOf("syscalls_by_cpu.ts", "getppid", true);
  const counts = [...output.matchAll(/^ *\d+ +(\d+)$/gm)].map(([, count]) => Number(count));
  // 1009 calls of getppid(), and the one that writes "done".
  assert.equal(counts.reduce((sum, count) => sum + count, 0), 1010, output);
});

test("examples/failed_opens.ts counts what succeeds and ENOENT, but no other error", async () => {
  const [output] = await outputOf("failed_opens.ts", "open", true);
  assert.match(output, /^opened 101, failed 211\n$/m);
});

test("examples/malloc_sizes.ts counts by size, the most frequent first", async () => {
  const [output] = await outputOf("malloc_sizes.ts", "malloc", true);
  assert.equal(output, "  COUNT SIZE\n    211 4099\n     13 70001\n");
});

test("examples/unlinks.ts counts files that are deleted, not those that were not there", async () => {
  const [output, pid] = await outputOf("unlinks.ts", "unlink", false);
  assert.match(output, new RegExp(`^ *${pid} +13$`, "m"));
});

test("examples/write_sizes.ts draws a histogram of what was written", async () => {
  const [output] = await outputOf("write_sizes.ts", "write", true);
  const rows = [...output.matchAll(/^ *(\d+) -> \d+ *: (\d+)/gm)].map(([, low, n]) =>
    `${low}:${n}`
  );
  // 1009 writes of five bytes and the one of "done\n"; 53 writes of no bytes.
  assert.deepEqual(rows, ["0:53", "2:0", "4:1010"], output);
});

test("examples/congestion_control.ts is used by the connections that ask for it", async () => {
  // The kernel allows one congestion control of a name: the tests of both runtimes take turns.
  const command = exampleCommand("congestion_control.ts");
  const alone = [
    "flock",
    "--no-fork",
    "/proc/sys/net/ipv4/tcp_available_congestion_control",
    ...command,
  ];
  await using example = Running.start(alone, { env: { TSBCC_READY: "1" } });
  await example.find("stderr", /^ready$/m);
  const made = [buildProgram("congestion.c"), "tsbcc_steady", "7"] as const;
  const { stdout, stderr } = spawnSync(made[0], made.slice(1), { encoding: "utf8" });
  assert.equal(stdout, "tsbcc_steady\n".repeat(7), stderr);
  const [, connections, segments] = /^(\d+) connections, (\d+) /m.exec(await interrupt(example))!;
  assert.equal(Number(connections), 7);
  assert.ok(Number(segments) >= 7, segments);
});
