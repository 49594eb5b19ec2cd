/**
 * Removes dead code before register allocation: jumps to jumps, unreachable blocks (which the verifier
 * rejects), unused values, and branches and loops without effect (the verifier would follow each path
 * through them).
 *
 * @module
 */

import {
  type Block,
  type Code,
  endReads,
  type Operation,
  reads,
  successors,
  written,
} from "./ir.ts";

/** The same program without dead code. */
export function tidy(code: Code): Code {
  let { blocks } = code;
  for (let size = -1; size !== sizeOf(blocks);) {
    size = sizeOf(blocks);
    for (const block of blocks) threadJumps(block);
    blocks = reachable(blocks);
    removeUnread(blocks, code.registers);
    removeIdleLoops(blocks);
  }
  return { ...code, blocks: reachable(joined(blocks)) };
}

/** A measure that each removal decreases: when it stays the same, nothing is left to remove. */
function sizeOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { operations, end }) => {
    return sum + operations.length + (end?.op === "branch" ? 2 : 1);
  }, 0);
}

/** Merges a block into its only predecessor, if that always jumps to it. */
function joined(blocks: readonly Block[]): readonly Block[] {
  const entries = new Map<Block, number>();
  for (const each of blocks.flatMap(successors)) entries.set(each, (entries.get(each) ?? 0) + 1);
  for (const block of blocks) {
    while (
      block.end?.op === "jump" && block.end.to !== blocks[0] && entries.get(block.end.to) === 1
    ) {
      const { operations, end } = block.end.to;
      block.operations.push(...operations);
      block.end = end;
    }
  }
  return blocks;
}

function reachable(blocks: readonly Block[]): Block[] {
  const [first] = blocks;
  const reached = new Set<Block>();
  const waiting = first ? [first] : [];
  for (let block = waiting.pop(); block; block = waiting.pop()) {
    if (reached.has(block)) continue;
    reached.add(block);
    waiting.push(...successors(block));
  }
  return blocks.filter((block) => reached.has(block));
}

function threadJumps(block: Block): void {
  const { end } = block;
  if (end?.op === "jump") end.to = target(end.to);
  if (end?.op !== "branch") return;
  [end.then, end.else] = [target(end.then), target(end.else)];
  if (end.then === end.else) block.end = { op: "jump", to: end.then, line: end.line };
}

/** The final target of a jump to this block, past empty blocks; a cycle of empty blocks is kept. */
function target(block: Block): Block {
  const seen = new Set<Block>();
  while (block.operations.length === 0 && block.end?.op === "jump" && !seen.has(block)) {
    seen.add(block);
    block = block.end.to;
  }
  return block;
}

/** Whether an operation has a side effect. */
const hasEffect = ({ op }: Operation) => op === "store" || op === "atomicAdd" || op === "call";

/** Removes operations whose results are not used, directly or through others. */
function removeUnread(blocks: readonly Block[], registers: number): void {
  const makers: Operation[][] = Array.from({ length: registers }, () => []);
  const isRead = new Uint8Array(registers);
  const waiting: number[] = [];
  const read = (reg: number) => {
    if (isRead[reg]) return;
    isRead[reg] = 1;
    waiting.push(reg);
  };
  for (const { operations, end } of blocks) {
    for (const operation of operations) {
      const reg = written(operation);
      if (reg !== undefined) makers[reg]!.push(operation);
      if (hasEffect(operation)) reads(operation).forEach(read);
    }
    endReads(end).forEach(read);
  }
  for (let reg = waiting.pop(); reg !== undefined; reg = waiting.pop()) {
    for (const maker of makers[reg]!) reads(maker).forEach(read);
  }
  for (const { operations } of blocks) {
    let kept = 0;
    for (const operation of operations) {
      const reg = written(operation);
      const isUnread = reg !== undefined && !isRead[reg];
      if (isUnread && operation.op === "call") operation.dst = undefined;
      else if (isUnread) continue;
      operations[kept++] = operation;
    }
    operations.length = kept;
  }
}

/** Bypasses loops that only count: chains of blocks without side effects whose values are unused elsewhere. */
function removeIdleLoops(blocks: readonly Block[]): void {
  const index = new Map(blocks.map((block, i) => [block, i]));
  blocks.forEach(({ end }, last) => {
    const head = end?.op === "jump" ? index.get(end.to)! : last + 1;
    if (head > last) return;
    const loop = blocks.slice(head, last + 1);
    if (loop.some(({ operations, end }) => end?.op === "exit" || operations.some(hasEffect))) {
      return;
    }
    const isOutside = (block: Block) => !loop.includes(block);
    const [exit, ...others] = new Set(loop.flatMap(successors).filter(isOutside));
    if (!exit || others.length > 0) return;
    const made = new Set(loop.flatMap(({ operations }) => operations.map(written)));
    const isWanted = blocks.filter(isOutside).some(({ operations, end }) =>
      operations.some((each) => reads(each).some((reg) => made.has(reg))) ||
      endReads(end).some((reg) => made.has(reg))
    );
    const isEntered = blocks.filter(isOutside).flatMap(successors)
      .every((block) => block === loop[0] || isOutside(block));
    if (isWanted || !isEntered) return;
    loop[0]!.operations.length = 0;
    loop[0]!.end = { op: "jump", to: exit, line: end!.line };
  });
}
