/**
 * Line number programs: bytecode that produces a table of addresses and source lines, one for each
 * compilation unit.
 *
 * Format: DWARF 5, section 6.2, and that of versions 2 to 4.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { ByteCursor } from "./byte_cursor.ts";
import { viewOf } from "./elf_reader.ts";

/** The sections that line number programs are read from. */
export interface LineSections {
  /** .debug_line */
  readonly programs: Uint8Array<ArrayBuffer>;
  /** .debug_line_str, of version 5. */
  readonly lineTexts: Uint8Array<ArrayBuffer> | undefined;
  /** .debug_str */
  readonly texts: Uint8Array<ArrayBuffer> | undefined;
}

/** A row of the table. */
export interface LineRow {
  readonly address: number;
  readonly file: number;
  readonly line: number;
  /** Whether it marks the end of a sequence of rows, whose addresses increase. */
  readonly isEnd: boolean;
}

/** A unit's line number program with its header. */
export interface LineProgram {
  readonly version: number;
  /** Where its instructions begin and end. */
  readonly start: number;
  readonly end: number;
  /** Where its directory and file tables are. */
  readonly tables: number;
  readonly leastInstruction: number;
  readonly lineBase: number;
  readonly lineRange: number;
  /** The operand counts of standard opcodes; the first is opcode 1. */
  readonly operands: readonly number[];
}

const LENGTH_64 = 0xffffffff;
const [DIRECTORY_PATH, DIRECTORY_INDEX] = [1, 2];
/** Longer paths are truncated. */
const MAX_PATH = 4096;

const cursorAt = (bytes: Uint8Array<ArrayBuffer>, at: number): ByteCursor => {
  const cursor = new ByteCursor(viewOf(bytes), 0);
  cursor.skip(at);
  return cursor;
};

/** The start and end of each unit in the section; truncated units are skipped. */
export function* unitsOf(programs: Uint8Array<ArrayBuffer>): Generator<readonly [number, number]> {
  for (let at = 0; at + 4 <= programs.length;) {
    const cursor = cursorAt(programs, at);
    let length = cursor.u32();
    if (length === LENGTH_64) {
      if (at + 12 > programs.length) return;
      length = Number(cursor.u64());
    }
    const end = cursor.at + length;
    if (end > programs.length) return;
    yield [at, end];
    at = end;
  }
}

/** Reads a unit's header. @throws {RangeError} */
export function lineProgram({ programs }: LineSections, at: number, end: number): LineProgram {
  const cursor = cursorAt(programs, at);
  const is64 = cursor.u32() === LENGTH_64;
  const word = () => is64 ? Number(cursor.u64()) : cursor.u32();
  if (is64) cursor.skip(8);
  const version = cursor.u16();
  if (version < 2 || version > 5) throw new RangeError(`line programs of version ${version}`);
  if (version >= 5) cursor.skip(2); // sizes of addresses and segment selectors
  const headerLength = word();
  const start = cursor.at + headerLength;
  const leastInstruction = cursor.u8();
  if (version >= 4) cursor.u8(); // operations per instruction: 1, except on VLIW machines
  cursor.u8(); // default_is_stmt
  const lineBase = cursor.u8() << 24 >> 24;
  const lineRange = cursor.u8();
  const opcodes = cursor.u8();
  if (lineRange === 0 || opcodes === 0) throw new RangeError("a line range of 0");
  const operands = Array.from({ length: opcodes - 1 }, () => cursor.u8());
  if (start < cursor.at || start > end) throw new RangeError("a line program begins outside of it");
  return {
    version,
    start,
    end,
    tables: cursor.at,
    leastInstruction,
    lineBase,
    lineRange,
    operands,
  };
}

/**
 * Executes a program and passes its rows to `see`, which returns true to stop. @throws {RangeError}
 */
