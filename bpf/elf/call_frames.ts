/**
 * Where a function's caller is: what compilers write of each instruction for C++ exceptions and
 * debuggers, as a table of rules by address.
 *
 * Layout: DWARF 5, section 6.4; .eh_frame, which differs in a few fields, in the Linux Standard Base,
 * Core 5.0, section 10.6. Only x86-64, whose registers the ABI's supplement numbers.
 *
 * @module
 */

import { type ElfReader, ifWhole, viewOf } from "./elf_reader.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { FrameProgram } from "./frame_program.ts";
import { NO_RULE } from "./frame_rule.ts";

/** Rules in the order of their addresses: each holds until the next one. */
export interface CallFrames {
  /** Virtual addresses of the file. */
  readonly addresses: Uint32Array<ArrayBuffer>;
  /** What frame_rule.ts says. */
  readonly rules: Uint32Array<ArrayBuffer>;
}

/** More than the largest browser has. */
const MAX_SECTION = 256 * 2 ** 20;
const MAX_ADDRESS = 2 ** 32;
const ALIGNMENT = 16;
const [PF_X, PT_LOAD] = [1, 1];
const [IS_CIE_EH, IS_CIE_DEBUG] = [0, 0xffffffff];
const LONG = 0xffffffff;

/** What all functions of one compiler run have in common. */
interface Common {
  readonly program: FrameProgram;
  /** How addresses of functions are written: DW_EH_PE_*. */
  readonly encoding: number;
  /** Entries have augmentation data in front of their instructions. */
  readonly isAugmented: boolean;
}

/** Functions: where they begin and end, and their instructions, in parallel. */
class Functions {
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  readonly commons: Common[] = [];
  readonly from: number[] = [];
  readonly to: number[] = [];

  /** Their places in the order of their addresses. */
  ordered(): Uint32Array {
    const order = Uint32Array.from(this.starts.keys());
    const isOrdered = this.starts.every((start, i) => i === 0 || this.starts[i - 1]! <= start);
    return isOrdered ? order : order.sort((a, b) => this.starts[a]! - this.starts[b]!);
  }
}

/**
 * The rules of a file; undefined when it has none. Entries that are not whole or not understood have
 * no rule; the others count.
 *
 * @param debug its separate debug file, which may have them where it has not
 */
export function readCallFrames(file: ElfReader, debug?: ElfReader): CallFrames | undefined {
  const sources = [[file, ".eh_frame"], [file, ".debug_frame"], [debug, ".debug_frame"]] as const;
  for (const [from, name] of sources) {
    const section = from?.section(name);
    const bytes = section && ifWhole(() => from!.content(section, MAX_SECTION));
    if (!bytes || bytes.length === 0) continue;
    const cursor = new ByteCursor(viewOf(bytes), section.address);
    return rulesOf(readFunctions(cursor, name === ".eh_frame", file));
  }
  return undefined;
}

/** The code of the file: functions that the linker left out have entries with addresses elsewhere. */
function isCode(file: ElfReader): (address: number) => boolean {
  const code = file.segments.filter(({ type, flags }) => type === PT_LOAD && (flags & PF_X) !== 0);
  let last = code[0];
  const holds = (part: typeof last, address: number) =>
    part !== undefined && address >= part.address && address - part.address < part.size;
  return (address) =>
    holds(last, address) || holds(last = code.find((part) => holds(part, address)), address);
}

function readFunctions(cursor: ByteCursor, isEh: boolean, file: ElfReader): Functions {
  const functions = new Functions();
  const commons = new Map<number, Common | undefined>();
  const isInFile = isCode(file);
  const common = (at: number) => {
    if (!commons.has(at)) commons.set(at, ifWhole(() => readCommon(cursor, at, isEh)));
    return commons.get(at);
  };
  ifWhole(() => {
    for (let at = 0; at + 4 <= cursor.length;) {
      cursor.at = at;
      const end = entryEnd(cursor);
      const idAt = cursor.at;
      // A length of 0 ends the part of one object file.
      if (end > idAt) {
        const id = cursor.u32();
        const owner = isEh ? idAt - id : id;
        const isFunction = id !== (isEh ? IS_CIE_EH : IS_CIE_DEBUG) && owner >= 0;
        const from = isFunction ? common(owner) : undefined;
        cursor.at = idAt + 4;
        if (from) readFunction(cursor, from, end, isEh, functions, isInFile);
      }
      at = end;
    }
  });
  return functions;
}

