/**
 * Lowers trees of C expressions to the intermediate form.
 *
 * A number of up to 32 bits is kept extended to 64 bits by its signedness, so that comparisons and
 * conversions to wider types cost nothing; a result that may leave its type's range is extended
 * again.
 *
 * @module
 */

import { holds } from "../code/fold.ts";
import { type Block, MIRRORED, type Operand, type Test, type Width } from "../code/ir.ts";
import { signedDivision } from "../lower/arithmetic.ts";
import { extend, inRegister } from "../lower/memory.ts";
import type { Program } from "../lower/program.ts";
import { compareMemory, contextNumber, readNumber, type Space } from "./memory.ts";
import type { ArithmeticInC, ComparisonInC, PlaceInC, Tree } from "./tree.ts";
import { type IntInC, sizeInC, type TypeInC, U64 } from "./types.ts";

type Of<Op extends Tree["op"]> = Extract<Tree, { readonly op: Op }>;

/** The value of a number or pointer. */
export function lowerInC(program: Program, tree: Tree): Operand {
  const { builder } = program;
  switch (tree.op) {
    case "constant":
      return BigInt.asUintN(64, tree.value);
    case "variable":
      return tree.read(program);
    case "context":
      return contextNumber(program);
    case "place":
      return readPlace(program, tree);
    case "address":
      return builder.alu("add", lowerInC(program, tree.of), BigInt(tree.offset));
    case "negate":
    case "complement": {
      const value = lowerInC(program, tree.of);
      const result = tree.op === "negate"
        ? builder.alu("sub", 0n, value)
        : builder.alu("xor", value, 0xffff_ffff_ffff_ffffn);
      return narrow(program, result, tree.type);
    }
    case "arithmetic":
      return arithmetic(program, tree);
    case "cast":
      return converted(program, tree);
    case "swap": {
      const reg = inRegister(program, lowerInC(program, tree.of));
      return builder.swap(reg, tree.type.bits as 16 | 32 | 64);
    }
    case "helper": {
      const result = builder.call(tree.helper);
      builder.keep();
      return narrow(program, result, tree.type);
    }
    case "choose":
      return choose(program, tree);
    default:
      return truth(program, tree);
  }
}

/** Branches to `yes` if a scalar is not 0, to `no` otherwise. */
export function branchInC(program: Program, tree: Tree, yes: Block, no: Block): void {
  const { builder } = program;
  switch (tree.op) {
    case "not":
      return branchInC(program, tree.of, no, yes);
    case "and":
    case "or": {
      const second = builder.block();
      if (tree.op === "and") branchInC(program, tree.a, second, no);
      else branchInC(program, tree.a, yes, second);
      builder.enter(second);
      return program.apart(() => branchInC(program, tree.b, yes, no));
    }
    case "compare":
      return compare(program, tree, yes, no);
    case "same": {
      const { known, address } = tree;
      const at = lowerInC(program, address);
      return compareMemory(program, known, spaceOf(address), at, yes, no);
    }
    default: {
      const value = lowerInC(program, tree);
      if (typeof value === "bigint") return builder.jump(value === 0n ? no : yes);
      builder.branch("ne", value, 0n, yes, no);
    }
  }
}

/** Whether an address certainly belongs to the kernel. */
export function spaceOf(tree: Tree): Space {
  switch (tree.op) {
    case "context":
      return "kernel";
    case "variable":
      return tree.isKernel ? "kernel" : "any";
    case "address":
    case "cast":
      return spaceOf(tree.of);
    case "arithmetic":
      return tree.fn === "+" && tree.type.kind === "pointer" ? spaceOf(tree.a) : "any";
    default:
      return "any";
  }
}

/** 1 or 0. */
function truth(program: Program, tree: Tree): Operand {
  const { builder } = program;
  const result = builder.register();
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  branchInC(program, tree, yes, no);
  builder.enter(yes);
  builder.move(result, 1n);
  builder.jump(end);
  builder.enter(no);
  builder.move(result, 0n);
  builder.enter(end);
  return result;
}

