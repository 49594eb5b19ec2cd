/**
 * Makes small ELF files with the contents that a test wants, well-formed or not.
 *
 * @module
 */

/** The file's contents; sizes and offsets that are left out are the correct ones. */
export interface ImageParts {
  readonly symbols?: readonly { name: string; address: number; size: number }[];
  /** The bytes of a note segment and of .note.stapsdt. */
  readonly notes?: Uint8Array;
  /** A section of any name. */
  readonly section?: { readonly name: string; readonly bytes: Uint8Array };
  /** Offset of the symbol table as its section header has it. */
  readonly symbolsAt?: number;
  /** Size of the symbol table as its section header has it. */
  readonly symbolsSize?: number;
  /** Size of the string table as its section header has it. */
  readonly namesSize?: number;
}

const [PT_LOAD, PT_NOTE] = [1, 4];
const [SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_NOTE] = [1, 2, 3, 7];
const [HEADER, SEGMENT, SECTION, SYMBOL] = [64, 56, 64, 24];
const TEXT_SIZE = 0x1000;
const ADDRESS = 0x1000;

/** An executable that is loaded at 0x1000, whose code is zeros. */
export function elfImage(parts: ImageParts): Uint8Array<ArrayBuffer> {
  const { symbols = [], notes = new Uint8Array() } = parts;
  const more = parts.section ? [parts.section] : [];
  const count = 6 + more.length;
  const names = strings(["", ...symbols.map(({ name }) => name)]);
  const sectionNames = strings([
    "",
    ".text",
    ".note.stapsdt",
    ".symtab",
    ".strtab",
    ".shstrtab",
    ...more.map(({ name }) => name),
  ]);
  let end = TEXT_SIZE;
  const place = (size: number) => {
    const at = end;
    end += Math.ceil(size / 8) * 8;
    return at;
  };
  const notesAt = place(notes.length);
  const symbolsAt = place((symbols.length + 1) * SYMBOL);
  const namesAt = place(names.bytes.length);
  const sectionNamesAt = place(sectionNames.bytes.length);
  const moreAt = more.map(({ bytes }) => place(bytes.length));
  const sectionsAt = place(count * SECTION);

  const bytes = new Uint8Array(new ArrayBuffer(end));
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 3, true); // ET_DYN
  view.setUint16(18, process.arch === "arm64" ? 183 : 62, true);
  word(32, HEADER);
  word(40, sectionsAt);
  [HEADER, SEGMENT, 2, SECTION, count, 5].forEach((value, i) =>
    view.setUint16(52 + i * 2, value, true)
  );

  const segment = (i: number, type: number, offset: number, size: number) => {
    const at = HEADER + i * SEGMENT;
    view.setUint32(at, type, true);
    [offset, ADDRESS + offset, ADDRESS + offset, size, size, 4].forEach((value, n) =>
      word(at + 8 + n * 8, value)
    );
  };
  segment(0, PT_LOAD, 0, TEXT_SIZE);
  segment(1, PT_NOTE, notesAt, notes.length);
  bytes.set(notes, notesAt);

  symbols.forEach(({ address, size }, i) => {
    const at = symbolsAt + (i + 1) * SYMBOL;
    view.setUint32(at, names.at[i + 1]!, true);
    bytes[at + 4] = 0x12; // STB_GLOBAL, STT_FUNC
    view.setUint16(at + 6, 1, true);
    word(at + 8, address);
    word(at + 16, size);
  });
  bytes.set(names.bytes, namesAt);
  bytes.set(sectionNames.bytes, sectionNamesAt);

  const section = (i: number, type: number, offset: number, size: number, link = 0) => {
    const at = sectionsAt + i * SECTION;
    view.setUint32(at, sectionNames.at[i]!, true);
    view.setUint32(at + 4, type, true);
    word(at + 16, ADDRESS + offset);
    word(at + 24, offset);
    word(at + 32, size);
    view.setUint32(at + 40, link, true);
  };
  section(1, SHT_PROGBITS, 0, TEXT_SIZE);
  section(2, SHT_NOTE, notesAt, notes.length);
  const symbolsSize = parts.symbolsSize ?? (symbols.length + 1) * SYMBOL;
  section(3, SHT_SYMTAB, parts.symbolsAt ?? symbolsAt, symbolsSize, 4);
  section(4, SHT_STRTAB, namesAt, parts.namesSize ?? names.bytes.length);
  section(5, SHT_STRTAB, sectionNamesAt, sectionNames.bytes.length);
  more.forEach((each, i) => {
    bytes.set(each.bytes, moreAt[i]!);
    section(6 + i, SHT_PROGBITS, moreAt[i]!, each.bytes.length);
  });
  return bytes;
}

/** Concatenates texts as C strings; `at` has the offset of each. */
function strings(texts: readonly string[]): { bytes: Uint8Array; at: number[] } {
  const encoded = texts.map((text) => new TextEncoder().encode(`${text}\0`));
  const at: number[] = [];
  let length = 0;
  for (const each of encoded) {
    at.push(length);
    length += each.length;
  }
  const bytes = new Uint8Array(length);
  encoded.forEach((each, i) => bytes.set(each, at[i]!));
  return { bytes, at };
}
