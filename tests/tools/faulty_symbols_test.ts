/** A faulty symbol affects only its own name in a report, not other names. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Script } from "../support/script.ts";
import { stacksOf, userSums } from "../support/stacks.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const [SECTION, SYMBOL, SHT_SYMTAB] = [64, 24, 2];
const CALLS = 13;
/** A Rust name with an invalid code point; where decoding it threw, the whole report failed. */
const UNDEMANGLABLE = "_ZN9$u110000$17h0123456789abcdefE";

interface Count {
  readonly func: string;
  readonly func_hex?: string;
  readonly count: number;
}

/**
 * Overwrites symbols' names in an executable by bytes, and sets the size of one symbol to a huge
 * value.
 */
function spoil(bytes: Uint8Array, names: Record<string, string>, sized: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const word = (at: number) => Number(view.getBigUint64(at, true));
  const section = (i: number) => word(40) + i * SECTION;
  const sections = Array.from({ length: view.getUint16(60, true) }, (_, i) => section(i));
  const table = sections.find((at) => view.getUint32(at + 4, true) === SHT_SYMTAB)!;
  const texts = word(section(view.getUint32(table + 40, true)) + 24);
  const [start, end] = [word(table + 24), word(table + 24) + word(table + 32)];
  let spoiled = 0;
  for (let at = start; at < end; at += SYMBOL) {
    const text = texts + view.getUint32(at, true);
    const name = new TextDecoder().decode(bytes.subarray(text, bytes.indexOf(0, text)));
    const other = names[name];
    if (name === sized) view.setBigUint64(at + 16, 2n ** 64n - 1n, true);
    else if (other === undefined) continue;
    else bytes.set(Uint8Array.from(other.padEnd(name.length, "\0"), (c) => c.charCodeAt(0)), text);
    spoiled++;
  }
  assert.equal(spoiled, Object.keys(names).length + 1);
}

test("reports name all functions but those whose symbols are faulty, which they show escaped", async () => {
  using folder = new Folder();
  const path = join(folder.path, "faulty");
  const bytes = readFileSync(buildProgram("faulty_symbols.c", ["-O0"]));
  spoil(bytes, {
    faulty_control: "f\x1b[2J\n\xff;\x07x",
    faulty_mangled_and_deep_______________: UNDEMANGLABLE,
  }, "faulty_size");
  writeFileSync(path, bytes, { mode: 0o755 });
  await using workload = await Script.of([path, String(CALLS), "100"]);
  const target = ["--json", "-p", String(workload.pid)];
  await using counts = await startTool("funccount", ...target, `${path}:*`);
  await using stacks = await startTool("stackcount", ...target, "-U", `${path}:right_inner`);
  await using profile = await startTool("profile", ...target, "-U", "-F", "997");
  await using folded = await startTool("profile", "-p", target[2]!, "-U", "-f", "-F", "997");
  await workload.go();
  const chain = [
    ...["main", "right_outer", String.raw`f\x1b[2J\n\xff;\x07x`, "right_middle"],
    ...["$u110000$", "faulty_size", "right_inner"],
  ];
  const counted = rowsOf<Count>(await stopTool(counts)).filter(({ func }) => chain.includes(func));
  assert.deepEqual(
    counted.map(({ func, count }) => [func, count]).sort(),
    chain.slice(1).map((name) => [name, CALLS + 1]).sort(),
  );
  assert.deepEqual(counted.flatMap(({ func_hex }) => func_hex ?? []), ["661b5b324a0aff3b0778"]);

  const calls = stacksOf(await stopTool(stacks), workload.pid);
  assert.deepEqual(userSums(calls, ({ count = 0 }) => count), { [chain.join(";")]: CALLS + 1 });

  const sampled = stacksOf(await stopTool(profile), workload.pid)
    .filter(({ user }) => user![0] === "right_inner");
  const sums = userSums(sampled, ({ samples = 0 }) => samples);
  assert.deepEqual(Object.keys(sums), [chain.join(";")]);

  // In folded output semicolons separate frames, so one in a name is replaced.
  const text = chain.join(";").replace("xff;", "xff:");
  const lines = (await stopTool(folded)).stdout.split("\n").filter((line) =>
    /right_inner \d+$/.test(line)
  );
  assert.ok(lines.length > 0);
  for (const line of lines) assert.ok(line.includes(`;${text} `), line);
});
