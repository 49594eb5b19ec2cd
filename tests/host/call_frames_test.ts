import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { type CallFrames, readCallFrames } from "../../bpf/elf/call_frames.ts";
import { ElfFile } from "../../bpf/elf/elf_file.ts";
import { FrameRule, RBP_LOST } from "../../bpf/elf/frame_rule.ts";
import { findFile } from "../../mod.ts";
import { requires } from "../support/requires.ts";

const KINDS = new Map(Object.entries(FrameRule).map(([name, value]) => [value as number, name]));

/** A rule as text: `RSP+16 rbp at -16`. */
function ruleText(rule: number): string {
  const [rbp, number] = [rule << 16 >> 24, rule >> 16];
  const kind = KINDS.get(rule & 0xff)!;
  if (kind !== "RSP" && kind !== "RBP") return kind;
  const kept = rbp === 0 ? "" : rbp === RBP_LOST ? " rbp lost" : ` rbp at ${rbp * 8}`;
  return `${kind}+${number * 8}${kept}`;
}

/** The rule that holds at an address. */
function ruleAt({ addresses, rules }: CallFrames, address: number): number {
  let [low, high] = [0, addresses.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (addresses[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return rules[low - 1] ?? 0;
}

/** A row of readelf's table in the form of `ruleText`; undefined for rules that we do not read. */
function rowText(cfa: string, rbp: string | undefined, ra: string): string | undefined {
  if (ra === "u") return "END";
  const base = /^(rsp|rbp)\+(\d+)$/.exec(cfa);
  if (!base || ra !== "c-8") return undefined; // a DWARF expression ("exp"), or another register
  const kept = /^c-(\d+)$/.exec(rbp ?? "u")?.[1];
  return `${base[1]!.toUpperCase()}+${base[2]}${kept ? ` rbp at -${kept}` : ""}`;
}

/** Yields all rows of a file, by address, as readelf prints them. */
function* readelfRows(path: string): Generator<[address: number, rule: string]> {
  const options = { encoding: "utf8", maxBuffer: 2 ** 30 } as const;
  // The status is ignored: readelf exits with 1 after a warning.
  const args = ["--wide", "--debug-dump=frames-interp", path];
  const { stdout: text } = spawnSync("readelf", args, options);
  let columns: string[] = [];
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "LOC") columns = words;
    // Rows at address 0 are of CIEs, which belong to no function.
    else if (/^[0-9a-f]{16}$/.test(words[0]!) && words.length === columns.length) {
      const at = (name: string) => words[columns.indexOf(name)];
      const rule = rowText(words[1]!, at("rbp"), at("ra") ?? "c-8");
      if (rule !== undefined && !/^0+$/.test(words[0]!)) yield [parseInt(words[0]!, 16), rule];
    }
  }
}

const FILES = ["c", "stdc++", "crypto", "m"].flatMap((name) => {
  const path = findFile(name) ?? "";
  return existsSync(path) ? [path] : [];
}).concat(process.execPath, "/bin/bash").filter(existsSync);

const every = "readCallFrames() reads every row of installed files as readelf does";
test(every, { skip: requires(every, "speed") }, () => {
  let compared = 0;
  for (const path of FILES) {
    using file = new ElfFile(path);
    const frames = readCallFrames(file);
    if (!frames) continue; // some runtimes' binaries have no such section
    for (const [address, expected] of readelfRows(path)) {
      const found = ruleText(ruleAt(frames, address));
      assert.equal(found, expected, `${path} 0x${address.toString(16)}`);
      compared++;
    }
  }
  assert.ok(compared > 10000, `${compared} rows`);
});
