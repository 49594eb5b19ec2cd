/**
 * Emits BPF instructions from the intermediate form.
 *
 * @module
 */

import { allocate, type Places } from "./allocate.ts";
import { Assembler, type Call, fits32, FP, R0, type Relocation } from "./instructions.ts";
import {
  type Argument,
  type Base,
  type Block,
  type Code,
  COMMUTES,
  type End,
  type Operand,
  type Operation,
  OPPOSITE,
  type Reg,
} from "./ir.ts";
import { withoutRemainders } from "./remainders.ts";
import { tidy } from "./tidy.ts";
import { splitWebs } from "./webs.ts";

/** MAX_BPF_STACK: the size of a program's stack in bytes. */
const MAX_STACK = 512;
/** Scratch register for spilled values, besides R0: never allocated. */
const SCRATCH = 5;

/** A program's instructions with their source lines. */
export interface Emitted {
  readonly instructions: Uint8Array<ArrayBuffer>;
  readonly relocations: readonly Relocation[];
  readonly calls: readonly Call[];
  /** Instructions from index `instruction` on belong to `line`, ascending. */
  readonly lines: readonly { readonly instruction: number; readonly line: number }[];
  /** Stack size in bytes. */
  readonly stack: number;
}

/** Emits the instructions. @throws {RangeError} when the program needs more stack than there is */
export function emit(code: Code): Emitted {
  const tidied = splitWebs(tidy(withoutRemainders(code)));
  return new Emitter(tidied, allocate(tidied)).run();
}

class Emitter {
  readonly #code: Code;
  readonly #places: Places;
  readonly #asm = new Assembler();
  readonly #slots: number[] = [];
  readonly #lines: { instruction: number; line: number }[] = [];
  readonly #starts = new Map<Block, number>();
  readonly #jumps: [jump: number, target: Block][] = [];
  readonly #stack: number;

  constructor(code: Code, places: Places) {
    this.#code = code;
    this.#places = places;
    let used = 0;
    for (const bytes of code.slots) this.#slots.push(-(used += Math.ceil(bytes / 8) * 8));
    this.#stack = used + 8 * places.words;
    if (this.#stack > MAX_STACK) {
      throw new RangeError(
        `it needs ${this.#stack} bytes of stack, and a program has ${MAX_STACK}: ` +
          "keep fewer and shorter texts and structs at a time",
      );
    }
  }

