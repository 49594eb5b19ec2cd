/**
 * Places in user programs, USDT probes and functions, whose arguments are looked up (user_place.h).
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

/** As in user_place.h. */
const PLACES_MAX = 512;
const OPERANDS = 6;
const STEPS = 4;
/** How many arguments of functions can be asked for. */
const ARGUMENTS = 4;
/** Registers are asked for by words of struct pt_regs. */
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
const Place = struct("place", { kind: u32, unused: u32, operands: array(Operand, OPERANDS) });

const NONE: Operand = {
  constant: 0n,
  word: -1,
  size: 0,
  is_signed: 0,
  steps: 0,
  offsets: [0, 0, 0, 0],
};

/**
 * Where a value comes from: an argument of a USDT probe by its number, from 1; an argument of a function,
 * from 0, and what memory is read from there on, each an offset; or undefined where there is none.
 */
export type Source =
  | number
  | { readonly of: number; readonly steps?: readonly number[]; readonly size?: 4 | 8 }
  | undefined;

/** What is to be probed, and for what. */
export interface PlaceQuery {
  /** The USDT probe's name. */
  readonly probe?: string;
  /** Or functions of the file. */
  readonly functions?: RegExp;
  /** What the kernel side does there. */
  readonly kind: number;
  /** What it reads, in the order that it wants. */
  readonly sources?: readonly Source[];
}

/** A place that is to be probed. */
export interface UserPlace {
  readonly name: string;
  readonly offset: number;
  readonly semaphore?: number;
  readonly kind: number;
  readonly operands: readonly Operand[];
}

/** Where in which file. */
export interface PlacesIn {
  /** The file as this process reaches it. */
  readonly path: string;
  /** The USDT probes of the file. */
  readonly probes: readonly UsdtProbe[];
  readonly provider: string;
}

/** The places of a file that the queries ask for; what it does not have is left out. */
export function userPlaces(
  { path, probes, provider }: PlacesIn,
  queries: readonly PlaceQuery[],
): UserPlace[] {
  const patterns = queries.flatMap(({ functions }) => functions ? [functions.source] : []);
  // All at once: the symbols of a file may be a million.
  const found = patterns.length > 0 ? userFunctions(path, new RegExp(patterns.join("|"))) : [];
  return queries.flatMap(({ probe, functions, kind, sources = [] }): UserPlace[] => {
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

/** Tells the kernel side what is at each place, and attaches a program to all of them. @throws {Error} */
export function attachPlaces(
  bpf: Bpf,
  program: string,
  places: readonly UserPlace[],
  where: { readonly path: string; readonly pid?: number },
): Link {
  if (places.length > PLACES_MAX) {
    throw new Error(
      `Cannot probe ${where.path}: ${places.length} places, of ${PLACES_MAX} at most`,
    );
  }
  const map = bpf.map("places", u32, Place);
  places.forEach(({ kind, operands }, index) => {
    const all = Array.from({ length: OPERANDS }, (_, i) => operands[i] ?? NONE);
    map.set(index, { kind, unused: 0, operands: all });
  });
  return bpf.program(program).attachUprobe({ ...where, functions: places });
}

function functionOperand(source: Source): Operand {
  if (typeof source !== "object") return NONE;
  const { of, steps = [], size = 8 } = source;
  const offset = registerOffsets().args.slice(0, ARGUMENTS)[of];
  const word = offset === undefined ? undefined : offset / WORD;
  if (word === undefined || steps.length > STEPS) return NONE;
  return { ...NONE, word, size, steps: steps.length, offsets: padded(steps) };
}

/** What is beyond a program's reach, such as a number in a floating-point register, reads as 0. */
function usdtOperand(argument: UsdtArgument | undefined): Operand {
  if (!argument || isFloat(argument)) return NONE;
  const operand = parseOperand(argument.place);
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

/** Which word of struct pt_regs has a field of it. */
const wordOf = (field: string): number => registerOffset(field) / WORD;
