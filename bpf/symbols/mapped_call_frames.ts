/**
 * The call frame information of files that processes have mapped.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { type CallFrames, readCallFrames } from "../elf/call_frames.ts";
import { ElfFile } from "../elf/elf_file.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { pathsOf } from "./file_symbols.ts";

/** What a file says of its functions' callers. */
export interface MappedFrames extends CallFrames {
  /** The virtual address of an offset in the file; undefined when it is not loaded. */
  addressOf(offset: number): number | undefined;
}

/**
 * Reads what the file of a range says of its functions' callers; undefined when it cannot be reached,
 * or says nothing.
 */
export function mappedCallFrames(pid: number, range: MemoryRange): MappedFrames | undefined {
  for (const path of pathsOf(pid, range)) {
    try {
      using file = new ElfFile(path);
      const frames = readCallFrames(file);
      // What is asked for later must not need the file.
      const segments = file.segments.filter(({ type }) => type === PT_LOAD);
      return frames && {
        ...frames,
        addressOf(place) {
          const segment = segments.find(({ offset, size }) =>
            place >= offset && place < offset + size
          );
          return segment && place - segment.offset + segment.address;
        },
      };
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

const PT_LOAD = 1;
