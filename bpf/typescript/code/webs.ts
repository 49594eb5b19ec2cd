/**
 * Gives each web of a variable (definitions that reach a common reader) a register of its own: a
 * value that is not read any more then occupies no register until the next assignment, and the new
 * value can be computed in its register.
 *
 * @module
 */

import { type Code, type Reg, rename, renameEnd, successors, written } from "./ir.ts";

/** Gives each web its own register, in place. */
export function splitWebs(code: Code): Code {
  const { blocks } = code;
  const repeated = repeatedlyWritten(code);
  if (repeated.size === 0) return code;
  const index = new Map(blocks.map((block, i) => [block, i]));
  // Values: what each register holds when each block begins, then what operations write, in their order.
  const atEntry = (block: number, reg: Reg) => block * repeated.size + repeated.get(reg)!;
  const first = blocks.length * repeated.size;
  const parents = Array.from({ length: first }, (_, i) => i);
  const root = (value: number): number => {
    while (parents[value] !== value) value = parents[value] = parents[parents[value]!]!;
    return value;
  };
  blocks.forEach((block, i) => {
    const last = new Map<Reg, number>();
    for (const operation of block.operations) {
      const reg = written(operation);
      if (reg !== undefined && repeated.has(reg)) last.set(reg, parents.push(parents.length) - 1);
    }
    for (const next of successors(block)) {
      for (const reg of repeated.keys()) {
        parents[root(atEntry(index.get(next)!, reg))] = root(last.get(reg) ?? atEntry(i, reg));
      }
    }
  });

  let { registers } = code;
  const names = new Map<number, Reg>();
  const nameOf = (value: number) => {
    const web = root(value);
    if (!names.has(web)) names.set(web, registers++);
    return names.get(web)!;
  };
  let value = first;
  blocks.forEach((block, i) => {
    const current = new Map<Reg, Reg>();
    const name = (reg: Reg) =>
      repeated.has(reg) ? current.get(reg) ?? nameOf(atEntry(i, reg)) : reg;
    for (const operation of block.operations) {
      rename(operation, name);
      const reg = written(operation);
      if (reg === undefined || !repeated.has(reg)) continue;
      current.set(reg, nameOf(value++));
      (operation as { dst: Reg }).dst = current.get(reg)!;
    }
    if (block.end) renameEnd(block.end, name);
  });
  return { ...code, registers };
}

/** The registers that several operations write, numbered. */
function repeatedlyWritten({ blocks, registers }: Code): Map<Reg, number> {
  const isWritten = new Uint8Array(registers);
  const repeated = new Map<Reg, number>();
  for (const { operations } of blocks) {
    for (const operation of operations) {
      const reg = written(operation);
      if (reg === undefined) continue;
      if (isWritten[reg] && !repeated.has(reg)) repeated.set(reg, repeated.size);
      isWritten[reg] = 1;
    }
  }
  return repeated;
}
