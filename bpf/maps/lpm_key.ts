/**
 * Keys of longest-prefix tries (`BPF_MAP_TYPE_LPM_TRIE`, Linux >= 4.11).
 *
 * Layout (struct bpf_lpm_trie_key): a u32 number of bits, then the bytes they are taken from,
 * highest bit first. Looking up a full address finds the entry with the longest prefix of it.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { bytesType } from "../../ffi/codec/check_layout.ts";

/** The first `bits` bits of `prefix`. */
export interface LpmKey<T> {
  /** The value whose leading bits are the prefix. */
  readonly prefix: T;
  /** The prefix length in bits. */
  readonly bits: number;
}

const BITS_SIZE = 4;

/**
 * The key of a trie whose values have that codec, which must be in network byte order:
 * `lpmKey(ipv4)`.
 *
 * It matches any struct of its size: C may name the two fields as it likes.
 */
export function lpmKey<T>(prefix: Codec<T>): Codec<LpmKey<T>> {
  const size = BITS_SIZE + prefix.size;
  return Object.freeze({
    size,
    align: 4,
    type: bytesType(size),
    read(view: DataView, offset: number) {
      const bits = view.getUint32(offset, true);
      return { bits, prefix: prefix.read(view, offset + BITS_SIZE, offset + size) };
    },
    write(view: DataView, offset: number, key: LpmKey<T>) {
      const most = prefix.size * 8;
      if (!Number.isInteger(key.bits) || key.bits < 0 || key.bits > most) {
        throw new RangeError(
          `Cannot write a prefix of ${key.bits} bits: expected a number from 0 to ${most}`,
        );
      }
      view.setUint32(offset, key.bits, true);
      prefix.write(view, offset + BITS_SIZE, key.prefix);
    },
  });
}
