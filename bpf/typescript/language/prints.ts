/**
 * The records of `print`, and formatting them as lines.
 *
 * @module
 */

import type { Codec } from "../../../ffi/codec/codec.ts";
import { decodeText, ipv4, ipv6, u64 } from "../../../ffi/codec/mod.ts";

/** The ring buffer of printed lines: `bpf.events("print")`. */
export const PRINT_MAP = "print";
/** Its size in bytes. */
export const PRINT_BYTES = 256 * 1024;

/** Reads an IP address of that many bytes. */
export const addressCodec = (size: number): Codec<string> => size === 4 ? ipv4 : ipv6;

/** The offset of a value in the record. */
export interface PrintedValue {
  readonly kind: "signed" | "unsigned" | "bool" | "text" | "address" | "ip";
  readonly offset: number;
  readonly size: number;
}

/** A call of `print`: literal texts with values in between. */
export interface PrintCall {
  readonly texts: readonly string[];
  readonly values: readonly PrintedValue[];
}

/** Formats records as lines. */
export function printCodec(calls: readonly PrintCall[]): Codec<string> {
  return {
    ...u64,
    read(view: DataView, start: number) {
      const call = calls[view.getUint32(start, true)]!;
      return call.values.reduce(
        (line, value, i) => line + textOf(view, start, value) + call.texts[i + 1]!,
        call.texts[0]!,
      );
    },
    write() {
      throw new TypeError("Cannot write printed lines");
    },
  } as unknown as Codec<string>;
}

function textOf(view: DataView, start: number, { kind, offset, size }: PrintedValue): string {
  const at = start + offset;
  switch (kind) {
    case "signed":
      return String(view.getBigInt64(at, true));
    case "unsigned":
      return String(view.getBigUint64(at, true));
    case "address":
      return `0x${view.getBigUint64(at, true).toString(16)}`;
    case "ip":
      return addressCodec(size).read(view, at);
    case "bool":
      return String(view.getUint8(at) !== 0);
    case "text": {
      let length = 0;
      while (length < size && view.getUint8(at + length) !== 0) length++;
      return decodeText(view, at, length);
    }
  }
}
