/**
 * Entries of debug information: what a compiler records about functions and inlined calls.
 *
 * Format: DWARF 5, section 7.5 and 7.28, and that of versions 2 to 4.
 *
 * @module
 */

import { ByteCursor } from "./byte_cursor.ts";
import { IMPLICIT_CONST, readForm, type Value } from "./debug_forms.ts";
import { viewOf } from "./elf_reader.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The sections of a file that debug information is made of. */
export interface InfoSections {
  /** .debug_info */
  readonly entries: Bytes;
  /** .debug_abbrev */
  readonly abbreviations: Bytes;
  /** .debug_str, .debug_line_str, .debug_str_offsets, .debug_addr, .debug_ranges, .debug_rnglists */
  readonly texts: Bytes | undefined;
  readonly lineTexts: Bytes | undefined;
  readonly textOffsets: Bytes | undefined;
  readonly addresses: Bytes | undefined;
  readonly ranges: Bytes | undefined;
  readonly rangeLists: Bytes | undefined;
}

/** DW_AT_* that are read. */
export const Attribute = {
  NAME: 0x03,
  LINES: 0x10,
  LOW: 0x11,
  HIGH: 0x12,
  ORIGIN: 0x31,
  SPECIFICATION: 0x47,
  RANGES: 0x55,
  CALL_FILE: 0x58,
  CALL_LINE: 0x59,
  LINKAGE_NAME: 0x6e,
  TEXT_OFFSETS: 0x72,
  ADDRESSES: 0x73,
  RANGE_LISTS: 0x74,
  OLD_LINKAGE_NAME: 0x2007,
} as const;
const READ: ReadonlySet<number> = new Set(Object.values(Attribute));

/** One entry. */
export interface Entry {
  /** DW_TAG_*; 0 ends a list of children. */
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly values: ReadonlyMap<number, Value>;
}

interface Abbreviation {
  readonly tag: number;
  readonly hasChildren: boolean;
  readonly attributes: readonly (readonly [attribute: number, form: number, implicit: number])[];
}

/** The entries of one compilation unit. */
export interface Unit {
  readonly start: number;
  readonly end: number;
  /** Its first entry. */
  readonly first: number;
  readonly version: number;
  readonly is64: boolean;
  readonly abbreviations: ReadonlyMap<number, Abbreviation>;
}

const LENGTH_64 = 0xffffffff;
const [UNIT_SKELETON, UNIT_SPLIT, UNIT_TYPE, UNIT_SPLIT_TYPE] = [4, 5, 2, 6];
/** Limits: no compiler writes more kinds of entries, nor more attributes of one. */
const [MAX_ABBREVIATIONS, MAX_ATTRIBUTES] = [2 ** 16, 256];
/**
 * Limit on the bytes of abbreviations that are read: units share them, but in a corrupt file each
 * may refer to others.
 */
const MAX_READ = 2 ** 26;
const NOTHING: Entry = { tag: 0, hasChildren: false, values: new Map() };

/**
 * A cursor at an offset of a section. @throws {RangeError} when there is no such section or offset
 */
export function cursorAt(bytes: Bytes | undefined, at: number): ByteCursor {
  if (!bytes) throw new RangeError("a section is missing");
  const cursor = new ByteCursor(viewOf(bytes), 0);
  cursor.skip(at);
  return cursor;
}

/** The units that describe code, up to the first truncated one. */
export function* infoUnits(sections: InfoSections): Generator<Unit> {
  let left = MAX_READ;
  const known = new Map<number, ReadonlyMap<number, Abbreviation>>();
  for (let start = 0; start + 12 <= sections.entries.length;) {
    const cursor = cursorAt(sections.entries, start);
    const length = cursor.u32();
    const is64 = length === LENGTH_64;
    const size = is64 ? Number(cursor.u64()) : length;
    const end = cursor.at + size;
    if (end > sections.entries.length) return;
    const version = cursor.u16();
    if (version >= 2 && version <= 5) {
      const kind = version >= 5 ? cursor.u8() : 0;
      if (version >= 5) cursor.u8(); // the size of an address
      const place = is64 ? Number(cursor.u64()) : cursor.u32();
      if (version < 5) cursor.u8();
      if (kind === UNIT_SKELETON || kind === UNIT_SPLIT) cursor.skip(8);
      let abbreviations = known.get(place);
      if (!abbreviations) {
        const cursor = cursorAt(sections.abbreviations, place);
        known.set(place, abbreviations = readAbbreviations(cursor));
        left -= cursor.at - place;
        if (left < 0) return;
      }
      const isCode = kind !== UNIT_TYPE && kind !== UNIT_SPLIT_TYPE;
      if (isCode) yield { start, end, first: cursor.at, version, is64, abbreviations };
    }
    start = end;
  }
}

function readAbbreviations(cursor: ByteCursor): Map<number, Abbreviation> {
  const found = new Map<number, Abbreviation>();
  for (let code = cursor.uleb(); code !== 0 && found.size < MAX_ABBREVIATIONS;) {
    const tag = cursor.uleb();
    const hasChildren = cursor.u8() !== 0;
    const attributes: [number, number, number][] = [];
    for (;;) {
      const [attribute, form] = [cursor.uleb(), cursor.uleb()];
      if (attribute === 0 && form === 0) break;
      if (attributes.length === MAX_ATTRIBUTES) throw new RangeError("too many attributes");
      attributes.push([attribute, form, form === IMPLICIT_CONST ? cursor.sleb() : 0]);
    }
    found.set(code, { tag, hasChildren, attributes });
    code = cursor.uleb();
  }
  return found;
}

/** Reads the entry at a cursor and advances it. @throws {RangeError} when it is truncated */
export function readEntry(cursor: ByteCursor, unit: Unit): Entry {
  const code = cursor.uleb();
  if (code === 0) return NOTHING;
  const abbreviation = unit.abbreviations.get(code);
  if (!abbreviation) throw new RangeError("an entry of no kind");
  const values = new Map<number, Value>();
  for (const [attribute, form, implicit] of abbreviation.attributes) {
    const value = form === IMPLICIT_CONST
      ? { meaning: "number", number: implicit } as const
      : readForm(cursor, unit, form);
    if (READ.has(attribute)) values.set(attribute, value);
  }
  return { tag: abbreviation.tag, hasChildren: abbreviation.hasChildren, values };
}
