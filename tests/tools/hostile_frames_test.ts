/**
 * Damaged call frame information on its whole way: in files that a process has mapped, through our reader and the kernel's
 * maps, into walks of the stacks of that process. tests/fuzz/targets/call_frames.ts damages what the reader gets, alone.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { mutateBytes } from "../fuzz/mutate.ts";
import { type Random, randomOf } from "../fuzz/random.ts";
import { buildProgram } from "../support/build.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { FRAMELESS, stackText, START } from "../support/unwind.ts";
import { Folder } from "../support/workload.ts";

const DEPTH = 127;
/** How much larger than with tables as they are a tool may become, in KiB. */
const GROWTH = 128 * 1024;

interface Row {
  readonly record: string;
  readonly count?: number;
  readonly total?: number;
  readonly user?: readonly string[] | null;
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Changes a byte of a table, which leaves most of it valid, or damages it more; its size stays as it is. */
function damaged(table: Bytes, random: Random): Bytes {
  const result = table.slice();
  if (random(2) === 0) {
    result[random(table.length)] = random(256);
    return result;
  }
  result.fill(0);
  result.set(mutateBytes([{ value: table }], random).subarray(0, table.length));
  return result;
}

/** Writes copies of a file, the first as it is, the others with damaged tables; returns their paths. */
function writeCopies(path: string, folder: string, count: number, seed: number): string[] {
  using file = new ElfFile(path);
  const { offset, size } = file.section(".eh_frame")!;
  const bytes = Uint8Array.from(readFileSync(path));
  const table = bytes.slice(offset, offset + size);
  return Array.from({ length: count }, (_, i) => {
    const copy = bytes.slice();
    if (i > 0) copy.set(damaged(table, randomOf(seed, i)), offset);
    const name = `${folder}/copy${i}`;
    writeFileSync(name, copy, { mode: 0o755 });
    return name;
  });
}

/** What a tool told of stacks. */
interface Told {
  readonly stacks: readonly { readonly user: readonly string[]; readonly count: number }[];
  /** How many ended early. */
  readonly early: number;
  /** The tool's largest size, in KiB. */
  readonly peakKib: number;
}

/** Traces a system call of a program, which comes so many times; checks what holds whatever the tables are. */
async function trace(program: Script, call: string, calls: number, again: string): Promise<Told> {
  const target = ["-p", String(program.pid), `t:syscalls:sys_enter_${call}`];
  await using tool = await startTool("stackcount", "--json", "-U", ...target);
  const status = readFileSync(`/proc/${tool.pid}/status`, "utf8"); // the tables have been read
  await program.go();
  const result = await stopTool(tool);
  const rows = rowsOf<Row>(result);
  const stacks = rows.filter(({ record }) => record === "stack")
    .map(({ user, count = 0 }) => ({ user: user ?? [], count }));
  assert.equal(stacks.reduce((sum, { count }) => sum + count, 0), calls, again);
  for (const { user } of stacks) assert.ok(user.length > 0 && user.length <= DEPTH, again);
  // What ended early is counted by its reason.
  const early = rows.find(({ record }) => record === "truncated")?.total ?? 0;
  const told = /truncated (\d+) of (\d+) user stacks so far: (.*)/.exec(result.stderr);
  const reasons = told ? told[3]!.split(", ").map((reason) => Number.parseInt(reason)) : [];
  assert.equal(reasons.reduce((sum, each) => sum + each, 0), early, again);
  assert.deepEqual(told?.slice(1, 3).map(Number) ?? [0, calls], [early, calls], again);
  return { stacks, early, peakKib: Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]) };
}

/** Calls of getppid(2) in each library. */
const CALLS = 3;
const OUTER = `enter_library;${START}`;
const WHOLE = [
  `getppid;the_call;${"link_of_chain;".repeat(5)}${OUTER}`,
  `getppid;the_call;with_alloca;${OUTER}`,
  `getppid;the_call;with_aligned;${OUTER}`,
];

/** Traces a process that has mapped so many libraries, of which all but the first have damaged tables. */
async function traceLibraries(count: number, seed: number): Promise<Told> {
  using folder = new Folder();
  const flags = [...FRAMELESS, "-DLIBRARY", "-shared", "-fPIC"];
  const library = buildProgram("mapped_calls.c", flags);
  const copies = writeCopies(library, folder.path, count, seed);
  await using program = await Script.of([buildProgram("mapped_calls.c", FRAMELESS), ...copies]);
  const again = `seed ${seed}, ${count} libraries`;
  const told = await trace(program, "getppid", count * CALLS, again);
  let wrong = 0;
  for (const { user, count } of told.stacks) {
    assert.deepEqual(user.slice(0, 2), ["getppid", "the_call"], again);
    if (!WHOLE.includes(stackText(user))) wrong += count;
  }
  const texts = told.stacks.map(({ user }) => stackText(user));
  for (const whole of WHOLE) assert.ok(texts.includes(whole), `${again}: ${whole}`);
  assert.ok(told.early <= wrong, again);
  return told;
}

test("damaged tables of a process's libraries cut its stacks there, and it is told why", async () => {
  assert.ok((await traceLibraries(33, 1)).early > 0);
});

const many = "hundreds of damaged tables neither hang a tool nor let it grow";
test(many, { skip: requires(many, "full", "speed") }, async () => {
  const { early, peakKib } = await traceLibraries(1, 0);
  assert.equal(early, 0);
  for (let seed = 2; seed < 12; seed++) {
    const told = await traceLibraries(100, seed);
    assert.ok(
      told.early > 0 && told.peakKib < peakKib + GROWTH,
      `${seed}: ${told.peakKib}`,
    );
  }
});

const bash = "bash with damaged tables runs, and its stacks are told as they are";
test(bash, { skip: requires(bash, "full", "speed") }, async () => {
  using folder = new Folder();
  const script = "echo pid $$; read -r; for i in 1 2 3 4 5 6 7; do kill -0 $$; done";
  let base: number | undefined;
  for (const [i, copy] of writeCopies("/bin/bash", folder.path, 16, 1).entries()) {
    await using program = await Script.of([copy, "-c", script]);
    const { stacks, peakKib } = await trace(program, "kill", 7, `copy ${i}`);
    if (i === 0) assert.match(stackText(stacks[0]!.user), /^kill;kill_builtin;.*;main;.*;_start$/);
    base ??= peakKib;
    assert.ok(peakKib < base + GROWTH, `copy ${i}: ${peakKib}`);
  }
});
