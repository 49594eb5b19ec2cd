/**
 * Finds the main loop of an interpreter without its symbol. With threaded code that function jumps
 * from one bytecode instruction to the next through a table of addresses in itself, and the dynamic
 * linker relocates the table.
 *
 * Layout: .eh_frame_hdr, Linux Standard Base, Core 5.0, section 10.6.2; relocations, elf(5).
 *
 * @module
 */

import { type ElfReader, ifWhole, viewOf, word } from "./elf_reader.ts";
import { R_X86_64_RELATIVE, RELA_BYTES, SHT_RELA } from "./relocations.ts";

const MAX_SECTION = 64 * 2 ** 20;
/**
 * Version 1, a signed pointer relative to its own address, a count of four bytes, a table relative
 * to the section.
 */
const HEADER = 0x3b031b01;
const [HEADER_BYTES, ENTRY_BYTES] = [12, 8];
/** A function with fewer relocated addresses inside is no interpreter. */
const LEAST = 64;

/** The addresses of its start and behind its end; undefined when there is none. */
export function threadedFunction(file: ElfReader): { from: number; to: number } | undefined {
  return ifWhole(() => {
    const starts = functionStarts(file);
    const counts = new Map<number, number>();
    for (const address of relocated(file)) {
      const index = lastAtOrBefore(starts, address);
      // Addresses behind the start of the last function may be data; those of starts are function
      // pointers.
      if (index < 0 || index === starts.length - 1 || starts[index] === address) continue;
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const [index, count] = [...counts].reduce((a, b) => b[1] > a[1] ? b : a, [-1, 0]);
    const [from, to] = [starts[index], starts[index + 1]];
    return count < LEAST || from === undefined || to === undefined ? undefined : { from, to };
  });
}

/** The start addresses of functions in order, from the table for exception handling. */
function functionStarts(file: ElfReader): number[] {
  const section = file.section(".eh_frame_hdr");
  const view = section && viewOf(file.content(section, MAX_SECTION));
  if (!view || view.byteLength < HEADER_BYTES || view.getUint32(0, true) !== HEADER) return [];
  const count = Math.min(view.getUint32(8, true), (view.byteLength - HEADER_BYTES) / ENTRY_BYTES);
  return Array.from(
    { length: Math.floor(count) },
    (_, i) => section.address + view.getInt32(HEADER_BYTES + i * ENTRY_BYTES, true),
  );
}

/** The addends to which the dynamic linker adds the load address. */
function* relocated(file: ElfReader): Generator<number> {
  for (const relocations of file.contents(SHT_RELA, MAX_SECTION)) {
    const view = viewOf(relocations);
    for (let at = 0; at + RELA_BYTES <= view.byteLength; at += RELA_BYTES) {
      if (view.getUint32(at + 8, true) === R_X86_64_RELATIVE) yield word(view, at + 16);
    }
  }
}

function lastAtOrBefore(starts: readonly number[], address: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = low + high >>> 1;
    if (starts[middle]! <= address) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