export function runLineProgram(
  { programs }: LineSections,
  { start, end, leastInstruction, lineBase, lineRange, operands }: LineProgram,
  see: (row: LineRow) => boolean | void,
): void {
  const cursor = cursorAt(programs, start);
  const firstSpecial = operands.length + 1;
  let [address, file, line] = [0, 1, 1];
  const advance = (operations: number) => address += leastInstruction * operations;
  while (cursor.at < end) {
    const code = cursor.u8();
    if (code >= firstSpecial) {
      const adjusted = code - firstSpecial;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + adjusted % lineRange;
      if (see({ address, file, line, isEnd: false })) return;
      continue;
    }
    switch (code) {
      case 0: {
        const length = cursor.uleb();
        const next = cursor.at + length;
        if (length === 0 || next > end) throw new RangeError("a line instruction ends too late");
        const extended = cursor.u8();
        if (extended === 1) {
          if (see({ address, file, line, isEnd: true })) return;
          [address, file, line] = [0, 1, 1];
        } else if (extended === 2) {
          if (length !== 9) throw new RangeError(`an address of ${length - 1} bytes`);
          address = Number(cursor.u64());
        }
        cursor.at = next;
        break;
      }
      case 1:
        if (see({ address, file, line, isEnd: false })) return;
        break;
      case 2:
        advance(cursor.uleb());
        break;
      case 3:
        line += cursor.sleb();
        break;
      case 4:
        file = cursor.uleb();
        break;
      case 8:
        advance(Math.floor((255 - firstSpecial) / lineRange));
        break;
      case 9:
        address += cursor.u16();
        break;
      default: // without effect here, or of a later version
        for (let i = operands[code - 1]!; i > 0; i--) cursor.uleb();
    }
  }
}

/** The path of the file with that number. @throws {RangeError} */
export function pathOf(sections: LineSections, program: LineProgram, file: number): string {
  const cursor = cursorAt(sections.programs, program.tables);
  const { folder, name } = program.version >= 5
    ? listed(sections, cursor, program, file)
    : classic(cursor, program, file);
  // Directory 0 is the compiler's working directory; before version 5 its name is not in the table.
  const path = name.startsWith("/") || folder === undefined ? name : `${folder}/${name}`;
  return path.slice(0, MAX_PATH);
}

interface FilePath {
  readonly folder: string | undefined;
  readonly name: string;
}

/** Versions 2 to 4: NUL-terminated texts up to an empty one. */
function classic(cursor: ByteCursor, { start }: LineProgram, file: number): FilePath {
  const folders: string[] = [];
  for (let text = cursor.text(); text !== ""; text = cursor.text()) folders.push(text);
  for (let number = 1; cursor.at < start; number++) {
    const name = cursor.text();
    if (name === "") break;
    const folder = cursor.uleb();
    cursor.uleb(); // modification time
    cursor.uleb(); // size
    if (number === file) return { folder: folders[folder - 1], name };
  }
  throw new RangeError(`no file ${file}`);
}

/** Version 5: self-describing tables. */
function listed(
  sections: LineSections,
  cursor: ByteCursor,
  program: LineProgram,
  file: number,
): FilePath {
  const folders = [...entries(sections, cursor, program)].map(({ path }) => path);
  let number = 0;
  for (const { path, folder } of entries(sections, cursor, program)) {
    if (number++ === file) return { folder: folders[folder], name: path };
  }
  throw new RangeError(`no file ${file}`);
}

function* entries(
  sections: LineSections,
  cursor: ByteCursor,
  { start }: LineProgram,
): Generator<{ readonly path: string; readonly folder: number }> {
  const formats = Array.from(
    { length: cursor.u8() },
    () => [cursor.uleb(), cursor.uleb()] as const,
  );
  const count = cursor.uleb();
  // Each entry takes at least a byte: a bound for corrupt counts.
  if (count > start - cursor.at || count > 0 && formats.length === 0) {
    throw new RangeError("more files than bytes");
  }
  for (let i = 0; i < count; i++) {
    let [path, folder] = ["", 0];
    for (const [content, form] of formats) {
      const value = attribute(sections, cursor, form);
      if (content === DIRECTORY_PATH && typeof value === "string") path = value;
      if (content === DIRECTORY_INDEX && typeof value === "number") folder = value;
    }
    yield { path, folder };
  }
}

/** A value in one of the DW_FORM_* forms that these tables use. */
function attribute(sections: LineSections, cursor: ByteCursor, form: number): string | number {
  switch (form) {
    case 0x08:
      return cursor.text();
    case 0x0e:
      return textAt(sections.texts, cursor.u32());
    case 0x1f:
      return textAt(sections.lineTexts, cursor.u32());
    case 0x0b:
      return cursor.u8();
    case 0x05:
      return cursor.u16();
    case 0x06:
      return cursor.u32();
    case 0x07:
      return Number(cursor.u64());
    case 0x0f:
      return cursor.uleb();
    case 0x1e: // MD5 checksum
      cursor.skip(16);
      return 0;
    case 0x09:
      cursor.skip(cursor.uleb());
      return 0;
  }
  throw new RangeError(`a form ${form}`);
}

function textAt(texts: Uint8Array<ArrayBuffer> | undefined, at: number): string {
  if (!texts || at >= texts.length) throw new RangeError(`no text at ${at}`);
  return bufferText(texts.subarray(at, at + MAX_PATH));
}