/** Reads an entry's length; where it ends. */
function entryEnd(cursor: ByteCursor): number {
  const length = cursor.u32();
  const whole = length === LONG ? Number(cursor.u64()) : length;
  return Math.min(cursor.at + whole, cursor.length);
}

function readCommon(cursor: ByteCursor, at: number, isEh: boolean): Common | undefined {
  cursor.at = at;
  const end = entryEnd(cursor);
  if (cursor.u32() !== (isEh ? IS_CIE_EH : IS_CIE_DEBUG)) return undefined;
  const version = cursor.u8();
  const augmentation = cursor.text();
  // What GCC 2 wrote has another form.
  if (augmentation !== "" && augmentation[0] !== "z") return undefined;
  if (version >= 4) cursor.skip(2); // the sizes of an address and of a segment's selector
  const codeAlign = cursor.uleb();
  const dataAlign = cursor.sleb();
  if (version === 1) cursor.u8(); // the register of the return address: rip, always
  else cursor.uleb();
  let encoding = 0;
  if (augmentation !== "") {
    const size = cursor.uleb();
    const after = cursor.at + size;
    for (const letter of augmentation.slice(1)) {
      if (letter === "R") encoding = cursor.u8();
      else if (letter === "L") cursor.skip(1);
      else if (letter === "P") cursor.encoded(cursor.u8());
      else if (letter !== "S" && letter !== "B") break;
    }
    cursor.at = after;
  }
  if (![0x0, 0x2, 0x3, 0x4, 0xa, 0xb, 0xc].includes(encoding & 0x8f)) return undefined;
  const program = new FrameProgram(cursor, {
    codeAlign,
    dataAlign,
    encoding,
    from: cursor.at,
    end,
  });
  return { program, encoding, isAugmented: augmentation !== "" };
}

function readFunction(
  cursor: ByteCursor,
  common: Common,
  end: number,
  isEh: boolean,
  functions: Functions,
  isInFile: (address: number) => boolean,
): void {
  const start = isEh ? cursor.encoded(common.encoding) : Number(cursor.u64());
  // The length has the address's size, and stands for itself.
  const length = isEh ? cursor.encoded(common.encoding & 0xf) : Number(cursor.u64());
  if (length <= 0 || start + length > MAX_ADDRESS || !isInFile(start)) return;
  if (common.isAugmented) cursor.skip(cursor.uleb());
  functions.starts.push(start);
  functions.ends.push(start + length);
  functions.commons.push(common);
  functions.from.push(cursor.at);
  functions.to.push(end);
}

/** Runs the instructions of all functions. */
function rulesOf(functions: Functions): CallFrames {
  const table = new Rules(functions.starts.length * 4);
  const order = functions.ordered();
  let reached = 0;
  for (const i of order) {
    const [start, end] = [functions.starts[i]!, functions.ends[i]!];
    if (start < reached) continue; // told twice
    // Less is what aligns the next function.
    if (start >= reached + ALIGNMENT) table.add(reached, NO_RULE);
    functions.commons[i]!.program.run(start, end, functions.from[i]!, functions.to[i]!, table);
    reached = end;
  }
  table.add(reached, NO_RULE);
  return table.finish();
}

/** Rules that grow. */
class Rules {
  #addresses: Uint32Array<ArrayBuffer>;
  #rules: Uint32Array<ArrayBuffer>;
  #count = 0;

  constructor(room: number) {
    this.#addresses = new Uint32Array(room + 16);
    this.#rules = new Uint32Array(room + 16);
  }

  /** From that address on; no earlier one than the last. */
  add(address: number, rule: number): void {
    const last = this.#count - 1;
    if (last >= 0 && this.#rules[last] === rule) return;
    if (last >= 0 && this.#addresses[last] === address) {
      this.#rules[last] = rule;
      return;
    }
    if (this.#count === this.#rules.length) this.#grow();
    this.#addresses[this.#count] = address;
    this.#rules[this.#count++] = rule;
  }

  /** Takes back those from that address on. */
  cut(address: number): void {
    while (this.#count > 0 && this.#addresses[this.#count - 1]! >= address) this.#count--;
  }

  finish(): CallFrames {
    const [addresses, rules] = [this.#addresses, this.#rules];
    return { addresses: addresses.slice(0, this.#count), rules: rules.slice(0, this.#count) };
  }

  #grow(): void {
    const [addresses, rules] = [this.#addresses, this.#rules];
    this.#addresses = new Uint32Array(rules.length * 2);
    this.#rules = new Uint32Array(rules.length * 2);
    this.#addresses.set(addresses);
    this.#rules.set(rules);
  }
}
