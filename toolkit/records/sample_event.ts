/**
 * Makes sample events from their codecs, so that the shape of a tool's records is found without a
 * kernel.
 *
 * @module
 */

import type { Codec, CType } from "../../mod.ts";

/** More than any process or user id; members of other names are small, as indices of tables are. */
const BIG = 5_000_000;
const ID = /^(.*_)?([pt]id|tgid|[ug]id|cgroup|cookie)$/;

/**
 * What members are filled with. Numbers: 0 (`empty`, `zero`); 1, and large ids (`one`); all bits set, -1 if signed
 * (`all`). Texts: their member's name, or nothing (`empty`).
 */
export type SampleKind = "empty" | "zero" | "one" | "all";

/** Gives the bytes to fill a text with, by the name of its member. */
type TextOf = (name: string) => Uint8Array;

/** Fills memory by its type. */
function fill(
  view: DataView,
  at: number,
  type: CType,
  kind: SampleKind,
  textOf: TextOf,
  name = "",
): void {
  if (type.kind === "struct" || type.kind === "union") {
    for (const member of type.members.slice(0, type.kind === "union" ? 1 : undefined)) {
      fill(view, at + Math.floor(member.bitOffset / 8), member.type, kind, textOf, member.name);
    }
  } else if (type.kind === "array") {
    const size = bytesOf(type.element);
    if (size > 1) {
      for (let i = 0; i < type.length; i++) {
        fill(view, at + i * size, type.element, kind, textOf, name);
      }
    } else {
      const text = textOf(name).subarray(0, Math.max(type.length - 1, 0));
      new Uint8Array(view.buffer, view.byteOffset + at, type.length).set(text);
    }
  } else {
    if (kind === "all") return fillBytes(view, at, bytesOf(type));
    const value = kind === "zero" ? 0 : ID.test(name) ? BIG : 1;
    const size = bytesOf(type);
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value) * 1_000_000n, true);
  }
}

function fillBytes(view: DataView, at: number, size: number): void {
  new Uint8Array(view.buffer, view.byteOffset + at, size).fill(0xff);
}

const bytesOf = (type: CType): number =>
  type.kind === "array"
    ? type.length * bytesOf(type.element)
    : type.kind === "pointer"
    ? 8
    : type.bytes;

/** The offset of the flexible array member. */
function flexibleStart(type: CType): number | undefined {
  if (type.kind !== "struct") return undefined;
  const last = type.members.at(-1);
  const isFlexible = last?.type.kind === "array" && last.type.length === 0;
  return isFlexible ? last.bitOffset / 8 : undefined;
}

/**
 * A sample event, with each member filled by its type and name.
 *
 * @param text what all texts are, instead of the names of members
 */
export function sampleEvent<E>(codec: Codec<E>, kind: SampleKind, text?: Uint8Array): E {
  const textOf = (name: string) => text ?? new TextEncoder().encode(name);
  const rest = kind === "empty" ? new Uint8Array(0) : textOf("rest");
  const start = flexibleStart(codec.type) ?? codec.size;
  const bytes = new Uint8Array(Math.max(codec.size, start + rest.length));
  if (kind !== "empty") {
    fill(new DataView(bytes.buffer, 0, codec.size), 0, codec.type, kind, textOf);
  }
  bytes.set(rest, start);
  return codec.read(new DataView(bytes.buffer), 0, start + rest.length);
}
