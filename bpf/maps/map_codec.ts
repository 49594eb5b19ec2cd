/**
 * The codecs of maps and buffers: given ones are checked, others are made from the declared types.
 *
 * @module
 */

import type { Codec, CType } from "../../ffi/codec/codec.ts";
import { type Btf, BtfKind } from "../btf/btf.ts";
import { bytesType, checkLayout, codecFor } from "../../ffi/codec/check_layout.ts";
import type { MapInfo } from "./map_info.ts";
import { MapType } from "../tables/map_type.ts";

/** The codec of a map's keys or values. @throws {LayoutError} when the given one does not match */
export function mapCodec(
  info: MapInfo,
  part: "key" | "value",
  given?: Codec<unknown>,
): Codec<unknown> {
  const declared = part === "key" ? info.keyType : info.valueType;
  const size = part === "key" ? info.keySize : info.valueSize;
  if (!given && !declared) {
    throw new TypeError(
      `Cannot read map "${info.name}": the object does not declare its ${part} type: pass codecs`,
    );
  }
  // Without a declared type only the size can be checked.
  if (given) {
    checkLayout(`${part}s of map "${info.name}"`, given.type, declared ?? bytesType(size));
  }
  return given ?? info.codecs?.[part] ?? codecFor(declared!);
}

/** What is known about a buffer's events besides its map. */
export interface EventTypes {
  /** The types of the object or text. */
  readonly btf: Btf;
  /** Whether they come from a program compiled at run time. */
  readonly isCompiled: boolean;
  /** Whether a codec needs a declared type to be checked against. */
  readonly strict: boolean;
}

/** The codec of a buffer's events. @throws {LayoutError} when the given one does not match */
export function eventCodec(
  info: MapInfo,
  { btf, isCompiled, strict }: EventTypes,
  given?: Codec<unknown>,
): Codec<unknown> {
  const kind = info.type === MapType.PERF_EVENT_ARRAY ? "perf" : "ring";
  const what = `events of ${kind} buffer "${info.name}"`;
  const declared = declaredEvent(info) ?? structNamed(btf, given);
  if (declared) {
    if (given) checkLayout(what, given.type, declared);
    return given ?? info.codecs?.value ?? codecFor(declared);
  }
  // clang emits no BTF for types that only local variables have: the size of each record is checked
  // instead.
  if (given && !strict) return given;
  const name = given?.type.kind === "struct" ? given.type.name : "event";
  const fix = isCompiled
    ? "the text does not tell their type: pass a codec, or submit a struct that the text defines " +
      "(perf_submit, ringbuf_output, ringbuf_reserve(sizeof(struct …)))"
    : `the object does not tell their type: add "__type(value, struct ${name});" to the map's ` +
      (given ? "definition, or leave the option strict out" : "definition, or pass a codec");
  throw new TypeError(`Cannot read ${what}: ${fix}`);
}

function declaredEvent({ type, valueType }: MapInfo): CType | undefined {
  // A perf buffer's map commonly declares `int` values, for the descriptors: that is no event type.
  const isDescriptor = type === MapType.PERF_EVENT_ARRAY && valueType?.kind === "int" &&
    valueType.bytes === 4;
  return isDescriptor ? undefined : valueType;
}

function structNamed(btf: Btf, codec: Codec<unknown> | undefined): CType | undefined {
  if (codec?.type.kind !== "struct" && codec?.type.kind !== "union") return codec?.type;
  const id = btf.find(codec.type.name, BtfKind.STRUCT, BtfKind.UNION);
  return id === undefined ? undefined : btf.type(id);
}
