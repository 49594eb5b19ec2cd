/**
 * Reads call frame information (CFI), which compilers write for C++ exceptions and debuggers, into
 * a table of unwind rules by address.
 *
 * Layout: DWARF 5, section 6.4; .eh_frame, which differs in a few fields, in the Linux Standard Base,
 * Core 5.0, section 10.6. Only x86-64, whose registers the ABI's supplement numbers.
 *
 * @module
 */

import { type ElfReader, ifWhole, viewOf } from "./elf_reader.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { GoTable } from "./go_table.ts";
import { FrameProgram } from "./frame_program.ts";
import { NO_RULE } from "./frame_rule.ts";
import { type Common, FrameEntries, grown } from "./frame_entries.ts";

/** Unwind rules sorted by address; each is valid up to the next one. */
export interface CallFrames {
  /** Virtual addresses of the file. */
  readonly addresses: Uint32Array<ArrayBuffer>;
  /** Encoded as frame_rule.ts describes. */
  readonly rules: Uint32Array<ArrayBuffer>;
}

/** Upper bound: more than the largest browser has. */
const MAX_SECTION = 256 * 2 ** 20;
const MAX_ADDRESS = 2 ** 32;
/** What memory is made for at once: bytes of an entry, rules of a function, and no more rules than these. */
const [USUAL_ENTRY, USUAL_RULES, MAX_ROOM] = [32, 8, 2 ** 21];
const ALIGNMENT = 16;
const [PF_X, PT_LOAD] = [1, 1];
const [IS_CIE_EH, IS_CIE_DEBUG] = [0, 0xffffffff];
const LONG = 0xffffffff;

/**
 * The unwind rules of a file; undefined when it has no call frame information. Entries that are
 * truncated or not understood get no rules; the others count.
 *
 * @param debug its separate debug file, used where the file itself has no information
 */
export function readCallFrames(file: ElfReader, debug?: ElfReader): CallFrames | undefined {
  const sources = [[file, ".eh_frame"], [file, ".debug_frame"], [debug, ".debug_frame"]] as const;
  for (const [from, name] of sources) {
    const section = from?.section(name);
    const bytes = section && ifWhole(() => from!.content(section, MAX_SECTION));
    if (!bytes || bytes.length === 0) continue;
    const cursor = new ByteCursor(viewOf(bytes), section.address);
    return withGo(rulesOf(readFunctions(cursor, name === ".eh_frame", file)), file);
  }
  return withGo(undefined, file);
}

/** Adds the rules from Go's function table, for the part of a program that is written in Go. */
function withGo(frames: CallFrames | undefined, file: ElfReader): CallFrames | undefined {
  const go = GoTable.of(file);
  if (!go) return frames;
  const table = new Rules(2 ** 16);
  const { addresses = new Uint32Array(), rules = new Uint32Array() } = frames ?? {};
  let at = 0;
  let last = -1;
  // Of a truncated table, the rules before the end are used.
  ifWhole(() => {
    for (const [address, rule] of go.rules()) {
      if (address < last || address > MAX_ADDRESS) return;
      if (last < 0) {
        for (; at < addresses.length && addresses[at]! < address; at++) {
          table.add(addresses[at]!, rules[at]!);
        }
      }
      table.add(last = address, rule);
    }
  });
  // Behind the Go code the rules of the other sources apply.
  while (at < addresses.length && addresses[at]! <= last) at++;
  if (at > 0 && last >= 0) table.add(last, rules[at - 1]!);
  for (; at < addresses.length; at++) table.add(addresses[at]!, rules[at]!);
  return table.finish();
}

/**
 * Tests whether an address is in the file's code: entries of functions that the linker dropped have
 * other addresses.
 */
function isCode(file: ElfReader): (address: number) => boolean {
  const code = file.segments.filter(({ type, flags }) => type === PT_LOAD && (flags & PF_X) !== 0);
  let last = code[0];
  const holds = (part: typeof last, address: number) =>
    part !== undefined && address >= part.address && address - part.address < part.size;
  return (address) =>
    holds(last, address) || holds(last = code.find((part) => holds(part, address)), address);
}

function readFunctions(cursor: ByteCursor, isEh: boolean, file: ElfReader): FrameEntries {
  const functions = new FrameEntries(Math.ceil(cursor.length / USUAL_ENTRY));
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
      // A length of 0 terminates the part of one object file.
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

/** Reads an entry's length; returns where it ends. */
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
  // GCC 2 wrote another format.
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
  functions: FrameEntries,
  isInFile: (address: number) => boolean,
): void {
  const start = isEh ? cursor.encoded(common.encoding) : Number(cursor.u64());
  // The length is encoded in the size of an address, and always absolute.
  const length = isEh ? cursor.encoded(common.encoding & 0xf) : Number(cursor.u64());
  if (length <= 0 || start + length > MAX_ADDRESS || !isInFile(start)) return;
  if (common.isAugmented) cursor.skip(cursor.uleb());
  functions.add(start, length, common, cursor.at, end);
}

/** Executes the instructions of all functions. */
function rulesOf(functions: FrameEntries): CallFrames {
  const { count, starts, sizes, from, to, commons, all } = functions;
  const table = new Rules(Math.min(count * USUAL_RULES, MAX_ROOM));
  const order = functions.order();
  let reached = 0;
  for (let place = 0; place < count; place++) {
    const i = order ? order[place]! : place;
    const [start, end] = [starts[i]!, starts[i]! + sizes[i]!];
    if (start < reached) continue; // a duplicate
    // A smaller gap is alignment before the next function.
    if (start >= reached + ALIGNMENT) table.add(reached, NO_RULE);
    all[commons[i]!]!.program.run(start, end, from[i]!, to[i]!, table);
    reached = end;
  }
  table.add(reached, NO_RULE);
  return table.finish();
}

/** Rules under construction. */
class Rules {
  #addresses: Uint32Array<ArrayBuffer>;
  #rules: Uint32Array<ArrayBuffer>;
  #count = 0;

  constructor(room: number) {
    this.#addresses = new Uint32Array(room + 16);
    this.#rules = new Uint32Array(room + 16);
  }

  /** Appends a rule from that address on; addresses must not decrease. */
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

  /** Removes the rules from that address on. */
  cut(address: number): void {
    while (this.#count > 0 && this.#addresses[this.#count - 1]! >= address) this.#count--;
  }

  finish(): CallFrames {
    const [addresses, rules] = [this.#addresses, this.#rules];
    return { addresses: addresses.subarray(0, this.#count), rules: rules.subarray(0, this.#count) };
  }

  #grow(): void {
    const room = this.#rules.length * 2;
    this.#addresses = grown(this.#addresses, new Uint32Array(room));
    this.#rules = grown(this.#rules, new Uint32Array(room));
  }
}
