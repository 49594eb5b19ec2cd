/**
 * Source lines of addresses in programs that were compiled with debug information (gcc -g).
 *
 * @module
 */

import { debugSection } from "./debug_section.ts";
import { type ElfReader, ifWhole } from "./elf_reader.ts";
import {
  type LineProgram,
  lineProgram,
  type LineRow,
  type LineSections,
  pathOf,
  runLineProgram,
  unitsOf,
} from "./line_program.ts";

/** A position in source code. */
export interface SourceLine {
  /** The path as given to the compiler; before DWARF 5 without its working directory. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Programs with larger sections get no lines: decoding them would take seconds. */
const MAX_SECTION = 64 * 2 ** 20;
/** How many ranges of code are kept; each is a function or more. */
const MAX_SEQUENCES = 2 ** 20;

/** A contiguous range of code, and the line number program that covers it. */
interface Sequence {
  readonly low: number;
  readonly high: number;
  readonly program: LineProgram;
}

/** The source lines of a file. */
export class LineTable {
  readonly #sections: LineSections;
  #sequences: readonly Sequence[] | undefined;

  /** @param sections the raw sections, which are untrusted */
  constructor(sections: LineSections) {
    this.#sections = sections;
  }

  /** The line table of a file; undefined without debug information. */
  static of(file: ElfReader): LineTable | undefined {
    const section = (name: string) => debugSection(file, name, MAX_SECTION);
    const programs = section(".debug_line");
    if (!programs) return undefined;
    return new LineTable({
      programs,
      lineTexts: section(".debug_line_str"),
      texts: section(".debug_str"),
    });
  }

  /** The source line of the instruction at a virtual address; undefined when unknown. */
  at(address: number): SourceLine | undefined {
    const sequences = this.#sequences ??= this.#find();
    let [low, high] = [0, sequences.length];
    while (low < high) {
      const middle = low + high >>> 1;
      if (sequences[middle]!.low <= address) low = middle + 1;
      else high = middle;
    }
    const found = sequences[low - 1];
    if (!found || address >= found.high) return undefined;
    return ifWhole(() => {
      const row = this.#row(found, address);
      if (!row || row.line < 1) return undefined;
      return { file: pathOf(this.#sections, found.program, row.file), line: row.line };
    });
  }

  /**
   * The path of the file with that number in the unit whose line program begins at offset `place`;
   * undefined if there is none.
   */
  fileOf(place: number, file: number): string | undefined {
    return ifWhole(() => {
      const unit = unitsOf(this.#sections.programs).find(([start]) => start === place);
      return unit && pathOf(this.#sections, lineProgram(this.#sections, ...unit), file);
    });
  }

  /** The last row that is not behind the address. */
  #row({ low, program }: Sequence, address: number): LineRow | undefined {
    let first = true;
    let isMeant = false;
    let before: LineRow | undefined;
    let found: LineRow | undefined;
    runLineProgram(this.#sections, program, (row) => {
      if (first) isMeant = row.address === low;
      if (isMeant && row.address > address) {
        found = before;
        return true;
      }
      before = row;
      first = row.isEnd;
      return undefined;
    });
    return found;
  }

  #find(): Sequence[] {
    const sequences: Sequence[] = [];
    for (const [start, end] of unitsOf(this.#sections.programs)) {
      // A truncated program contributes the sequences before the fault.
      ifWhole(() => {
        const program = lineProgram(this.#sections, start, end);
        let low: number | undefined;
        runLineProgram(this.#sections, program, ({ address, isEnd }) => {
          low ??= address;
          if (!isEnd) return undefined;
          // Code that the linker dropped has address 0.
          if (low > 0 && address > low) sequences.push({ low, high: address, program });
          low = undefined;
          return sequences.length >= MAX_SEQUENCES;
        });
      });
    }
    return sequences.sort((a, b) => a.low - b.low);
  }
}