  run(): Emitted {
    const { blocks } = this.#code;
    blocks.forEach((block, i) => {
      this.#starts.set(block, this.#asm.next);
      for (const operation of block.operations) {
        this.#mark(operation.line);
        this.#operation(operation);
      }
      this.#mark(block.end!.line);
      this.#end(block.end!, blocks[i + 1]);
    });
    for (const [jump, target] of this.#jumps) this.#asm.land(jump, this.#starts.get(target)!);
    return {
      instructions: this.#asm.bytes(),
      relocations: this.#asm.relocations,
      calls: this.#asm.calls,
      lines: this.#lines,
      stack: this.#stack,
    };
  }

  #mark(line: number): void {
    const last = this.#lines.at(-1);
    if (last?.line === line) return;
    if (last?.instruction === this.#asm.next) this.#lines.pop();
    this.#lines.push({ instruction: this.#asm.next, line });
  }

  #operation(operation: Operation): void {
    const asm = this.#asm;
    switch (operation.op) {
      case "move":
        return this.#write(operation.dst, (dst) => this.#into(dst, operation.source));
      case "low32":
        return this.#write(operation.dst, (dst) => {
          asm.low32(dst, this.#read(operation.source, dst));
        });
      case "swap":
        return this.#write(operation.dst, (dst) => {
          this.#into(dst, operation.source);
          asm.swap(dst, operation.bits);
        });
      case "alu":
        return this.#write(operation.dst, (dst) => this.#alu(dst, operation));
      case "load":
        return this.#write(operation.dst, (dst) => {
          const [base, offset] = this.#base(operation.base, operation.offset);
          asm.load(operation.width, dst, base, offset);
        });
      case "store": {
        const [base, offset] = this.#base(operation.base, operation.offset);
        const { source, width } = operation;
        if (typeof source === "bigint" && (width < 8 || fits32(source))) {
          return asm.storeConstant(width, base, offset, Number(BigInt.asIntN(32, source)));
        }
        return asm.store(width, base, offset, this.#operand(source, R0));
      }
      case "atomicAdd": {
        const [base, offset] = this.#base(operation.base, operation.offset);
        return asm.atomicAdd(operation.width, base, offset, this.#read(operation.source, R0));
      }
      case "address":
        return this.#write(operation.dst, (dst) => {
          asm.move(dst, FP);
          asm.aluConstant("add", dst, this.#slots[operation.slot]! + operation.offset);
        });
      case "mapValue":
        return this.#write(operation.dst, (dst) => {
          asm.mapValue(dst, operation.map, operation.offset);
        });
      case "context":
        return this.#write(operation.dst, (dst) => asm.move(dst, 1));
      case "call":
        this.#arguments(operation.args);
        if (typeof operation.helper === "string") asm.callFunction(operation.helper);
        else asm.call(operation.helper);
        if (operation.dst !== undefined) {
          this.#write(operation.dst, (dst) => asm.move(dst, R0));
        }
    }
  }

  #alu(dst: number, { fn, a, b }: Operation & { op: "alu" }): void {
    const asm = this.#asm;
    if (typeof b === "bigint" && fits32(b)) {
      this.#into(dst, a);
      return asm.aluConstant(fn, dst, Number(BigInt.asIntN(32, b)));
    }
    const right = this.#operand(b, SCRATCH);
    if (dst !== right) {
      this.#into(dst, a);
      return asm.alu(fn, dst, right);
    }
    const left = this.#read(a, R0);
    if (COMMUTES.includes(fn)) return asm.alu(fn, dst, left);
    if (left === dst) return asm.alu(fn, dst, dst);
    asm.move(SCRATCH, right);
    asm.move(dst, left);
    asm.alu(fn, dst, SCRATCH);
  }

  #end(end: End, next: Block | undefined): void {
    const asm = this.#asm;
    const jumpTo = (jump: number, target: Block) => this.#jumps.push([jump, target]);
    if (end.op === "exit") {
      this.#into(R0, end.source);
      return asm.exit();
    }
    if (end.op === "jump") {
      if (end.to !== next) jumpTo(asm.jump(), end.to);
      return;
    }
    const inverted = end.then === next;
    const test = inverted ? OPPOSITE[end.test] : end.test;
    const [taken, other] = inverted ? [end.else, end.then] : [end.then, end.else];
    const a = this.#read(end.a, R0);
    const jump = typeof end.b === "bigint" && fits32(end.b)
      ? asm.branchConstant(test, a, Number(BigInt.asIntN(32, end.b)))
      : asm.branch(test, a, this.#operand(end.b, SCRATCH));
    jumpTo(jump, taken);
    if (other !== next) jumpTo(asm.jump(), other);
  }

  /** Moves a helper's arguments into R1 to R5. */
  #arguments(args: readonly Argument[]): void {
    const asm = this.#asm;
    let moves: [dst: number, source: number][] = [];
    const later: (() => void)[] = [];
    args.forEach((arg, i) => {
      const dst = i + 1;
      const register = typeof arg === "number" ? this.#places.register[arg] : undefined;
      if (register !== undefined) moves.push([dst, register]);
      else if (typeof arg === "number" || typeof arg === "bigint") {
        later.push(() => this.#into(dst, arg));
      } else if ("map" in arg) later.push(() => asm.map(dst, arg.map));
      else {
        later.push(() => {
          asm.move(dst, FP);
          asm.aluConstant("add", dst, this.#slots[arg.slot]! + arg.offset);
        });
      }
    });
    moves = moves.filter(([dst, source]) => dst !== source);
    while (moves.length > 0) {
      const free = moves.find(([dst]) => moves.every(([, source]) => source !== dst));
      if (free) {
        asm.move(...free);
        moves = moves.filter((move) => move !== free);
      } else {
        // A cycle of moves: one value is saved in a scratch register.
        const [, source] = moves[0]!;
        asm.move(R0, source);
        moves = moves.map(([dst, from]) => [dst, from === source ? R0 : from]);
      }
    }
    for (const put of later) put();
  }

  /** The register of a value, or `scratch` after loading the value into it. */
  #read(reg: Reg, scratch: number): number {
    const place = this.#places.register[reg];
    if (place !== undefined) return place;
    this.#asm.load(8, scratch, FP, this.#word(reg));
    return scratch;
  }

  #operand(operand: Operand, scratch: number): number {
    if (typeof operand === "number") return this.#read(operand, scratch);
    this.#asm.constant(scratch, operand);
    return scratch;
  }

  /** Loads a value into a BPF register. */
  #into(dst: number, operand: Operand): void {
    if (typeof operand === "bigint") return this.#asm.constant(dst, operand);
    this.#asm.move(dst, this.#read(operand, dst));
  }

  /** Lets `make` compute a value into its register, or through R0 into its stack slot. */
  #write(reg: Reg, make: (dst: number) => void): void {
    const place = this.#places.register[reg];
    make(place ?? R0);
    if (place === undefined) this.#asm.store(8, FP, this.#word(reg), R0);
  }

  #base(base: Base, offset: number): [register: number, offset: number] {
    if (typeof base === "number") return [this.#read(base, SCRATCH), offset];
    return [FP, this.#slots[base.slot]! + offset];
  }

  #word(reg: Reg): number {
    const word = this.#places.spilled.get(reg);
    if (word === undefined) throw new Error(`register ${reg} has no place`);
    const slots = this.#slots.at(-1) ?? 0;
    return slots - 8 * (word + 1);
  }
}
