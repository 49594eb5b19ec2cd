/**
 * Values that exist once per CPU, as bpf(2) passes them.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { BpfError } from "../base/errors.ts";

let cpus = 0;

/** The number of possible CPUs: the length of every per-CPU value. */
export function possibleCpus(): number {
  if (cpus === 0) {
    const count = libbpf().libbpf_num_possible_cpus();
    if (count < 0) throw new BpfError("read", "count the possible CPUs", -count);
    cpus = count;
  }
  return cpus;
}

/** The size of one CPU's value, rounded up to 8 bytes. */
export const slotSize = (bytes: number) => bytes + 7 & ~7;

/** A per-CPU value as bpf(2) passes it: one slot of that size per possible CPU. */
export function perCpu<T>(codec: Codec<T>): Codec<T[]> {
  const count = possibleCpus();
  const stride = slotSize(codec.size);
  return {
    size: stride * count,
    align: 8,
    type: { kind: "array", element: codec.type, length: count },
    read(view, offset) {
      return Array.from({ length: count }, (_, cpu) => codec.read(view, offset + cpu * stride));
    },
    write(view, offset, values) {
      if (values.length !== count) {
        throw new RangeError(
          `Cannot write ${values.length} values: expected ${count}, one per CPU`,
        );
      }
      values.forEach((value, cpu) => codec.write(view, offset + cpu * stride, value));
    },
  };
}
