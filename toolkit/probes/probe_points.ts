/**
 * Probe points in user programs: locations of USDT probes, and functions, with where their arguments are
 * (probe_point.h).
 *
 * @module
 */

import {
  array,
  type Bpf,
  i32,
  i64,
  type Infer,
  type Link,
  struct,
  u32,
  type UsdtArgument,
  type UsdtProbe,
  userFunctions,
} from "../../mod.ts";
import { isFloat, parseOperand, registerOffset, registerOffsets } from "../../plumbing.ts";

/** As in probe_point.h. */
const MAX_PROBE_POINTS = 512;
const OPERANDS = 6;
const STEPS = 4;
/** How many arguments of functions can be asked for. */
const ARGUMENTS = 4;
/** Registers are given to the kernel side as indices of words in struct pt_regs. */
const WORD = 8;

const Operand = struct("operand", {
  constant: i64,
  word: i32,
  size: u32,
  is_signed: u32,
  steps: u32,
  offsets: array(i32, STEPS),
});
type Operand = Infer<typeof Operand>;
const Point = struct("probe_point", { kind: u32, unused: u32, operands: array(Operand, OPERANDS) });

const NONE: Operand = {
  constant: 0n,
  word: -1,
  size: 0,
  is_signed: 0,
  steps: 0,
  offsets: [0, 0, 0, 0],
};

/**
 * Where a value comes from: an argument of a USDT probe, numbered from 1, or of a function, from 0,
 * followed by memory reads at offsets; or undefined if there is none.
 */
export type Source =
  | number
  | { readonly of: number; readonly steps?: readonly number[]; readonly size?: 4 | 8 }
  | undefined;

/** A request to probe something. */
export interface ProbePointQuery {
  /** The name of a USDT probe. */
  readonly probe?: string;
  /** Or functions of the file. */
  readonly functions?: RegExp;
  /** The kernel side's action. */
  readonly kind: number;
  /** The arguments of the action, in order. */
  readonly sources?: readonly Source[];
}

/** A location to probe, and the kernel side's action there. */
export interface ProbePoint {
  readonly name: string;
  readonly offset: number;
  readonly semaphore?: number;
  readonly kind: number;
  readonly operands: readonly Operand[];
}

/** A file to search. */
export interface ProbedFile {
  /** The file as this process reaches it. */
  readonly path: string;
  /** The USDT probes of the file. */
  readonly probes: readonly UsdtProbe[];
  readonly provider: string;
}

/** The probe points in a file that match the queries; missing ones are skipped. */
export function probePoints(
  { path, probes, provider }: ProbedFile,
  queries: readonly ProbePointQuery[],
): ProbePoint[] {
  const patterns = queries.flatMap(({ functions }) => functions ? [functions.source] : []);
  // One pass for all patterns: a file may have a million symbols.
  const found = patterns.length > 0 ? userFunctions(path, new RegExp(patterns.join("|"))) : [];
  return queries.flatMap(({ probe, functions, kind, sources = [] }): ProbePoint[] => {
    if (functions) {
      const operands = sources.map(functionOperand);
      return found.filter(({ name }) => functions.test(name))
        .map(({ name, offset }) => ({ name, offset, kind, operands }));
    }
    const wanted = probes.filter((each) => each.name === probe && each.provider === provider);
    return wanted.flatMap(({ locations }) => locations).map((location) => ({
      name: `${provider}:${probe}`,
      offset: location.offset,
      ...location.semaphore ? { semaphore: location.semaphore.offset } : {},
      kind,
      operands: sources.map((source) =>
        typeof source === "number" ? usdtOperand(location.arguments[source - 1]) : NONE
      ),
    }));
  });
}

/** Fills `probe_points` for the kernel side, and attaches a program to each of them. @throws {Error} */
export function attachProbePoints(
  bpf: Bpf,
  program: string,
  points: readonly ProbePoint[],
  where: { readonly path: string; readonly pid?: number },
): Link {
  if (points.length > MAX_PROBE_POINTS) {
    throw new Error(
      `Cannot probe ${where.path}: ${points.length} probe points, of ${MAX_PROBE_POINTS} at most`,
    );
  }
  const map = bpf.map("probe_points", u32, Point);
  points.forEach(({ kind, operands }, index) => {
    const all = Array.from({ length: OPERANDS }, (_, i) => operands[i] ?? NONE);
    map.set(index, { kind, unused: 0, operands: all });
  });
  return bpf.program(program).attachUprobe({ ...where, functions: points });
}

function functionOperand(source: Source): Operand {
  if (typeof source !== "object") return NONE;
  const { of, steps = [], size = 8 } = source;
  const offset = registerOffsets().args.slice(0, ARGUMENTS)[of];
  const word = offset === undefined ? undefined : offset / WORD;
  if (word === undefined || steps.length > STEPS) return NONE;
  return { ...NONE, word, size, steps: steps.length, offsets: padded(steps) };
}

/** An operand that programs cannot read, such as a floating-point register, reads as 0. */
function usdtOperand(argument: UsdtArgument | undefined): Operand {
  if (!argument || isFloat(argument)) return NONE;
  const operand = parseOperand(argument.operand);
  const { size, signed } = argument;
  const value = { ...NONE, size, is_signed: Number(signed) };
  switch (operand?.kind) {
    case "constant":
      return { ...value, constant: operand.value };
    case "register": {
      const word = wordOf(operand.register.field);
      return word < 0 || operand.register.shift > 0 ? NONE : { ...value, word };
    }
    case "memory": {
      const [base, ...more] = operand.registers;
      const word = base ? wordOf(base.register.field) : -1;
      if (word < 0 || base!.factor !== 1 || more.length > 0 || operand.symbol) return NONE;
      return { ...value, word, steps: 1, offsets: padded([Number(operand.offset)]) };
    }
    default:
      return NONE;
  }
}

const padded = (steps: readonly number[]): number[] =>
  Array.from({ length: STEPS }, (_, i) => steps[i] ?? 0);

/** The index of the word in struct pt_regs that has a field. */
const wordOf = (field: string): number => registerOffset(field) / WORD;
