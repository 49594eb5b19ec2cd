/**
 * The interpreter of Ruby in files that processes have mapped: the addresses of its evaluation
 * loop.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { ifWhole } from "../elf/elf_reader.ts";
import { threadedFunction } from "../elf/threaded_code.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { readMapped } from "./file_symbols.ts";

/** An interpreter in a file; addresses are those of the file. */
export interface MappedRuby {
  /** `3.1` */
  readonly version: string;
  /**
   * The evaluation loop, rb_vm_exec() or the function that it calls: its start, and behind its end.
   */
  readonly execFrom: number;
  readonly execTo: number;
}

const NAME = /\/(lib)?ruby[^/]*$/;
const VERSION_BYTES = 16;

/**
 * Finds the interpreter in a range's file; undefined for other files, and those without symbols.
 */
export function mappedRuby(pid: number, range: MemoryRange): MappedRuby | undefined {
  if (!NAME.test(range.path)) return undefined;
  return readMapped(pid, range, (path) => {
    using file = new ElfFile(path);
    return inFile(file);
  });
}

function inFile(file: ElfFile): MappedRuby | undefined {
  const at = file.variable("ruby_version");
  const place = at === undefined ? undefined : file.offsetOf(at);
  const bytes = place === undefined ? undefined : ifWhole(() => file.read(place, VERSION_BYTES));
  const [version] = /^\d+\.\d+/.exec(bytes ? bufferText(bytes) : "") ?? [];
  if (version === undefined) return undefined;
  const exec = file.extent("rb_vm_exec"); // not exported any more in 3.3
  if (exec) return { version, execFrom: exec.address, execTo: exec.address + exec.size };
  const core = threadedFunction(file);
  return core && { version, execFrom: core.from, execTo: core.to };
}
