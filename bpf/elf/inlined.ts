/**
 * Inlined calls by address, from the DW_TAG_inlined_subroutine entries of debug information.
 *
 * @module
 */

import { debugSection } from "./debug_section.ts";
import {
  Attribute,
  cursorAt,
  type Entry,
  type InfoSections,
  infoUnits,
  readEntry,
  type Unit,
} from "./debug_info.ts";
import { UnitBases } from "./unit_bases.ts";
import { type ElfReader, ifWhole } from "./elf_reader.ts";
import type { LineTable, SourceLine } from "./line_table.ts";

/** A call that the compiler has replaced by the code of the called function. */
export interface InlinedCall {
  /**
   * The linkage name where there is one, else the plain name; undefined where it is in another
   * file.
   */
  readonly name: string | undefined;
  /** Where it is called. */
  readonly caller: SourceLine | undefined;
}

const TAG_INLINED = 0x1d;
/** Programs with larger sections get no inlined calls: reading them would take seconds. */
const MAX_SECTION = 64 * 2 ** 20;
/**
 * How many references (DW_AT_abstract_origin, DW_AT_specification) are followed for a name: a C++
 * function has up to three entries.
 */
const MAX_ORIGINS = 8;
const MAX_DEPTH = 1024;
/** Limit on the ranges of code that are read. */
const MAX_RANGES = 2 ** 21;

/** A range of code of an inlined call; nested calls come later, with a greater depth. */
interface Part {
  readonly low: number;
  readonly high: number;
  readonly depth: number;
  readonly entry: Entry;
}

interface Known {
  readonly unit: Unit;
  readonly root: Entry;
  readonly bases: UnitBases;
  readonly ranges: readonly (readonly [number, number])[];
  parts?: readonly Part[];
}

/** Inlined functions of a file. */
export class InlinedTable {
  readonly #sections: InfoSections;
  readonly #lines: LineTable | undefined;
  #units: readonly Known[] | undefined;
  #left = MAX_RANGES;

  /** @param sections the raw sections, which are untrusted */
  constructor(sections: InfoSections, lines: LineTable | undefined) {
    this.#sections = sections;
    this.#lines = lines;
  }

  /** The inlined functions of a file; undefined without debug information. */
  static of(file: ElfReader, lines: LineTable | undefined): InlinedTable | undefined {
    const section = (name: string) => debugSection(file, name, MAX_SECTION);
    const [entries, abbreviations] = [section(".debug_info"), section(".debug_abbrev")];
    if (!entries || !abbreviations) return undefined;
    return new InlinedTable({
      entries,
      abbreviations,
      texts: section(".debug_str"),
      lineTexts: section(".debug_line_str"),
      textOffsets: section(".debug_str_offsets"),
      addresses: section(".debug_addr"),
      ranges: section(".debug_ranges"),
      rangeLists: section(".debug_rnglists"),
    }, lines);
  }

  /** The inlined calls that the instruction at a virtual address is in, innermost first. */
  at(address: number): InlinedCall[] {
    const units = this.#units ??= this.#find();
    const found = units.find(({ ranges }) =>
      ranges.some(([low, high]) => address >= low && address < high)
    );
    if (!found) return [];
    const parts = found.parts ??= this.#parts(found);
    return parts.filter(({ low, high }) => address >= low && address < high)
      .sort((a, b) => b.depth - a.depth)
      .map(({ entry }) => ({
        name: this.#nameOf(entry, found),
        caller: this.#callerOf(entry, found),
      }));
  }

  *#ranges(bases: UnitBases, entry: Entry): Generator<readonly [number, number]> {
    for (const range of bases.ranges(entry)) {
      if (--this.#left < 0) return;
      yield range;
    }
  }

  #find(): Known[] {
    const units: Known[] = [];
    ifWhole(() => {
      for (const unit of infoUnits(this.#sections)) {
        ifWhole(() => {
          const root = readEntry(cursorAt(this.#sections.entries, unit.first), unit);
          const bases = new UnitBases(this.#sections, unit, root);
          units.push({ unit, root, bases, ranges: [...this.#ranges(bases, root)] });
        });
      }
    });
    return units;
  }

  #parts({ unit, bases }: Known): Part[] {
    const parts: Part[] = [];
    ifWhole(() => {
      const cursor = cursorAt(this.#sections.entries, unit.first);
      for (let depth = 0; cursor.at < unit.end && this.#left > 0;) {
        const entry = readEntry(cursor, unit);
        if (entry.tag === 0) {
          if (--depth <= 0) return;
          continue;
        }
        if (entry.tag === TAG_INLINED) {
          ifWhole(() => {
            for (const [low, high] of this.#ranges(bases, entry)) {
              if (low < high) parts.push({ low, high, depth, entry });
            }
          });
        }
        if (entry.hasChildren && ++depth > MAX_DEPTH) return;
      }
    });
    return parts;
  }

  #nameOf(entry: Entry, known: Known): string | undefined {
    return ifWhole(() => {
      let plain: string | undefined;
      let [at, owner]: [Entry, Known | undefined] = [entry, known];
      for (let i = 0; i < MAX_ORIGINS && owner; i++) {
        const { values } = at;
        const linked = values.get(Attribute.LINKAGE_NAME) ?? values.get(Attribute.OLD_LINKAGE_NAME);
        const name = owner.bases.text(linked);
        if (name !== undefined) return name;
        plain ??= owner.bases.text(values.get(Attribute.NAME));
        const next = values.get(Attribute.ORIGIN) ?? values.get(Attribute.SPECIFICATION);
        if (next?.meaning !== "entry") break;
        const place: number = next.number;
        owner = this.#units!.find(({ unit }) => place >= unit.first && place < unit.end);
        if (owner) at = readEntry(cursorAt(this.#sections.entries, place), owner.unit);
      }
      return plain;
    });
  }

  #callerOf({ values }: Entry, { root }: Known): SourceLine | undefined {
    const [file, line] = [values.get(Attribute.CALL_FILE), values.get(Attribute.CALL_LINE)];
    const program = root.values.get(Attribute.LINES);
    if (!file || !line || !program) return undefined;
    const path = this.#lines?.fileOf(program.number, file.number);
    return path === undefined ? undefined : { file: path, line: line.number };
  }
}
