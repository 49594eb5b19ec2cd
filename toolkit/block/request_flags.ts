/**
 * Decodes the cmd_flags of block I/O requests.
 *
 * @module
 */

/** enum req_op of include/linux/blk_types.h, in bcc's words; write zeroes is bcc's WriteZeros. */
const OPERATIONS: Record<number, string> = {
  0: "Read",
  1: "Write",
  2: "Flush",
  3: "Discard",
  5: "SecureErase",
  6: "ZoneReset",
  7: "WriteSame",
  9: "WriteZeros",
};
const OPERATION_MASK = 0xff;

/** enum req_flag_bits, in the order in which bcc prefixes them. */
const FLAGS: readonly (readonly [bit: number, name: string])[] = [
  [11, "Sync"],
  [12, "Metadata"],
  [17, "ForcedUnitAccess"],
  [13, "Priority"],
  [14, "NoMerge"],
  [15, "Idle"],
  [19, "ReadAhead"],
  [20, "Background"],
  [21, "NoWait"],
];

/**
 * The operation with its flags as prefixes: `ReadAhead-Read`. Bits without a bcc name are left out.
 */
export function requestFlags(flags: number): string {
  const operation = OPERATIONS[flags & OPERATION_MASK] ?? "Unknown";
  const set = FLAGS.filter(([bit]) => (flags & 1 << bit) !== 0).map(([, name]) => name);
  return [...set.reverse(), operation].join("-");
}
