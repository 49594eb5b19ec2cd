/**
 * The table of a Go program's functions (.gopclntab), which Go's runtime needs and which is kept
 * when the program is stripped: names, lines, and how far the stack has grown at each instruction.
 *
 * Layout: src/runtime/symtab.go and src/cmd/link/internal/ld/pcln.go of Go 1.18 and later; earlier
 * formats are not read. Only x86-64.
 *
 * @module
 */

import { ByteCursor } from "./byte_cursor.ts";
import { type ElfReader, type ElfSection, ifWhole, viewOf, word } from "./elf_reader.ts";
import { FrameRule, frameRule, NO_RULE } from "./frame_rule.ts";
import type { FunctionTable } from "./function_table.ts";
import type { SourceLine } from "./line_table.ts";
import { StringTable } from "./string_table.ts";
import { R_X86_64_RELATIVE, RELA_BYTES, SHT_RELA } from "./relocations.ts";
import { StartIndex } from "./start_index.ts";

/** pcHeader.magic of Go 1.18 and 1.20. */
const [GO_1_18, GO_1_20] = [0xfffffff0, 0xfffffff1];
const HEADER_BYTES = 72;
/**
 * Names of its section; the second is that of position-independent programs, where the dynamic
 * linker relocates it.
 */
const SECTIONS = [".gopclntab", ".data.rel.ro.gopclntab"];
/** Limit: several times that of the largest programs. */
const MAX_SECTION = 256 * 2 ** 20;
/** Limit: 64 MiB of rows. Functions share rows about their stacks. */
const MAX_RULES = 2 ** 23;
const ENTRY_BYTES = 8;
/**
 * Offsets in struct _func of nameOff, pcsp, pcfile, pcln (where the tables of stack depths, files
 * and lines begin) and cuOffset.
 */
const [NAME, STACK, FILE, LINE, UNIT] = [4, 16, 20, 24, 32];
const FUNCTION_BYTES = 36;
/**
 * Unwinding ends at these functions: goroutines and threads begin there, or the stack is switched.
 */
const OUTERMOST =
  /^runtime\.(goexit|mstart|mcall|systemstack|asmcgocall|rt0_go|cgocallback)(\.abi0)?$|^_rt0_/;

/** Offsets in the table. */
interface Parts {
  readonly names: number;
  readonly units: number;
  readonly files: number;
  readonly values: number;
  readonly functions: number;
}

/** The table of one file, which has to stay open; read piece by piece. */
export class GoTable {
  readonly #file: ElfReader;
  readonly #section: ElfSection;
  readonly #text: number;
  readonly #count: number;
  readonly #parts: Parts;
  readonly #names: StringTable;
  readonly #files: StringTable;
  #entries: DataView | undefined;

  private constructor(file: ElfReader, section: ElfSection, view: DataView, text: number) {
    this.#file = file;
    this.#section = section;
    this.#text = text;
    this.#count = word(view, 8);
    const [names, units, files, values, functions] = [32, 40, 48, 56, 64].map((at) =>
      word(view, at)
    ) as [number, number, number, number, number];
    this.#parts = { names, units, files, values, functions };
    const strings = (at: number) =>
      new StringTable((offset, length) => file.read(offset, length), {
        ...section,
        offset: section.offset + at,
        size: Math.max(0, section.size - at),
      });
    this.#names = strings(names);
    this.#files = strings(files);
  }

  /** The table of a file; undefined when it has none, or one of an unknown version. */
  static of(file: ElfReader): GoTable | undefined {
    const section = file.sections.find(({ name }) => SECTIONS.includes(name));
    if (!section || section.size < HEADER_BYTES || section.size > MAX_SECTION) return undefined;
    return ifWhole(() => {
      const view = viewOf(file.read(section.offset, HEADER_BYTES));
      const magic = view.getUint32(0, true);
      const [quantum, pointer] = [view.getUint8(6), view.getUint8(7)];
      if (magic !== GO_1_18 && magic !== GO_1_20 || quantum !== 1 || pointer !== 8) {
        return undefined;
      }
      // In position-independent programs the dynamic linker writes this address.
      const text = word(view, 24) || relocated(file, section.address + 24);
      if (!text || word(view, 8) > section.size / ENTRY_BYTES) return undefined;
      return new GoTable(file, section, view, text);
    });
  }

