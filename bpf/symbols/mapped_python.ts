/**
 * The interpreter of Python in files that processes have mapped: the addresses of its evaluation
 * loop and of its state.
 *
 * @module
 */

import { ElfFile } from "../elf/elf_file.ts";
import { ifWhole, viewOf } from "../elf/elf_reader.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import { readMapped } from "./file_symbols.ts";

/** An interpreter in a file; addresses are those of the file. */
export interface MappedPython {
  /** `3.11` */
  readonly version: string;
  /** The evaluation loop, _PyEval_EvalFrameDefault(): its start, and behind its end. */
  readonly evalFrom: number;
  readonly evalTo: number;
  /** The variable _PyRuntime, which holds the interpreter's state. */
  readonly runtime: number;
}

/** Not builds without the global interpreter lock (`python3.13t`), whose structures differ. */
const NAME = /\/(lib)?python3(?!\.\d+t)[^/]*$/;

/**
 * Finds the interpreter in a range's file; undefined for other files, those without symbols, and
 * Python before 3.11.
 */
export function mappedPython(pid: number, range: MemoryRange): MappedPython | undefined {
  if (!NAME.test(range.path)) return undefined;
  return readMapped(pid, range, (path) => {
    using file = new ElfFile(path);
    return inFile(file);
  });
}

function inFile(file: ElfFile): MappedPython | undefined {
  const runtime = file.variable("_PyRuntime");
  const version = file.variable("Py_Version"); // since 3.11
  const place = version === undefined ? undefined : file.offsetOf(version);
  const bytes = place === undefined ? undefined : ifWhole(() => file.read(place, 4));
  const evaluate = file.extent("_PyEval_EvalFrameDefault");
  if (runtime === undefined || !bytes || !evaluate) return undefined;
  const number = viewOf(bytes).getUint32(0, true);
  return {
    version: `${number >>> 24}.${number >>> 16 & 0xff}`,
    evalFrom: evaluate.address,
    evalTo: evaluate.address + evaluate.size,
    runtime,
  };
}
