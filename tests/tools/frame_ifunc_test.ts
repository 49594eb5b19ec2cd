import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Chosen } from "../support/chosen.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";

interface Count {
  readonly func: string;
  readonly count: number;
}

/**
 * For each tool: arguments that trace an indirect function (IFUNC) of a library, and the expected
 * output.
 */
const TOOLS: readonly {
  readonly tool: string;
  readonly args: (place: string) => string[];
  readonly calls: (stdout: string) => number;
}[] = [
  {
    tool: "funccount",
    args: (place) => ["--json", place],
    calls: (stdout) => sumOf(stdout, "count"),
  },
  {
    tool: "funclatency",
    args: (place) => [place],
    calls: (stdout) =>
      Array.from(stdout.matchAll(/-> \d+ +: (\d+) /g), ([, n]) => Number(n))
        .reduce((a, b) => a + b, 0),
  },
  {
    tool: "trace",
    args: (place) => [`${place} "called %d", arg1`],
    calls: (stdout) => (stdout.match(/called \d+$/gm) ?? []).length,
  },
  {
    tool: "argdist",
    args: (place) => ["-C", `p:${place}(int x):int:1#calls`, "-i", "1000"],
    calls: (stdout) => Number(/^\s*(\d+)\s+1 = 1$/m.exec(stdout)?.[1] ?? 0),
  },
];

const sumOf = (stdout: string, key: "count") =>
  stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line) as Count)
    .reduce((sum, row) => sum + row[key], 0);

for (const { tool, args, calls } of TOOLS) {
  test(`${tool}: an indirect function of a process's library is counted, and nothing of it runs here`, async () => {
    using chosen = new Chosen();
    await using run = await chosen.start();
    await using running = await startTool(
      tool,
      "-p",
      String(run.pid),
      ...args(`${chosen.library}:shared_7`),
    );
    await run.go();
    const { stdout } = await stopTool(running);
    assert.equal(calls(stdout), 7, stdout);
    assert.deepEqual(chosen.loadedBy, [run.pid]);
  });

  test(`${tool}: an indirect function that no table leads to is refused in a sentence`, async () => {
    using chosen = new Chosen();
    await using run = await chosen.start();
    for (const name of ["unused_3", "late_2"]) {
      const place = args(`${chosen.library}:${name}`);
      const { status, stdout, stderr } = await runTool(tool, "-p", String(run.pid), ...place);
      assert.equal(status, 1);
      assert.equal(stdout, "");
      assert.match(stderr, new RegExp(`^${tool}: Cannot .*${name}.*: .*process ${run.pid}.*\n$`));
      assert.match(stderr, /chooses the implementation|is an indirect function/);
    }
    assert.deepEqual(chosen.loadedBy, [run.pid]);
  });

  test(`${tool}: an indirect function of a library that is not ours is refused without a process`, async () => {
    using chosen = new Chosen();
    const place = args(`${chosen.library}:shared_7`);
    const { status, stderr } = await runTool(tool, ...place);
    assert.equal(status, 1);
    assert.match(stderr, /^\w+: Cannot .*shared_7.*(name one with -p|name a process), or name the/);
    assert.deepEqual(chosen.loadedBy, []);
  });
}

test("funccount names the indirect functions that cannot be told, and counts the others", async () => {
  using chosen = new Chosen();
  await using run = await chosen.start();
  const pattern = `${chosen.library}:^(shared|inner|late|unused)_.$`;
  await using tool = await startTool("funccount", "--json", "-p", String(run.pid), "-r", pattern);
  await run.go();
  const result = await stopTool(tool);
  assert.deepEqual(countsOf(rowsOf<Count>(result)), { shared_7: 7, inner_5: 5 });
  assert.match(
    result.stderr,
    new RegExp(
      "^funccount: left out: (late_2, unused_3|unused_3, late_2): the dynamic linker chooses the " +
        `implementation, and none of process ${run.pid}'s tables tells which \\(yet\\): trace it once ` +
        "it was called, or name the implementation by its symbol$",
      "m",
    ),
  );
});

const countsOf = (rows: readonly Count[]) =>
  Object.fromEntries(rows.map(({ func, count }) => [func, count]));

test("funccount -p finds a library that was deleted, and one whose file was replaced", async () => {
  for (const replaced of [false, true]) {
    using chosen = new Chosen();
    await using run = await chosen.start();
    chosen.remove(replaced);
    const pid = String(run.pid);
    // A FIFO with the path that the kernel shows for the deleted library: opening it would block.
    assert.equal(spawnSync("mkfifo", [`${chosen.library} (deleted)`]).status, 0);
    if (!replaced) assert.equal((await runTool("tplist", "-p", pid)).signal, null);
    await using inner = await startTool(
      "funccount",
      "--json",
      "-p",
      pid,
      "tsbcc-chosen:call_inner",
    );
    await using shared = await startTool("funccount", "--json", "-p", pid, "tsbcc-chosen:shared_7");
    await run.go();
    const counts = [];
    for (const tool of [inner, shared]) counts.push(sumOf((await stopTool(tool)).stdout, "count"));
    assert.deepEqual(counts, [1, 7]);
  }
});

test("funccount counts the implementation of libc's strlen that the process has, not ours", async () => {
  using chosen = new Chosen();
  // Tunables can make a process choose other implementations than its CPU allows.
  const tunables =
    "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512VL,-AVX2,-AVX2_Usable,-AVX_Fast_Unaligned_Load";
  for (const before of [[], ["env", tunables]]) {
    await using run = await chosen.start(...before);
    await using tool = await startTool("funccount", "--json", "-p", String(run.pid), "c:strlen");
    await run.go();
    const result = await stopTool(tool);
    assert.equal(sumOf(result.stdout, "count"), 11, result.stdout);
  }
});

test("funccount -p finds a library of a process in a chroot by its name or path", async () => {
  using chosen = new Chosen();
  await using run = await chosen.startInChroot();
  const pid = String(run.pid);
  await using inner = await startTool("funccount", "--json", "-p", pid, "tsbcc-chosen:call_inner");
  await using malloc = await startTool("funccount", "--json", "-p", pid, "c:malloc");
  await using shared = await startTool("funccount", "--json", "-p", pid, "tsbcc-chosen:shared_7");
  await using path = await startTool(
    "funccount",
    "--json",
    "-p",
    pid,
    "/libtsbcc-chosen.so:*inner",
  );
  await run.go();
  const counts = [];
  for (const tool of [inner, malloc, shared, path]) {
    counts.push(sumOf((await stopTool(tool)).stdout, "count"));
  }
  assert.deepEqual(counts, [1, 13, 7, 1]);
});