  /** Its functions, by address. @throws {RangeError} when the table is truncated */
  functions(): FunctionTable {
    const entries = this.#index();
    const starts = new Float64Array(this.#count);
    const sizes = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i++) {
      starts[i] = this.#start(entries, i);
      sizes[i] = Math.max(0, this.#start(entries, i + 1) - starts[i]!);
    }
    return {
      starts,
      index: new StartIndex(starts),
      sizes,
      outer: new Int32Array(this.#count).fill(-1),
      nameOf: (index) => this.#nameOf(this.#functionAt(index)),
      underscoresOf: () => 0,
    };
  }

  /** The source line of an address; undefined outside its functions. @throws {RangeError} */
  lineAt(address: number): SourceLine | undefined {
    const entries = this.#index();
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#start(entries, middle) <= address) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    if (index < 0 || address >= this.#start(entries, index + 1)) return undefined;
    const about = this.#functionAt(index);
    const distance = address - this.#start(entries, index);
    const valueOf = (table: number) => {
      const at = this.#parts.values + about.getUint32(table, true);
      for (const { value, to } of steps(this.#cursor(at, VALUES_BYTES))) {
        if (distance < to) return value;
      }
      return -1;
    };
    const [line, file] = [valueOf(LINE), valueOf(FILE)];
    if (line <= 0 || file < 0) return undefined;
    const unit = this.#parts.units + 4 * (about.getUint32(UNIT, true) + file);
    const name = this.#bytes(unit, 4).getUint32(0, true);
    return { file: this.#files.textAt(name), line };
  }

  /**
   * The unwind rules of its functions, in ascending order of their addresses. The caller's frame
   * pointer lies below the return address where a function has a frame.
   *
   * @throws {RangeError} when the table is truncated
   */
  *rules(): Generator<readonly [address: number, rule: number]> {
    const { values } = this.#parts;
    const whole = viewOf(this.#file.content(this.#section, MAX_SECTION));
    const cursor = new ByteCursor(whole, 0);
    const entries = this.#index();
    let [reached, made] = [0, 0];
    for (let i = 0; i < this.#count && made < MAX_RULES; i++) {
      const [start, end] = [this.#start(entries, i), this.#start(entries, i + 1)];
      if (start < reached || end < start) continue;
      reached = end;
      const about = new DataView(whole.buffer, whole.byteOffset + this.#placeOf(i), FUNCTION_BYTES);
      if (OUTERMOST.test(this.#nameOf(about))) {
        yield [start, frameRule(FrameRule.END)];
        continue;
      }
      cursor.at = values + about.getUint32(STACK, true);
      let from = 0;
      for (const { value, to } of about.getUint32(STACK, true) === 0 ? [] : steps(cursor)) {
        if (start + from >= end || ++made > MAX_RULES) break;
        const isWords = value >= 0 && value % 8 === 0;
        yield [
          start + from,
          isWords ? frameRule(FrameRule.RSP, value / 8 + 1, value > 0 ? -2 : 0) : NO_RULE,
        ];
        from = to;
      }
      if (from === 0) yield [start, NO_RULE];
    }
    yield [reached, frameRule(FrameRule.NONE)];
  }

  /** The pairs of offsets by which functions are found: of their code, and of their descriptions. */
  #index(): DataView {
    return this.#entries ??= this.#bytes(this.#parts.functions, this.#count * ENTRY_BYTES + 4);
  }

  #start(entries: DataView, index: number): number {
    return this.#text + entries.getUint32(index * ENTRY_BYTES, true);
  }

  /** Where a function's struct lies in the table. */
  #placeOf(index: number): number {
    return this.#parts.functions + this.#index().getUint32(index * ENTRY_BYTES + 4, true);
  }

  #functionAt(index: number): DataView {
    return this.#bytes(this.#placeOf(index), FUNCTION_BYTES);
  }

  #nameOf(about: DataView): string {
    return this.#names.textAt(about.getUint32(NAME, true));
  }

  #bytes(at: number, length: number): DataView {
    if (at + length > this.#section.size) throw new RangeError("the table ends too early");
    return viewOf(this.#file.read(this.#section.offset + at, length));
  }

  #cursor(at: number, length: number): ByteCursor {
    return new ByteCursor(this.#bytes(at, Math.min(length, this.#section.size - at)), 0);
  }
}

/** Limit on the bytes of one function's table of values: more than the largest functions have. */
const VALUES_BYTES = 2 ** 16;

/** The values of a table of one function, each up to a distance from its start. @throws {RangeError} */
function* steps(cursor: ByteCursor): Generator<{ readonly value: number; readonly to: number }> {
  let [value, to] = [-1, 0];
  for (;;) {
    const change = cursor.uleb();
    if (change === 0 && to > 0) return;
    value += change % 2 === 1 ? -(change + 1) / 2 : change / 2;
    const distance = cursor.uleb();
    if (distance === 0) throw new RangeError("a value holds nowhere");
    to += distance;
    yield { value, to };
  }
}

/**
 * The value that the dynamic linker writes to an address, without the load address that it adds;
 * undefined if it writes none.
 */
function relocated(file: ElfReader, address: number): number | undefined {
  for (const relocations of file.contents(SHT_RELA, MAX_SECTION)) {
    const view = viewOf(relocations);
    for (let at = 0; at + RELA_BYTES <= view.byteLength; at += RELA_BYTES) {
      const isHere = view.getUint32(at, true) === address % 2 ** 32 && word(view, at) === address;
      if (isHere && view.getUint32(at + 8, true) === R_X86_64_RELATIVE) return word(view, at + 16);
    }
  }
  return undefined;
}
