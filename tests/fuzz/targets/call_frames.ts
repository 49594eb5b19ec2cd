/**
 * Fuzz target: the reader of call frame information (.eh_frame), by which stacks are unwound.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { readCallFrames } from "../../../bpf/elf/call_frames.ts";
import { rulesWithCalls } from "../../../bpf/elf/call_sites.ts";
import { ElfFile } from "../../../bpf/elf/elf_file.ts";
import { FrameRule } from "../../../bpf/elf/frame_rule.ts";
import { findFile } from "../../../mod.ts";
import { isOurRange, must, type Sample, type Target } from "../target.ts";
import { withFile } from "./elf.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const KINDS: ReadonlySet<number> = new Set(Object.values(FrameRule));

/** Small libraries that most machines have; mostly the bytes of the section are mutated. */
function samples(): Sample<Bytes>[] {
  return ["dl", "util", "BrokenLocale"].flatMap((name) => {
    const path = findFile(name);
    if (path === undefined) return [];
    const value = Uint8Array.from(readFileSync(path));
    using file = new ElfFile(path);
    const section = file.section(".eh_frame");
    if (!section || value.length > 2 ** 17) return [];
    const end = section.offset + section.size;
    return [{
      value,
      hot: [[section.offset, end], [section.offset, section.offset + 64]] as const,
    }];
  });
}

/** The reader of unwind tables. */
export const callFrames: Target<Bytes> = {
  name: "call-frames",
  what: "where functions' callers are (.eh_frame)",
  samples,
  isRefusal: isOurRange,
  run: (bytes) =>
    withFile(bytes, (path) => {
      using file = new ElfFile(path);
      const frames = readCallFrames(file);
      if (!frames) return;
      const { addresses, rules } = frames;
      must(rulesWithCalls(file, frames).length === rules.length, "a rule is with or without calls");
      must(rules.length <= bytes.length, "there are more rules than bytes");
      for (let i = 0; i < rules.length; i++) {
        must(i === 0 || addresses[i - 1]! < addresses[i]!, "rules are not in order");
        must(KINDS.has(rules[i]! & 0xff), "a rule is of no kind");
      }
    }),
};
