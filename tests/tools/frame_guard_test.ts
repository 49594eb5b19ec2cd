import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

// Kernels for arm64 decode whole instructions by tables: no function has to be refused there.
const skip = process.arch !== "x64" && "only x86 kernels take instructions for others";

/** Runs a test with a copy of guarded.c; the functions with refused probes are never called. */
async function withProgram(body: (path: string) => Promise<void>): Promise<void> {
  using folder = new Folder();
  const path = join(folder.path, "guarded");
  copyFileSync(buildProgram("guarded.c"), path);
  await body(path);
}

/** Arguments by which each tool probes one function or one USDT probe. */
const TOOLS: readonly (readonly [tool: string, args: (path: string) => string[]])[] = [
  ["funccount", (path) => [`${path}:vex_jump`]],
  ["funccount", (path) => [`${path}:vex_j*`]],
  ["funccount", (path) => [`u:${path}:wrong`]],
  ["stackcount", (path) => [`${path}:vex_jump`]],
  ["funclatency", (path) => [`${path}:vex_jump`]],
  ["trace", (path) => [`${path}:vex_jump`]],
  ["trace", (path) => [`r:${path}:vex_jump`]],
  ["trace", (path) => [`u:${path}:wrong`]],
  ["argdist", (path) => ["-C", `p:${path}:vex_jump(int x):int:x`]],
  ["argdist", (path) => ["-H", `r:${path}:vex_jump(int x):int:$retval`]],
];

for (const [tool, argumentsFor] of TOOLS) {
  const shown = argumentsFor("PATH").join(" ");

  test(
    `${tool} ${shown}: a function that a probe would break is refused`,
    { skip },
    () =>
      withProgram(async (path) => {
        const { status, stdout, stderr } = await runTool(tool, ...argumentsFor(path));
        assert.equal(status, 1);
        assert.equal(stdout, "");
        assert.match(
          stderr,
          new RegExp(
            `^${tool}: Cannot attach program "\\w+" to .*: the kernel would take the instruction ` +
              "\\S.* \\(c5 f1 74 06 …\\) for a conditional jump, so that programs compute wrong or die: " +
              "probe what calls the function, or another place in it\\n$",
          ),
        );
      }),
  );
}

test(
  "funccount names the functions that a probe would break, and counts the others",
  { skip },
  () =>
    withProgram(async (path) => {
      await using run = await Script.of([path]);
      await using tool = await startTool(
        "funccount",
        "--json",
        "-p",
        String(run.pid),
        "-r",
        `${path}:^(plain|fine|vex|evex|rex)_`,
      );
      await run.go();
      const result = await stopTool(tool);
      assert.deepEqual(
        rowsOf<{ func: string; count: number }>(result).map(({ func, count }) => [func, count])
          .sort(),
        [["fine_2", 2], ["plain_3", 3]],
      );
      assert.match(
        result.stderr,
        /^funccount: 6 of 10 matches cannot be probed and are left out: vex_jump, vex_vzeroupper, evex_jump, vex_or, vex_compare, rex_exchange\n/m,
      );
    }),
);
