import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram, PROJECT } from "../support/build.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

const SOURCE = readFileSync(`${PROJECT}tests/support/unwind.c`, "utf8").split("\n");
/**
 * The number of the first source line that contains `text`, after a line that contains `behind`.
 */
const lineOf = (text: string, behind: string) =>
  SOURCE.findIndex((line, i) =>
    i > SOURCE.findIndex((line) => line.includes(behind)) && line.includes(text)
  ) + 1;

/** The frames with source lines in the only stack of a chain of calls. */
async function framesOf(...args: string[]): Promise<string[]> {
  const flags = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls", "-g"];
  await using script = await Script.of([buildProgram("unwind.c", flags), "chain=3"]);
  const target = ["-p", String(script.pid), "t:syscalls:sys_enter_getppid"];
  await using tool = await startTool("stackcount", "--json", "-U", ...args, ...target);
  await script.go();
  const rows = rowsOf<{ record: string; user: string[] }>(await stopTool(tool));
  const stacks = rows.filter(({ record }) => record === "stack");
  assert.equal(stacks.length, 1);
  return stacks[0]!.user.filter((name) => name.includes("unwind.c"));
}

test("--lines tells the source line that each frame is at, and which functions were inlined", async () => {
  const called = lineOf("at_end();", "long link_of_chain");
  const again = lineOf("place[1] = link_of_chain", "long link_of_chain");
  const main = lineOf("do_step(argv[i])", "int main");
  assert.deepEqual(await framesOf("--lines"), [
    `the_call (unwind.c:${lineOf("sink += getppid", "void the_call")})`,
    `link_of_chain (unwind.c:${called})`,
    `link_of_chain (unwind.c:${again})`,
    `link_of_chain (unwind.c:${again})`,
    `do_step (unwind.c:${lineOf("link_of_chain(count)", "void do_step")}, inlined)`,
    `main (unwind.c:${main})`,
  ]);
});

test("without --lines there are none", async () => {
  assert.deepEqual(await framesOf(), []);
});
