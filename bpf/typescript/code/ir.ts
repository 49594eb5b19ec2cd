/**
 * The intermediate form between TypeScript and BPF instructions: basic blocks of three-address
 * operations on unlimited 64-bit virtual registers.
 *
 * @module
 */

/** A virtual register: 64 bits, not in SSA form. */
export type Reg = number;

/** A register, or a 64-bit constant. */
export type Operand = Reg | bigint;

/** A stack object, by its index. */
export interface Slot {
  readonly slot: number;
}

/** The address of a load or store: a pointer in a register, or a stack object. */
export type Base = Reg | Slot;

/** A map's descriptor as an argument of a helper. */
export interface MapReference {
  readonly map: string;
}

/** An address inside a stack object, as a helper argument. */
export interface SlotAddress extends Slot {
  readonly offset: number;
}

/** A helper argument. */
export type Argument = Operand | MapReference | SlotAddress;

/** 64-bit wrapping arithmetic. */
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

/** Those whose operands can be exchanged. */
export const COMMUTES: readonly Arithmetic[] = ["add", "mul", "and", "or", "xor"];

/** Conditions of branches; those with an s are signed. */
export type Test = "eq" | "ne" | "gt" | "ge" | "lt" | "le" | "sgt" | "sge" | "slt" | "sle";

/** Sizes of loads and stores in bytes. */
export type Width = 1 | 2 | 4 | 8;

/** One operation; `line` is the index of its line in the program's text. */
export type Operation =
  & { readonly line: number }
  & (
    | { readonly op: "move"; dst: Reg; source: Operand }
    | { readonly op: "low32"; dst: Reg; source: Reg }
    | {
      readonly op: "alu";
      readonly fn: Arithmetic;
      dst: Reg;
      a: Reg;
      b: Operand;
    }
    | { readonly op: "swap"; dst: Reg; source: Reg; readonly bits: 16 | 32 | 64 }
    | {
      readonly op: "load";
      dst: Reg;
      base: Base;
      readonly offset: number;
      readonly width: Width;
    }
    | {
      readonly op: "store";
      base: Base;
      readonly offset: number;
      readonly width: Width;
      source: Operand;
    }
    | {
      readonly op: "atomicAdd";
      base: Base;
      readonly offset: number;
      readonly width: 4 | 8;
      source: Reg;
    }
    | { readonly op: "address"; dst: Reg; readonly slot: number; readonly offset: number }
    | { readonly op: "mapValue"; dst: Reg; readonly map: string; readonly offset: number }
    | { readonly op: "context"; dst: Reg }
    | {
      readonly op: "call";
      dst: Reg | undefined;
      /** A helper's number, or the name of a function of other code. */
      readonly helper: number | string;
      args: readonly Argument[];
    }
  );

/** A block's terminator. */
export type End =
  & { readonly line: number }
  & (
    | { readonly op: "jump"; to: Block }
    | {
      readonly op: "branch";
      readonly test: Test;
      a: Reg;
      b: Operand;
      then: Block;
      else: Block;
    }
    | { readonly op: "exit"; source: Operand }
  );

/** A basic block. */
export interface Block {
  readonly id: number;
  readonly operations: Operation[];
  end: End | undefined;
}

/** A program in the intermediate form. */
export interface Code {
  /** The blocks in order; the first is the entry. */
  readonly blocks: readonly Block[];
  /** The number of virtual registers. */
  readonly registers: number;
  /** Sizes of the stack objects in bytes. */
  readonly slots: readonly number[];
}

/** The successors of a block. */
export function successors({ end }: Block): Block[] {
  if (end?.op === "jump") return [end.to];
  return end?.op === "branch" ? [end.then, end.else] : [];
}

/** The registers that an operation reads. */
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

/** Renames the registers that an operation reads. */
export function rename(operation: Operation, name: (reg: Reg) => Reg): void {
  const renamed = <T extends Argument | Base>(operand: T) =>
    (typeof operand === "number" ? name(operand) : operand) as T;
  switch (operation.op) {
    case "store":
    case "atomicAdd":
      operation.base = renamed(operation.base);
      operation.source = renamed(operation.source as Reg);
      break;
    case "move":
      operation.source = renamed(operation.source);
      break;
    case "low32":
    case "swap":
      operation.source = name(operation.source);
      break;
    case "alu":
      operation.a = name(operation.a);
      operation.b = renamed(operation.b);
      break;
    case "load":
      operation.base = renamed(operation.base);
      break;
    case "call":
      operation.args = operation.args.map(renamed);
  }
}

/** The registers that a terminator reads. */
export function endReads(end: End | undefined): Reg[] {
  if (end?.op === "branch") return [end.a, ...registers(end.b)];
  return end?.op === "exit" ? registers(end.source) : [];
}

/** Renames the registers that a terminator reads. */
export function renameEnd(end: End, name: (reg: Reg) => Reg): void {
  const renamed = (operand: Operand) => typeof operand === "number" ? name(operand) : operand;
  if (end.op === "branch") [end.a, end.b] = [name(end.a), renamed(end.b)];
  if (end.op === "exit") end.source = renamed(end.source);
}

/** The register that an operation writes. */
export function written(operation: Operation): Reg | undefined {
  return "dst" in operation ? operation.dst : undefined;
}

const registers = (operand: Argument | Base): Reg[] => typeof operand === "number" ? [operand] : [];

/** The negated condition. */
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

/** The condition with its operands exchanged. */
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
