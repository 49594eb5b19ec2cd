/**
 * Writing the intermediate form: the current block, new registers, and stack objects.
 *
 * @module
 */

import { compute, holds } from "../code/fold.ts";
import type {
  Argument,
  Arithmetic,
  Base,
  Block,
  Code,
  End,
  Operand,
  Operation,
  Reg,
  Slot,
  Test,
  Width,
} from "../code/ir.ts";

type Without<T> = T extends unknown ? Omit<T, "line"> : never;

/** Writes operations into the current block. */
export class Builder {
  readonly #blocks: Block[] = [];
  readonly #slots: number[] = [];
  /** Stack objects that are free again. */
  readonly #free: number[] = [];
  #current: Block;
  #registers = 0;
  #nextBlock = 0;
  /** The line of the text that operations are written for. */
  line = 0;

  constructor() {
    this.#current = this.block();
    this.#blocks.push(this.#current);
  }

  /** The code that was written. */
  finish(): Code {
    return { blocks: this.#blocks, registers: this.#registers, slots: this.#slots };
  }

  register(): Reg {
    return this.#registers++;
  }

  /** A block that is not written yet. */
  block(): Block {
    return { id: this.#nextBlock++, operations: [], end: undefined };
  }

  /** Runs `write` for its result and discards the operations that it writes. */
  discard<T>(write: () => T): T {
    const [current, fresh, count] = [this.#current, this.#fresh, this.#blocks.length];
    this.#current = this.block();
    try {
      return write();
    } finally {
      this.#blocks.length = count;
      [this.#current, this.#fresh] = [current, fresh];
    }
  }

  /** Continues in a block; the current block jumps to it unless it has a terminator. */
  enter(block: Block): void {
    if (!this.#current.end) this.jump(block);
    this.#current = block;
    this.#blocks.push(block);
  }

  /** Whether what is written now can be reached from the current block's beginning. */
  get isOpen(): boolean {
    return this.#current.end === undefined;
  }

  jump(to: Block): void {
    this.#end({ op: "jump", to });
  }

  branch(test: Test, a: Reg, b: Operand, then: Block, otherwise: Block): void {
    // x === x: the verifier would follow both branches.
    if (a === b) return this.jump(holds(test, 0n, 0n) ? then : otherwise);
    this.#end({ op: "branch", test, a, b, then, else: otherwise });
  }

  exit(source: Operand): void {
    this.#end({ op: "exit", source });
  }

  /** A stack object of that many bytes. */
  slot(bytes: number): Slot {
    this.#slots.push(bytes);
    return { slot: this.#slots.length - 1 };
  }

  /** A stack object for the duration of a call; it is reused afterwards. */
  withSlot<T>(bytes: number, use: (slot: Slot) => T): T {
    const rounded = Math.ceil(bytes / 8) * 8;
    const slot = this.#takeFree(rounded) ?? this.slot(rounded).slot;
    const result = use({ slot });
    this.#free.push(slot);
    return result;
  }

  /** A stack object that is free again: the smallest that is large enough, or the largest, which grows. */
  #takeFree(bytes: number): number | undefined {
    const sizes = this.#slots;
    const sorted = this.#free.toSorted((a, b) => sizes[a]! - sizes[b]!);
    const found = sorted.find((slot) => sizes[slot]! >= bytes) ?? sorted.at(-1);
    if (found === undefined) return undefined;
    this.#free.splice(this.#free.indexOf(found), 1);
    sizes[found] = Math.max(sizes[found]!, bytes);
    return found;
  }

  /** Notes that the last result is used again later: {@linkcode Builder.move} must copy it. */
  keep(): void {
    this.#fresh = undefined;
  }

  move(dst: Reg, source: Operand): void {
    const last = this.#current.operations.at(-1);
    // The value is for this move only: its operation writes to `dst` directly.
    if (source === this.#fresh && last && "dst" in last && last.dst === source) {
      last.dst = dst;
      this.#fresh = undefined;
      return;
    }
    this.#put({ op: "move", dst, source });
  }

  /** A copy in a register of its own. */
  copy(source: Operand): Reg {
    return this.#make((dst) => ({ op: "move", dst, source }));
  }

  low32(source: Reg): Reg {
    return this.#make((dst) => ({ op: "low32", dst, source }));
  }

  swap(source: Reg, bits: 16 | 32 | 64): Reg {
    return this.#make((dst) => ({ op: "swap", dst, source, bits }));
  }

  alu(fn: Arithmetic, a: Operand, b: Operand): Operand {
    if (typeof a === "bigint" && typeof b === "bigint") return compute(fn, a, b);
    if (typeof b === "bigint") {
      const simple = this.#simplify(fn, a as Reg, BigInt.asUintN(64, b));
      if (simple !== undefined) return simple;
    }
    const left = typeof a === "number" ? a : this.copy(a);
    return this.#make((dst) => ({ op: "alu", fn, dst, a: left, b }));
  }

  load(base: Base, offset: number, width: Width): Reg {
    return this.#make((dst) => ({ op: "load", dst, base, offset, width }));
  }

  store(base: Base, offset: number, width: Width, source: Operand): void {
    this.#put({ op: "store", base, offset, width, source });
  }

  atomicAdd(base: Base, offset: number, width: 4 | 8, source: Operand): void {
    const reg = typeof source === "number" ? source : this.copy(source);
    this.#put({ op: "atomicAdd", base, offset, width, source: reg });
  }

  address({ slot }: Slot, offset: number): Reg {
    return this.#make((dst) => ({ op: "address", dst, slot, offset }));
  }

  mapValue(map: string, offset: number): Reg {
    return this.#make((dst) => ({ op: "mapValue", dst, map, offset }));
  }

  context(): Reg {
    return this.#make((dst) => ({ op: "context", dst }));
  }

  /** @param helper its number, or the name of a borrowed function (borrowed_functions.ts) */
  call(helper: number | string, ...args: Argument[]): Reg {
    return this.#make((dst) => ({ op: "call", dst, helper, args }));
  }

  /** The register that the last operation made and nothing has read yet. */
  #fresh: Reg | undefined;

  #simplify(fn: Arithmetic, a: Reg, b: bigint): Operand | undefined {
    const power = b !== 0n && (b & (b - 1n)) === 0n ? BigInt(b.toString(2).length - 1) : undefined;
    switch (fn) {
      case "add":
      case "sub":
      case "or":
      case "xor":
      case "lsh":
      case "rsh":
      case "arsh":
        return b === 0n ? a : undefined;
      case "mul":
        if (b === 0n) return 0n;
        if (power !== undefined) return this.alu("lsh", a, power);
        return undefined;
      case "div":
        return b === 0n ? 0n : power === undefined ? undefined : this.alu("rsh", a, power);
      case "mod":
        return b === 0n ? a : power === undefined ? undefined : this.alu("and", a, b - 1n);
      case "and":
        if (b === 0n) return 0n;
        return b === 0xffffffffn ? this.low32(a) : undefined;
    }
  }

  #make(operation: (dst: Reg) => Without<Operation>): Reg {
    const dst = this.register();
    this.#put(operation(dst));
    this.#fresh = dst;
    return dst;
  }

  #put(operation: Without<Operation>): void {
    this.#fresh = undefined;
    // Behind a return the code is unreachable.
    if (this.#current.end) return;
    this.#current.operations.push({ ...operation, line: this.line } as Operation);
  }

  #end(end: Without<End>): void {
    this.#fresh = undefined;
    this.#current.end ??= { ...end, line: this.line } as End;
  }
}
