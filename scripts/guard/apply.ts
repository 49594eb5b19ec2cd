/**
 * Inserts the code of guard.c before the entry point of an executable:
 * `bun scripts/guard/apply.ts FILE NAME HELP`, where HELP is a file with the output of `-h`.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { code } from "./code.ts";

const ELF64_LITTLE_ENDIAN = 0x7f454c460201;
const X86_64 = 62;
const [PT_LOAD, PT_DYNAMIC, PT_NOTE] = [1, 2, 4];
/**
 * Tags of the dynamic section: addresses of string table, symbol table and relocations, and the latter's size
 * in bytes.
 */
const [DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ] = [5, 6, 7, 8];
const [SYMBOL_SIZE, RELOCATION_SIZE] = [24, 24];
/** Copy relocation: the executable holds the library's variable. */
const R_X86_64_COPY = 5n;
const READ_AND_EXECUTE = 5;
const PAGE = 4096;
const PROGRAM_HEADER_SIZE = 56;
/** Offsets of fields in the ELF header (elf.h, Elf64_Ehdr). */
const [MACHINE, ENTRY, PROGRAM_HEADERS, PROGRAM_HEADER_COUNT] = [18, 24, 32, 56];
/** Offsets of fields in a program header (Elf64_Phdr). */
const [FLAGS, OFFSET, ADDRESS, PHYSICAL, FILE_SIZE, MEMORY_SIZE, ALIGN] = [
  4,
  8,
  16,
  24,
  32,
  40,
  48,
];
/** Size of struct parameters of guard.c, which is right before the code. */
const PARAMETERS_SIZE = 40;

/**
 * Returns the executable with one more segment, which has the new entry point. Its program header replaces
 * that of the notes (PT_NOTE), and its bytes are appended: everything else keeps its offset.
 */
export function applyGuard(file: Uint8Array, help: string, sentence: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const magic = view.getUint32(0) * 0x10000 + view.getUint16(4);
  if (magic !== ELF64_LITTLE_ENDIAN || view.getUint16(MACHINE, true) !== X86_64) {
    throw new Error("expected an executable for x86-64");
  }
  const start = Number(view.getBigUint64(PROGRAM_HEADERS, true));
  const count = view.getUint16(PROGRAM_HEADER_COUNT, true);
  const headers = Array.from({ length: count }, (_, i) => start + i * PROGRAM_HEADER_SIZE);
  const typeOf = (header: number) => view.getUint32(header, true);
  const wordOf = (header: number, place: number) => Number(view.getBigUint64(header + place, true));
  const loads = headers.filter((header) => typeOf(header) === PT_LOAD);
  // Loaded segments must be sorted by address, and the new one has the highest.
  const note = headers.findLast((header) => typeOf(header) === PT_NOTE);
  if (note === undefined || loads.some((header) => header > note)) {
    throw new Error("expected its notes behind its segments");
  }
  const roundUp = (value: number) => Math.ceil(value / PAGE) * PAGE;
  const end = Math.max(...loads.map((each) => wordOf(each, ADDRESS) + wordOf(each, MEMORY_SIZE)));
  const [address, offset] = [roundUp(end) + PAGE, roundUp(file.length)];
  const entry = Number(view.getBigUint64(ENTRY, true));
  const place = (address: number) => {
    const load = loads.find((each) =>
      address >= wordOf(each, ADDRESS) && address < wordOf(each, ADDRESS) + wordOf(each, FILE_SIZE)
    );
    if (load === undefined) throw new Error("expected tables inside its segments");
    return address - wordOf(load, ADDRESS) + wordOf(load, OFFSET);
  };
  const dynamic = headers.find((header) => typeOf(header) === PT_DYNAMIC);
  if (dynamic === undefined) throw new Error("expected a dynamic executable");
  const environ = copyOf("environ", view, wordOf(dynamic, OFFSET), place);
  const segment = segmentOf(entry - address, environ - address, help, sentence);

  const result = new Uint8Array(offset + segment.length);
  result.set(file);
  result.set(segment, offset);
  const written = new DataView(result.buffer);
  written.setBigUint64(ENTRY, BigInt(address + PARAMETERS_SIZE), true);
  written.setUint32(note, PT_LOAD, true);
  written.setUint32(note + FLAGS, READ_AND_EXECUTE, true);
  for (
    const [place, value] of [
      [OFFSET, offset],
      [ADDRESS, address],
      [PHYSICAL, address],
      [FILE_SIZE, segment.length],
      [MEMORY_SIZE, segment.length],
      [ALIGN, PAGE],
    ] as const
  ) written.setBigUint64(note + place, BigInt(value), true);
  return result;
}

/** The address of the executable's copy of a library's variable (R_X86_64_COPY). */
function copyOf(
  variable: string,
  view: DataView,
  dynamic: number,
  place: (address: number) => number,
): number {
  const word = (at: number) => Number(view.getBigUint64(at, true));
  const tags = new Map<number, number>();
  for (let at = dynamic; word(at) !== 0; at += 16) tags.set(word(at), word(at + 8));
  const table = (tag: number) => place(tags.get(tag)!);
  const name = `${variable}\0`;
  const isNamed = (symbol: number) => {
    const at = table(DT_STRTAB) + view.getUint32(table(DT_SYMTAB) + symbol * SYMBOL_SIZE, true);
    return [...name].every((letter, i) => view.getUint8(at + i) === letter.charCodeAt(0));
  };
  const start = table(DT_RELA);
  for (let at = start; at < start + tags.get(DT_RELASZ)!; at += RELOCATION_SIZE) {
    const info = view.getBigUint64(at + 8, true);
    const isCopy = (info & 0xffffffffn) === R_X86_64_COPY;
    if (isCopy && isNamed(Number(info >> 32n))) return word(at);
  }
  throw new Error(`expected its own copy of ${variable}`);
}

/** The bytes of the segment: the code with its parameters filled in, and the texts after it. */
function segmentOf(entry: number, environ: number, help: string, sentence: string): Uint8Array {
  const program = Uint8Array.from(atob(code), (byte) => byte.charCodeAt(0));
  const texts = [help, sentence].map((text) => new TextEncoder().encode(text));
  const size = texts.reduce((sum, text) => sum + text.length, program.length);
  const segment = new Uint8Array(size);
  segment.set(program);
  const view = new DataView(segment.buffer);
  view.setBigInt64(0, BigInt(entry), true);
  view.setBigInt64(8, BigInt(environ), true);
  let at = program.length;
  texts.forEach((text, i) => {
    segment.set(text, at);
    view.setUint32(16 + 8 * i, at, true);
    view.setUint32(20 + 8 * i, text.length, true);
    at += text.length;
  });
  return segment;
}

if (import.meta.main) {
  const [path, name, help] = process.argv.slice(2);
  const sentence = `${name}: /proc is not mounted: mount it with: mount -t proc proc /proc\n`;
  const file = readFileSync(path!);
  // Written in place, so that the file keeps its mode.
  writeFileSync(path!, applyGuard(file, readFileSync(help!, "utf8"), sentence));
}
