/**
 * Names of bit flags.
 *
 * @module
 */

/** Names and their bits. */
export type FlagTable = readonly (readonly [name: string, bits: number])[];

/**
 * The names of the flags set in a number, in the table's order, and the bits without a name.
 *
 * A flag of several bits is set when all of them are.
 */
export function flagNames(value: bigint, table: FlagTable): { names: string[]; rest: bigint } {
  const names: string[] = [];
  let rest = value;
  for (const [name, bits] of table) {
    const wanted = BigInt(bits);
    if ((value & wanted) !== wanted) continue;
    names.push(name);
    rest &= ~wanted;
  }
  return { names, rest };
}

/** The same as one text: `MS_RDONLY|MS_BIND|0x80000000`; `0x0` when there is none. */
export function flagText(value: bigint, table: FlagTable): string {
  const { names, rest } = flagNames(value, table);
  if (rest !== 0n || names.length === 0) names.push(`0x${rest.toString(16)}`);
  return names.join("|");
}
