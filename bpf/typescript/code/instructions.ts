/**
 * Encodes BPF instructions (include/uapi/linux/bpf.h,
 * Documentation/bpf/standardization/instruction-set.rst).
 *
 * @module
 */

import type { Arithmetic, Test, Width } from "./ir.ts";

/** The frame pointer, and the register of results. */
export const [FP, R0] = [10, 0];

/** Instruction classes. */
const [LD, LDX, ST, STX, ALU, JMP, ALU64] = [0, 1, 2, 3, 4, 5, 7];
const [MEM, ATOMIC, IMM64] = [0x60, 0xc0, 0x18];
/** The second operand is a register. */
const X = 8;
const [MOV, END, CALL, EXIT] = [0xb0, 0xd0, 0x80, 0x90];

const WIDTHS: Readonly<Record<Width, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
const ARITHMETIC: Readonly<Record<Arithmetic, number>> = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  mod: 0x90,
  xor: 0xa0,
  arsh: 0xc0,
};
const TESTS: Readonly<Record<Test, number>> = {
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
};

/** Pseudo source registers of 64-bit loads: BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE. */
const [PSEUDO_MAP, PSEUDO_VALUE] = [1, 2];

/** The pseudo source register of a call of a function: BPF_PSEUDO_CALL. */
const PSEUDO_CALL = 1;

/** A map whose descriptor is patched into an instruction at load time. */
export interface Relocation {
  readonly instruction: number;
  readonly map: string;
}

/** A call of a function whose instructions are put behind the program's at load time. */
export interface Call {
  readonly instruction: number;
  readonly function: string;
}

/** Whether a value fits a 32-bit immediate, which the kernel sign-extends. */
export function fits32(value: bigint): boolean {
  return BigInt.asIntN(64, value) === BigInt.asIntN(32, value);
}

/** An assembler. */
export class Assembler {
  readonly #words: number[] = [];
  readonly relocations: Relocation[] = [];
  readonly calls: Call[] = [];
  /** The index of the next instruction. */
  get next(): number {
    return this.#words.length / 2;
  }

  move(dst: number, source: number): void {
    if (dst !== source) this.#emit(ALU64 | MOV | X, dst, source);
  }

  constant(dst: number, value: bigint): void {
    if (fits32(value)) return this.#emit(ALU64 | MOV, dst, 0, 0, Number(BigInt.asIntN(32, value)));
    this.#wide(dst, 0, BigInt.asUintN(32, value), BigInt.asUintN(64, value) >> 32n);
  }

  low32(dst: number, source: number): void {
    this.#emit(ALU | MOV | X, dst, source);
  }

  alu(fn: Arithmetic, dst: number, source: number): void {
    this.#emit(ALU64 | ARITHMETIC[fn] | X, dst, source);
  }

  aluConstant(fn: Arithmetic, dst: number, value: number): void {
    this.#emit(ALU64 | ARITHMETIC[fn], dst, 0, 0, value);
  }

  /** Byte swaps between host and network order. */
  swap(dst: number, bits: number): void {
    this.#emit(ALU | END | X, dst, 0, 0, bits);
  }

  load(width: Width, dst: number, base: number, offset: number): void {
    this.#emit(LDX | MEM | WIDTHS[width], dst, base, offset);
  }

  store(width: Width, base: number, offset: number, source: number): void {
    this.#emit(STX | MEM | WIDTHS[width], base, source, offset);
  }

  storeConstant(width: Width, base: number, offset: number, value: number): void {
    this.#emit(ST | MEM | WIDTHS[width], base, 0, offset, value);
  }

  atomicAdd(width: 4 | 8, base: number, offset: number, source: number): void {
    this.#emit(STX | ATOMIC | WIDTHS[width], base, source, offset, ARITHMETIC.add);
  }

  map(dst: number, map: string): void {
    this.relocations.push({ instruction: this.next, map });
    this.#wide(dst, PSEUDO_MAP, 0n, 0n);
  }

  mapValue(dst: number, map: string, offset: number): void {
    this.relocations.push({ instruction: this.next, map });
    this.#wide(dst, PSEUDO_VALUE, 0n, BigInt(offset));
  }

  call(helper: number): void {
    this.#emit(JMP | CALL, 0, 0, 0, helper);
  }

  callFunction(name: string): void {
    this.calls.push({ instruction: this.next, function: name });
    this.#emit(JMP | CALL, 0, PSEUDO_CALL);
  }

  exit(): void {
    this.#emit(JMP | EXIT);
  }

  jump(): number {
    this.#emit(JMP);
    return this.next - 1;
  }

  branch(test: Test, a: number, b: number): number {
    this.#emit(JMP | TESTS[test] | X, a, b);
    return this.next - 1;
  }

  branchConstant(test: Test, a: number, value: number): number {
    this.#emit(JMP | TESTS[test], a, 0, 0, value);
    return this.next - 1;
  }

  /** Sets the target of an earlier jump. */
  land(jump: number, target: number): void {
    const offset = target - jump - 1;
    if (offset !== offset << 16 >> 16) {
      throw new RangeError(`a jump goes over ${offset} instructions, and 32767 are the most`);
    }
    this.#words[2 * jump]! |= (offset & 0xffff) << 16;
  }

  /** The instructions, eight bytes each. */
  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Int32Array.from(this.#words).buffer);
  }

  #wide(dst: number, source: number, low: bigint, high: bigint): void {
    this.#emit(LD | IMM64, dst, source, 0, Number(low) | 0);
    this.#emit(0, 0, 0, 0, Number(high) | 0);
  }

  #emit(code: number, dst = 0, source = 0, offset = 0, immediate = 0): void {
    this.#words.push(code | dst << 8 | source << 12 | (offset & 0xffff) << 16, immediate);
  }
}
