/**
 * How attributes of debug information are written: DW_FORM_*.
 *
 * Format: DWARF 5, section 7.5.6, and that of versions 2 to 4.
 *
 * @module
 */

import type { ByteCursor } from "./byte_cursor.ts";

/** DW_FORM_implicit_const: the value is in the abbreviation, not in the entry. */
export const IMPLICIT_CONST = 0x21;
const INDIRECT = 0x16;

/** The properties of a unit that the sizes of forms depend on. */
export interface FormsOf {
  readonly start: number;
  readonly version: number;
  readonly is64: boolean;
}

/** What an attribute's number means, by its form. */
export type Meaning =
  | "number"
  | "address"
  | "address index"
  | "entry"
  | "text"
  | "line text"
  | "text index"
  | "own text"
  | "range list index"
  | "elsewhere";

/** An attribute's value. */
export interface Value {
  readonly meaning: Meaning;
  readonly number: number;
}

/**
 * Reads a value of a form. Blocks and references to other files are skipped: "elsewhere".
 *
 * @throws {RangeError} for an unknown form
 */
export function readForm(cursor: ByteCursor, unit: FormsOf, form: number): Value {
  const offset = () => unit.is64 ? Number(cursor.u64()) : cursor.u32();
  const three = () => cursor.u16() | cursor.u8() << 16;
  const is = (meaning: Meaning, number: number): Value => ({ meaning, number });
  const block = (size: number) => {
    cursor.skip(size);
    return is("elsewhere", 0);
  };
  const own = (number: number) => is("entry", unit.start + number);
  switch (form) {
    case 0x01: // addr
      return is("address", Number(cursor.u64()));
    case 0x03: // block2
      return block(cursor.u16());
    case 0x04: // block4
      return block(cursor.u32());
    case 0x05: // data2
      return is("number", cursor.u16());
    case 0x06: // data4
      return is("number", cursor.u32());
    case 0x07: // data8
      return is("number", Number(cursor.u64()));
    case 0x08: { // string
      const at = cursor.at;
      while (cursor.u8() !== 0);
      return is("own text", at);
    }
    case 0x09: // block
    case 0x18: // exprloc
      return block(cursor.uleb());
    case 0x0a: // block1
      return block(cursor.u8());
    case 0x0b: // data1
    case 0x0c: // flag
      return is("number", cursor.u8());
    case 0x0d: // sdata
      return is("number", cursor.sleb());
    case 0x0e: // strp
      return is("text", offset());
    case 0x0f: // udata
      return is("number", cursor.uleb());
    case 0x10: // ref_addr; in version 2 as large as an address
      return is("entry", unit.version === 2 ? Number(cursor.u64()) : offset());
    case 0x11: // ref1
      return own(cursor.u8());
    case 0x12: // ref2
      return own(cursor.u16());
    case 0x13: // ref4
      return own(cursor.u32());
    case 0x14: // ref8
      return own(Number(cursor.u64()));
    case 0x15: // ref_udata
      return own(cursor.uleb());
    case INDIRECT: {
      const other = cursor.uleb();
      if (other === INDIRECT) throw new RangeError("a form of a form of a form");
      return readForm(cursor, unit, other);
    }
    case 0x17: // sec_offset
      return is("number", offset());
    case 0x19: // flag_present
      return is("number", 1);
    case 0x1a: // strx
      return is("text index", cursor.uleb());
    case 0x1b: // addrx
      return is("address index", cursor.uleb());
    case 0x1c: // ref_sup4
      return block(4);
    case 0x1d: // strp_sup
    case 0x1f20: // GNU_ref_alt
    case 0x1f21: // GNU_strp_alt
      return block(unit.is64 ? 8 : 4);
    case 0x1e: // data16
      return block(16);
    case 0x1f: // line_strp
      return is("line text", offset());
    case 0x20: // ref_sig8
    case 0x24: // ref_sup8
      return block(8);
    case 0x22: // loclistx
      cursor.uleb();
      return block(0);
    case 0x23: // rnglistx
      return is("range list index", cursor.uleb());
    case 0x25: // strx1
      return is("text index", cursor.u8());
    case 0x26: // strx2
      return is("text index", cursor.u16());
    case 0x27: // strx3
      return is("text index", three());
    case 0x28: // strx4
      return is("text index", cursor.u32());
    case 0x29: // addrx1
      return is("address index", cursor.u8());
    case 0x2a: // addrx2
      return is("address index", cursor.u16());
    case 0x2b: // addrx3
      return is("address index", three());
    case 0x2c: // addrx4
      return is("address index", cursor.u32());
  }
  throw new RangeError(`no attribute has form ${form}`);
}
