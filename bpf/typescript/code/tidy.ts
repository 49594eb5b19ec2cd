/**
 * Tidying code before registers are chosen: jumps to jumps, blocks that nothing reaches (which the
 * verifier refuses), and values that nobody reads.
 *
 * @module
 */

import { type Block, type Code, endReads, reads, successors, written } from "./ir.ts";

/** The same program without what has no use. */
export function tidy(code: Code): Code {
  for (const block of code.blocks) threadJumps(block);
  const [first] = code.blocks;
  const reached = new Set<Block>();
  const waiting = first ? [first] : [];
  for (let block = waiting.pop(); block; block = waiting.pop()) {
    if (reached.has(block)) continue;
    reached.add(block);
    waiting.push(...successors(block));
  }
  const blocks = code.blocks.filter((block) => reached.has(block));
  removeUnread(blocks, code.registers);
  return { ...code, blocks };
}

function threadJumps({ end }: Block): void {
  if (end?.op === "jump") end.to = target(end.to);
  if (end?.op === "branch") [end.then, end.else] = [target(end.then), target(end.else)];
}

/** Where a jump to this block ends up; a loop of empty blocks is left as it is. */
function target(block: Block): Block {
  const seen = new Set<Block>();
  while (block.operations.length === 0 && block.end?.op === "jump" && !seen.has(block)) {
    seen.add(block);
    block = block.end.to;
  }
  return block;
}

/** Removes operations whose only effect is a value that no operation reads. */
function removeUnread(blocks: readonly Block[], registers: number): void {
  const uses = new Uint32Array(registers);
  for (const block of blocks) {
    for (const operation of block.operations) for (const reg of reads(operation)) uses[reg]!++;
    for (const reg of endReads(block.end)) uses[reg]!++;
  }
  for (let changed = true; changed;) {
    changed = false;
    for (const { operations } of blocks) {
      for (let i = operations.length - 1; i >= 0; i--) {
        const operation = operations[i]!;
        const reg = written(operation);
        if (reg === undefined || uses[reg] !== 0) continue;
        if (operation.op === "call") {
          operation.dst = undefined;
          continue;
        }
        for (const read of reads(operation)) uses[read]!--;
        operations.splice(i, 1);
        changed = true;
      }
    }
  }
}
