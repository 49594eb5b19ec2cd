/**
 * Integers in network byte order, as packet headers and socket structs hold them.
 *
 * @module
 */

import type { Codec, IntType } from "./codec.ts";
import { checkBigint, checkInteger } from "./validate.ts";

const type = (name: string, bytes: 2 | 4 | 8): IntType =>
  Object.freeze({ kind: "int", bytes, signed: false, name, bigEndian: true });

/** `__be16`: a port, for example; 443 is stored as the bytes 01 bb. */
export const u16be: Codec<number> = Object.freeze({
  size: 2,
  align: 2,
  type: type("__be16", 2),
  read(view: DataView, offset: number) {
    return view.getUint16(offset);
  },
  write(view: DataView, offset: number, value: number) {
    checkInteger(value, "__be16", 0, 0xffff);
    view.setUint16(offset, value);
  },
});

/** `__be32`; an IPv4 address reads better through `ipv4`. */
export const u32be: Codec<number> = Object.freeze({
  size: 4,
  align: 4,
  type: type("__be32", 4),
  read(view: DataView, offset: number) {
    return view.getUint32(offset);
  },
  write(view: DataView, offset: number, value: number) {
    checkInteger(value, "__be32", 0, 0xffffffff);
    view.setUint32(offset, value);
  },
});

/** `__be64` as a bigint. */
export const u64be: Codec<bigint> = Object.freeze({
  size: 8,
  align: 8,
  type: type("__be64", 8),
  read(view: DataView, offset: number) {
    return view.getBigUint64(offset);
  },
  write(view: DataView, offset: number, value: bigint) {
    checkBigint(value, "__be64", 0n, 2n ** 64n - 1n);
    view.setBigUint64(offset, value);
  },
});
