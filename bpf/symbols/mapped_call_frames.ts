/**
 * Call frame information of mapped files.
 *
 * @module
 */

import { type CallFrames, readCallFrames } from "../elf/call_frames.ts";
import { ElfFile } from "../elf/elf_file.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { pathsOf, readMapped } from "./file_symbols.ts";

/** What a file says of its functions' callers. */
export interface MappedFrames extends CallFrames {
  /** How many bytes the file has. */
  readonly size: number;
  /** From an offset of code in the file to its virtual address; undefined where it is not one number. */
  readonly shift: number | undefined;
  /** The virtual address of an offset in the file; undefined when it is not loaded. */
  addressOf(offset: number): number | undefined;
}

/**
 * Reads what the file of a range says of its functions' callers; undefined when it says nothing, null
 * when it cannot be reached through this process.
 */
export function mappedCallFrames(pid: number, range: MemoryRange): MappedFrames | undefined | null {
  if (pathsOf(pid, range).length === 0) return null;
  return readMapped(pid, range, (path) => {
    using file = new ElfFile(path);
    const frames = readCallFrames(file);
    // What is asked for later must not need the file.
    const segments = file.segments.filter(({ type }) => type === PT_LOAD);
    const shifts = segments.filter(({ flags }) => (flags & PF_X) !== 0)
      .map(({ address, offset }) => address - offset);
    return frames && {
      ...frames,
      size: file.size,
      shift: shifts.every((shift) => shift === shifts[0]) ? shifts[0] : undefined,
      addressOf(place) {
        const segment = segments.find(({ offset, size }) =>
          place >= offset && place < offset + size
        );
        return segment && place - segment.offset + segment.address;
      },
    };
  });
}

const [PT_LOAD, PF_X] = [1, 1];
