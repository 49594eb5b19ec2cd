/**
 * What libbcc makes of `bpf_usdt_readarg(n, ctx, &x)` in a function `do_it`: a call of
 * `_bpf_readarg_do_it_n(ctx, &x, sizeof(x))`. Here these functions are written.
 *
 * The value is converted to the type of `x` as in an assignment; of a float or a double it gets the
 * bits. A function for several places whose arguments lie elsewhere, or are of another type, learns from
 * the attachment's cookie at which of them it is. Where a place lacks the argument the value is 0 and the
 * call returns -ENOENT.
 *
 * @module
 */

import { ElfFile } from "../elf/elf_file.ts";
import { describeProbe, findProbes, probeName, type UsdtOptions } from "./usdt.ts";
import { isFloat, type Operand, parseOperand, type UsdtArgument } from "./usdt_argument.ts";
import type { UsdtLocation, UsdtProbe } from "./usdt_notes.ts";

/** A probe and the function of a compiled text that runs at it. */
export interface UsdtHook extends UsdtOptions {
  /** The function's name. */
  readonly program: string;
}

/** How one function reads the arguments of its probes. */
export interface UsdtReader {
  readonly probes: readonly UsdtOptions[];
  /** The distinct ways, in the order of the cookies that tell them. */
  readonly ways: readonly Way[];
}

/** How to read each argument at some place. */
export type Way = readonly Reading[];

/** How to read one argument at some place. */
export interface Reading {
  /** What the note says. */
  readonly argument: UsdtArgument;
  /** From the place to the variable that it is relative to, in digits; undefined without one. */
  readonly distance: string | undefined;
  /** C statements that assign to `value`; undefined when a program cannot read it. */
  readonly code: string | undefined;
  /** Why not, for the compiler to say. */
  readonly place: string;
}

/** What is read at a place that lacks the argument: nothing (-ENOENT). */
const MISSING = "failed = -2;";
const BARRIER = 'asm volatile("" ::: "memory");';
/** As many arguments as sys/sdt.h knows. */
const MOST_ARGUMENTS = 12;

/** How the functions of a text read, by name. @throws {BpfError} naming the probes there are */
export function usdtReaders(hooks: readonly UsdtHook[]): Map<string, UsdtReader> {
  const readers = new Map<string, UsdtReader>();
  for (const [program, own] of Map.groupBy(hooks, (hook) => hook.program)) {
    const ways = new Map<string, Way>();
    for (const hook of own) {
      const action = `compile program "${program}" for ${describeProbe(hook)}`;
      for (const probe of findProbes(hook, action)) {
        for (const way of waysOf(probe)) ways.set(keyOf(way), way);
      }
    }
    readers.set(program, { probes: own, ways: [...ways.values()] });
  }
  return readers;
}

/** The way to read at each location of a probe. */
export function waysOf(probe: UsdtProbe): Way[] {
  using file = new ElfFile(probe.path);
  return probe.locations.map((location) =>
    location.arguments.map((argument) => ({
      argument,
      distance: distanceTo(argument, location, file)?.toString(),
      code: codeFor(argument, location, file),
      place: argument.place,
    }))
  );
}

/** The cookie for that way of reading; -1 when the text was not compiled for it. */
export function cookieOf(reader: UsdtReader, way: Way): number {
  const key = keyOf(way);
  return reader.ways.findIndex((known) => keyOf(known) === key);
}

const keyOf = (way: Way) => JSON.stringify(way);

/** The functions for a text, to come before it. */
export function readerText(readers: ReadonlyMap<string, UsdtReader>): string {
  if (readers.size === 0) return "";
  const functions = [...readers].flatMap(([program, reader]) =>
    Array.from({ length: MOST_ARGUMENTS }, (_, n) => functionFor(program, reader, n))
  );
  return [...functions, ""].join("\n");
}

function functionFor(program: string, { probes, ways }: UsdtReader, n: number): string {
  const name = `_bpf_readarg_${program}_${n + 1}`;
  const head = `static inline int ${name}(struct pt_regs *ctx, void *dest, size_t len)`;
  const readings = ways.map((way) => way[n]);
  const known = readings.filter((reading) => reading !== undefined);
  const unreadable = known.find(({ code }) => code === undefined);
  if (unreadable || known.length === 0) {
    const probe = probes.map(probeName).join(", ");
    const most = Math.max(0, ...ways.map((way) => way.length));
    const reason = unreadable
      ? `argument ${n + 1} of ${probe} is in ${unreadable.place}, which programs cannot read`
      : `${probe} has ${most} argument${most === 1 ? "" : "s"}`;
    return `${head} __attribute__((unavailable(${JSON.stringify(reason)})));`;
  }
  const codes = readings.map((reading) => reading?.code ?? MISSING);
  const same = codes.every((code) => code === codes[0]);
  // Without the barrier clang joins the loads of all cases into one from a computed address, and the
  // verifier refuses "dereference of modified ctx ptr".
  const cases = codes.map((code, cookie) => `case ${cookie}: ${code} ${BARRIER} break;`).join(" ");
  const read = same ? codes[0] : `switch (bpf_get_attach_cookie(ctx)) { ${cases} }`;
  return `${head.replace("inline", "__always_inline")} { s64 value = 0; int failed = 0; ${read} ` +
    "if (len == 1) *(u8 *)dest = value; else if (len == 2) *(u16 *)dest = value; " +
    "else if (len == 4) *(u32 *)dest = value; else if (len == 8) *(u64 *)dest = value; " +
    "else failed = -1; return failed; }";
}

function codeFor(
  argument: UsdtArgument,
  location: UsdtLocation,
  file: ElfFile,
): string | undefined {
  const operand = parseOperand(argument.place);
  const type = isFloat(argument) ? `u${argument.size * 8}` : argument.type;
  if (operand === undefined || !/^[su]\d+$/.test(type)) return undefined;
  if (operand.kind === "constant") {
    return `value = (${type})${BigInt.asUintN(64, operand.value)}ULL;`;
  }
  if (operand.kind === "register") {
    const { field, shift } = operand.register;
    return `value = (${type})(ctx->${field} >> ${shift});`;
  }
  const address = addressOf(operand, location, file);
  return address === undefined
    ? undefined
    : `{ ${type} at = 0; failed = bpf_probe_read_user(&at, sizeof(at), (void *)(${address})); ` +
      "value = at; }";
}

/** From a place to the variable that an argument is in or relative to. */
function distanceTo(
  { place }: UsdtArgument,
  { address }: UsdtLocation,
  file: ElfFile,
): number | undefined {
  const operand = parseOperand(place);
  if (operand?.kind !== "memory" || operand.symbol === undefined) return undefined;
  const variable = file.variable(operand.symbol);
  return variable === undefined ? undefined : variable - address;
}

/** An address in C; undefined when the file does not tell where its variable is. */
function addressOf(
  { registers, symbol, offset }: Operand & { kind: "memory" },
  location: UsdtLocation,
  file: ElfFile,
): string | undefined {
  const terms = registers.map(({ register, factor }) => `ctx->${register.field} * ${factor}`);
  let distance = offset;
  if (symbol !== undefined) {
    const variable = file.variable(symbol);
    if (variable === undefined) return undefined;
    // Wherever the file is loaded, code and variables keep their distance.
    terms.push("PT_REGS_IP(ctx)");
    distance += BigInt(variable - location.address);
  }
  return [...terms, `${BigInt.asUintN(64, distance)}ULL`].join(" + ");
}
