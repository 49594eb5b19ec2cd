import assert from "node:assert/strict";
import { copyFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { type StackRow, stacksOf, userSums } from "../support/stacks.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const samples = ({ samples = 0 }: StackRow) => samples;
const built = (name: string, ...flags: string[]) =>
  buildProgram("reused_addresses.c", ["-O0", `-DWORK=${name}`, ...flags]);
const program = (name: string) => built(name, "-no-pie");
const library = (name: string) => built(name, "-DLIBRARY", "-shared", "-fPIC");

/** The samples by user stack, and the workload's output. */
async function sampled(...command: string[]) {
  await using workload = await Script.of(command);
  const { pid } = workload;
  await using tool = await startTool("profile", "-F", "997", "-U", "--json", "-p", String(pid));
  const stdout = await workload.go();
  return { stdout, sums: userSums(stacksOf(await stopTool(tool), pid), samples) };
}

/**
 * Checks that the samples of two stacks are two to one, and that hardly any are on other stacks.
 */
function assertTwoToOne(sums: Record<string, number>, first: string, second: string): void {
  const all = Object.values(sums).reduce((a, b) => a + b, 0);
  const [twice = 0, once = 0] = [sums[first], sums[second]];
  const text = JSON.stringify(sums);
  assert.ok(twice + once > 0.8 * all, text);
  assert.ok(twice > 1.3 * once && once > 0.2 * all, text);
}

const exec = "profile tells apart programs of one name that a process runs one after the other";
test(exec, { skip: requires(exec, "speed") }, async () => {
  const { sums } = await sampled(program("early"), "400", `=${program("later")}`, "200");
  assertTwoToOne(sums, "main;early", "main;later");
});

const libraries = "profile tells apart libraries that have the same addresses one after the other";
test(libraries, { skip: requires(libraries, "speed") }, async () => {
  const steps = [
    `${library("first_")}:200`,
    `${library("second")}:200`,
    `${library("first_")}:200`,
  ];
  const { stdout, sums } = await sampled(program("early"), ...steps);
  assert.equal(new Set(stdout.trim().split("\n")).size, 1, stdout);
  const stack = (name: string) => `main;in_library;work;${name}`;
  assertTwoToOne(sums, stack("first_"), stack("second"));
});

test("stackcount shows a stack once that is the same before and after a library was opened", async () => {
  // The stack of munmap(2) in dlclose() is the same for each library.
  const steps = [`${library("first_")}:1`, `${library("second")}:1`];
  await using workload = await Script.of([program("early"), ...steps]);
  await using tool = await startTool(
    "stackcount",
    ...[
      ["-U", "--json", "-p", String(workload.pid)],
      "t:syscalls:sys_enter_munmap",
    ].flat(),
  );
  await workload.go();
  const rows = rowsOf<StackRow & { count: number }>(await stopTool(tool));
  const texts = rows.filter(({ record }) => record === "stack").map(({ user }) => String(user));
  assert.ok(texts.length > 0);
  assert.equal(new Set(texts).size, texts.length, texts.join("\n"));
});

const CUT = "profile names what it can when libraries are truncated before it reads them";
test(CUT, { skip: requires(CUT, "speed") }, async () => {
  using folder = new Folder();
  const [empty, header] = [join(folder.path, "empty.so"), join(folder.path, "header.so")];
  for (const path of [empty, header]) copyFileSync(library("first_"), path);
  const steps = [`${empty}:100`, `${header}:100`, "200", `${library("second")}:100`];
  await using workload = await Script.of([program("early"), ...steps]);
  const { pid } = workload;
  // With a second process, so that the tool does not make its report when the first one ends.
  await using other = await Script.start(":");
  const options = ["-F", "997", "-U", "--json", "-p", `${pid},${other.pid}`];
  await using tool = await startTool("profile", ...options);
  await workload.go();
  truncateSync(empty, 0);
  truncateSync(header, 4096);
  const sums = userSums(stacksOf(await stopTool(tool), pid), samples);
  const all = Object.values(sums).reduce((a, b) => a + b, 0);
  // The dynamic symbols, in the first page of the file, are still readable.
  const calls = ["[empty.so];[empty.so]", "work;first_", "work;second"];
  for (const stack of ["main;early", ...calls.map((call) => `main;in_library;${call}`)]) {
    const isSo = (name: string) => name.replaceAll(/\+0x[0-9a-f]+/g, "") === stack;
    const count = Object.entries(sums).filter(([name]) => isSo(name))
      .reduce((sum, [, count]) => sum + count, 0);
    assert.ok(count > 0.1 * all, JSON.stringify(sums));
  }
});

const MANY = "profile names code that lies in the last of 40,000 mappings";
test(MANY, { skip: requires(MANY, "speed", "full") }, async () => {
  // The last step gives the tool time to read all mappings.
  const steps = ["*40001:400", "4000"];
  await using workload = await Script.of([program("early"), ...steps]);
  const { pid } = workload;
  await using tool = await startTool("profile", "-F", "997", "-U", "--json", "-p", String(pid));
  await workload.go();
  const sums = userSums(stacksOf(await stopTool(tool), pid), samples);
  const inMapped = Object.entries(sums).filter(([stack]) => /^main;in_many;(early|0x)/.test(stack));
  assert.deepEqual(inMapped.map(([stack]) => stack), ["main;in_many;early"]);
  assert.ok(sums["main;early"]! > 0);
});
