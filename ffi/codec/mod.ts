/**
 * Codecs: typed views of C structs in memory.
 *
 * @module
 */

export type {
  ArrayType,
  Codec,
  CompositeType,
  CType,
  EnumType,
  FloatType,
  Infer,
  IntType,
  Member,
  PointerType,
} from "./codec.ts";
export { bool, char, f32, f64, i16, i32, i8, u16, u32, u8 } from "./scalars.ts";
export { i64, type Int64Codec, pointer, u64 } from "./int64.ts";
export { u16be, u32be, u64be } from "./big_endian.ts";
export { ipv4, ipv6 } from "./ip_address.ts";
export { enumOf } from "./enum_of.ts";
export { chars, charsRest } from "./chars.ts";
export { textRest } from "./text_rest.ts";
export { bytes, bytesRest } from "./bytes.ts";
export { array } from "./array.ts";
export {
  aligned,
  type AlignedField,
  type BitField,
  bits,
  type Field,
  type Padding,
  padding,
} from "./bits.ts";
export type { Fields, LayoutOptions } from "./layout.ts";
export { type FieldValue, type FieldValues, struct, type StructCodec } from "./struct.ts";
export { type OneMember, union, type UnionCodec } from "./union.ts";
export { toC } from "./to_c.ts";
export { decodeText, encodeText } from "./text.ts";
export { decodeCString } from "./c_string.ts";