function choose(program: Program, { condition, a, b }: Of<"choose">): Operand {
  const { builder } = program;
  const result = builder.register();
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  branchInC(program, condition, yes, no);
  builder.enter(yes);
  program.apart(() => builder.move(result, lowerInC(program, a)));
  builder.jump(end);
  builder.enter(no);
  program.apart(() => builder.move(result, lowerInC(program, b)));
  builder.enter(end);
  return result;
}

/** Truncates a result to its type. */
function narrow(program: Program, value: Operand, type: TypeInC): Operand {
  return type.kind === "int" ? extend(program, value, type.bits, type.signed) : value;
}

function converted(program: Program, { of, type }: Of<"cast">): Operand {
  if (type.kind !== "int") return lowerInC(program, of);
  if (type.isBool) {
    return of.type.kind === "int" && of.type.isBool ? lowerInC(program, of) : truth(program, of);
  }
  const value = lowerInC(program, of);
  const from: IntInC = of.type.kind === "int" ? of.type : U64;
  const holdsAll = type.bits === 64 ||
    (from.signed === type.signed ? from.bits <= type.bits : !from.signed && from.bits < type.bits);
  return holdsAll ? value : extend(program, value, type.bits, type.signed);
}

const FUNCTIONS = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "&": "and",
  "|": "or",
  "^": "xor",
} as const;

function arithmetic(program: Program, tree: Of<"arithmetic">): Operand {
  const { builder } = program;
  const a = kept(program, lowerInC(program, tree.a));
  const b = kept(program, lowerInC(program, tree.b));
  return narrow(program, compute(tree.fn), tree.type);

  function compute(fn: ArithmeticInC): Operand {
    const signed = tree.type.kind === "int" && tree.type.signed;
    switch (fn) {
      case "<<":
      case ">>": {
        // Shifting by more bits than there are is undefined in C, and the kernel refuses it.
        const by = typeof b === "bigint" ? b & 63n : b;
        return builder.alu(fn === "<<" ? "lsh" : signed ? "arsh" : "rsh", a, by);
      }
      case "/":
      case "%": {
        const name = fn === "/" ? "div" : "mod";
        return signed ? signedDivision(program, name, a, b) : builder.alu(name, a, b);
      }
      default:
        return builder.alu(FUNCTIONS[fn], a, b);
    }
  }
}

/** A value that is used once more later. */
function kept({ builder }: Program, value: Operand): Operand {
  builder.keep();
  return value;
}

const TESTS: Readonly<Record<ComparisonInC, readonly [unsigned: Test, signed: Test]>> = {
  "==": ["eq", "eq"],
  "!=": ["ne", "ne"],
  "<": ["lt", "slt"],
  "<=": ["le", "sle"],
  ">": ["gt", "sgt"],
  ">=": ["ge", "sge"],
};

function compare(program: Program, { fn, a, b }: Of<"compare">, yes: Block, no: Block): void {
  const { builder } = program;
  const left = kept(program, lowerInC(program, a));
  const right = kept(program, lowerInC(program, b));
  const test = TESTS[fn][a.type.kind === "int" && a.type.signed ? 1 : 0];
  if (typeof left === "number") return builder.branch(test, left, right, yes, no);
  if (typeof right === "number") return builder.branch(MIRRORED[test], right, left, yes, no);
  builder.jump(holds(test, left, right) ? yes : no);
}

/** Loads from memory and extends the value by its signedness. */
function readPlace(program: Program, place: PlaceInC): Operand {
  const { builder } = program;
  const { type, bits, offset, pointer } = place;
  const bytes = sizeInC(type) as Width;
  const isDirect = pointer.op === "context" && offset % bytes === 0;
  const raw = isDirect
    ? builder.load(program.context, offset, bytes)
    : readNumber(program, spaceOf(pointer), addressIn(program, place), bytes);
  if (type.kind !== "int") return raw;
  if (!bits) return type.signed ? extend(program, raw, type.bits, true) : raw;
  const shifted = builder.alu("rsh", raw, BigInt(bits.shift));
  return extend(program, shifted, bits.width, type.signed);
}

const addressIn = (program: Program, { pointer, offset }: PlaceInC) =>
  program.builder.alu("add", lowerInC(program, pointer), BigInt(offset));
