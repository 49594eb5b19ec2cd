/**
 * The intermediate form between TypeScript and BPF instructions: basic blocks of three-address
 * operations on any number of 64-bit registers.
 *
 * @module
 */

/** A virtual register: 64 bits, written any number of times. */
export type Reg = number;

/** A register, or a constant of 64 bits. */
export type Operand = Reg | bigint;

/** An object on the stack, by its number. */
export interface Slot {
  readonly slot: number;
}

/** Memory that a load or store reaches: behind a pointer in a register, or on the stack. */
export type Base = Reg | Slot;

/** A map's descriptor as an argument of a helper. */
export interface MapReference {
  readonly map: string;
}

/** An address inside a stack object, as an argument of a helper. */
export interface SlotAddress extends Slot {
  readonly offset: number;
}

/** What a helper takes. */
export type Argument = Operand | MapReference | SlotAddress;

/** Arithmetic of 64 bits that wraps. */
export type Arithmetic =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "mod"
  | "and"
  | "or"
  | "xor"
  | "lsh"
  | "rsh"
  | "arsh";

/** Comparisons that branch; those with an s are signed. */
export type Test = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sgt" | "sge" | "slt" | "sle";

/** Bytes that one load or store moves. */
export type Width = 1 | 2 | 4 | 8;

/** One operation; `line` is the index of its place in the program's text. */
export type Operation =
  & { readonly line: number }
  & (
    | { readonly op: "move"; dst: Reg; readonly source: Operand }
    | { readonly op: "low32"; dst: Reg; readonly source: Reg }
    | {
      readonly op: "alu";
      readonly fn: Arithmetic;
      dst: Reg;
      readonly a: Reg;
      readonly b: Operand;
    }
    | { readonly op: "swap"; dst: Reg; readonly source: Reg; readonly bits: 16 | 32 | 64 }
    | {
      readonly op: "load";
      dst: Reg;
      readonly base: Base;
      readonly offset: number;
      readonly width: Width;
    }
    | {
      readonly op: "store";
      readonly base: Base;
      readonly offset: number;
      readonly width: Width;
      readonly source: Operand;
    }
    | {
      readonly op: "atomicAdd";
      readonly base: Base;
      readonly offset: number;
      readonly width: 4 | 8;
      readonly source: Reg;
    }
    | { readonly op: "address"; dst: Reg; readonly slot: number; readonly offset: number }
    | { readonly op: "mapValue"; dst: Reg; readonly map: string; readonly offset: number }
    | { readonly op: "context"; dst: Reg }
    | {
      readonly op: "call";
      dst: Reg | undefined;
      readonly helper: number;
      readonly args: readonly Argument[];
    }
  );

/** How a block ends. */
export type End =
  & { readonly line: number }
  & (
    | { readonly op: "jump"; to: Block }
    | {
      readonly op: "branch";
      readonly test: Test;
      readonly a: Reg;
      readonly b: Operand;
      then: Block;
      else: Block;
    }
    | { readonly op: "exit"; readonly source: Operand }
  );

/** Operations that run one after the other. */
export interface Block {
  readonly id: number;
  readonly operations: Operation[];
  end: End | undefined;
}

/** A program between TypeScript and instructions. */
export interface Code {
  /** In the order they are written; the first is where it begins. */
  readonly blocks: readonly Block[];
  /** How many virtual registers there are. */
  readonly registers: number;
  /** Bytes of each stack object. */
  readonly slots: readonly number[];
}

/** The blocks a block may go on to. */
export function successors({ end }: Block): Block[] {
  if (end?.op === "jump") return [end.to];
  return end?.op === "branch" ? [end.then, end.else] : [];
}

/** The registers an operation reads. */
export function reads(operation: Operation): Reg[] {
  switch (operation.op) {
    case "move":
      return registers(operation.source);
    case "low32":
    case "swap":
      return [operation.source];
    case "alu":
      return [operation.a, ...registers(operation.b)];
    case "load":
      return registers(operation.base);
    case "store":
    case "atomicAdd":
      return [...registers(operation.base), ...registers(operation.source)];
    case "call":
      return operation.args.flatMap(registers);
    default:
      return [];
  }
}

/** The registers a block's end reads. */
export function endReads(end: End | undefined): Reg[] {
  if (end?.op === "branch") return [end.a, ...registers(end.b)];
  return end?.op === "exit" ? registers(end.source) : [];
}

/** The register an operation writes. */
export function written(operation: Operation): Reg | undefined {
  return "dst" in operation ? operation.dst : undefined;
}

const registers = (operand: Argument | Base): Reg[] => typeof operand === "number" ? [operand] : [];

/** The test that is true where this one is false. */
export const OPPOSITE: Readonly<Record<Test, Test>> = {
  eq: "ne",
  ne: "eq",
  gt: "le",
  le: "gt",
  ge: "lt",
  lt: "ge",
  sgt: "sle",
  sle: "sgt",
  sge: "slt",
  slt: "sge",
};

/** The same test with its sides exchanged. */
export const MIRRORED: Readonly<Record<Test, Test>> = {
  eq: "eq",
  ne: "ne",
  gt: "lt",
  lt: "gt",
  ge: "le",
  le: "ge",
  sgt: "slt",
  slt: "sgt",
  sge: "sle",
  sle: "sge",
};
