/**
 * Call frame information of mapped files.
 *
 * @module
 */

import { type CallFrames, readCallFrames } from "../elf/call_frames.ts";
import { rulesWithCalls } from "../elf/call_sites.ts";
import { ElfFile } from "../elf/elf_file.ts";
import type { ElfSegment } from "../elf/elf_reader.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { pathsOf, readMapped } from "./file_symbols.ts";

/** The unwind rules of a file. */
export interface MappedFrames extends CallFrames {
  /** For each rule 1 if it may apply to return addresses, or 0. */
  readonly calls: Uint8Array;
  /** How many bytes the file has. */
  readonly size: number;
  /**
   * What is added to a file offset of code for its virtual address; undefined if that differs
   * between segments.
   */
  readonly shift: number | undefined;
  /** The virtual address of an offset at which code is mapped; undefined when none is there. */
  addressOf(offset: number): number | undefined;
}

/**
 * Reads the unwind rules of a range's file; undefined when it has none, null when the file cannot
 * be reached through this process.
 */
export function mappedCallFrames(pid: number, range: MemoryRange): MappedFrames | undefined | null {
  if (pathsOf(pid, range).length === 0) return null;
  return readMapped(pid, range, (path) => {
    using file = new ElfFile(path);
    const frames = readCallFrames(file);
    // Kept, because addressOf() is called after the file is closed.
    const code = file.segments.filter(({ type, flags }) =>
      type === PT_LOAD && (flags & PF_X) !== 0
    );
    const shifts = code.map(({ address, offset }) => address - offset);
    return frames && {
      ...frames,
      calls: rulesWithCalls(file, frames),
      size: file.size,
      shift: shifts.every((shift) => shift === shifts[0]) ? shifts[0] : undefined,
      addressOf: (place) => addressOfCode(code, place),
    };
  });
}

const [PT_LOAD, PF_X] = [1, 1];
/** The page size of x86-64, the only architecture where stacks are walked by unwind rules. */
const PAGE = 4096;

/**
 * The virtual address at an offset where a mapping of code begins, by the segments of code. The kernel maps whole pages:
 * lld lets a segment begin in the middle of one, whose first part belongs to another segment.
 */
export function addressOfCode(
  code: readonly Pick<ElfSegment, "address" | "offset" | "size">[],
  place: number,
): number | undefined {
  const segment = code.findLast(({ offset, size }) =>
    place >= offset - offset % PAGE && place < offset + size
  );
  return segment && place - segment.offset + segment.address;
}
