/**
 * Generates the C functions that `bpf_usdt_readarg(n, ctx, &x)` calls: in a function `do_it`,
 * libbcc turns it into `_bpf_readarg_do_it_n(ctx, &x, sizeof(x))`.
 *
 * The value is converted to the type of `x` as by assignment; a float or double receives the bits.
 * If the arguments differ between a probe's locations, the attach cookie tells the function which
 * location it runs at. At a location without the argument, the value is 0 and the call returns
 * -ENOENT.
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

/** How a function reads the arguments of its probes. */
export interface UsdtReader {
  readonly probes: readonly UsdtOptions[];
  /** The distinct specs, indexed by attach cookie. */
  readonly specs: readonly UsdtSpec[];
}

/** How to read the arguments at a location; libbpf calls it a spec as well. */
export type UsdtSpec = readonly Reading[];

/** How to read one argument at a location. */
export interface Reading {
  /** The argument in the note. */
  readonly argument: UsdtArgument;
  /**
   * The distance from the location to the symbol of the operand, in digits; undefined without one.
   */
  readonly distance: string | undefined;
  /** C statements that assign to `value`; undefined when programs cannot read the operand. */
  readonly code: string | undefined;
}

/** The reader for a location without the argument (-ENOENT). */
const MISSING = "failed = -2;";
const BARRIER = 'asm volatile("" ::: "memory");';
/** The maximum number of arguments in sys/sdt.h. */
const MOST_ARGUMENTS = 12;

/**
 * How the functions of a text read arguments, by function. @throws {BpfError} listing the probes
 * that exist
 */
export function usdtReaders(hooks: readonly UsdtHook[]): Map<string, UsdtReader> {
  const readers = new Map<string, UsdtReader>();
  for (const [program, own] of Map.groupBy(hooks, (hook) => hook.program)) {
    const specs = new Map<string, UsdtSpec>();
    for (const hook of own) {
      const action = `compile program "${program}" for ${describeProbe(hook)}`;
      for (const probe of findProbes(hook, action)) {
        for (const spec of specsOf(probe)) specs.set(keyOf(spec), spec);
      }
    }
    readers.set(program, { probes: own, specs: [...specs.values()] });
  }
  return readers;
}

/** How to read at each location of a probe. */
export function specsOf(probe: UsdtProbe): UsdtSpec[] {
  using file = new ElfFile(probe.path);
  return probe.locations.map((location) =>
    location.arguments.map((argument) => ({
      argument,
      distance: distanceTo(argument, location, file)?.toString(),
      code: codeFor(argument, location, file),
    }))
  );
}

/** The attach cookie for a spec; -1 when the text was not compiled for it. */
export function cookieOf(reader: UsdtReader, spec: UsdtSpec): number {
  const key = keyOf(spec);
  return reader.specs.findIndex((known) => keyOf(known) === key);
}

const keyOf = (spec: UsdtSpec) => JSON.stringify(spec);

/** The generated functions, to be put before the text. */
export function readerText(readers: ReadonlyMap<string, UsdtReader>): string {
  if (readers.size === 0) return "";
  const functions = [...readers].flatMap(([program, reader]) =>
    Array.from({ length: MOST_ARGUMENTS }, (_, n) => functionFor(program, reader, n))
  );
  return [...functions, ""].join("\n");
}

function functionFor(program: string, { probes, specs }: UsdtReader, n: number): string {
  const name = `_bpf_readarg_${program}_${n + 1}`;
  const head = `static inline int ${name}(struct pt_regs *ctx, void *dest, size_t len)`;
  const readings = specs.map((spec) => spec[n]);
  const known = readings.filter((reading) => reading !== undefined);
  const unreadable = known.find(({ code }) => code === undefined);
  if (unreadable || known.length === 0) {
    const probe = probes.map(probeName).join(", ");
    const most = Math.max(0, ...specs.map((spec) => spec.length));
    const reason = unreadable
      ? `argument ${
        n + 1
      } of ${probe} is in ${unreadable.argument.operand}, which programs cannot read`
      : `${probe} has ${most} argument${most === 1 ? "" : "s"}`;
    return `${head} __attribute__((unavailable(${JSON.stringify(reason)})));`;
  }
  const codes = readings.map((reading) => reading?.code ?? MISSING);
  const same = codes.every((code) => code === codes[0]);
  // Without the barrier clang merges the loads of all cases into one from a computed address, which
  // the verifier refuses: "dereference of modified ctx ptr".
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
  const operand = parseOperand(argument.operand);
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

/** The distance from a location to an operand's symbol. */
function distanceTo(
  argument: UsdtArgument,
  { address }: UsdtLocation,
  file: ElfFile,
): number | undefined {
  const operand = parseOperand(argument.operand);
  if (operand?.kind !== "memory" || operand.symbol === undefined) return undefined;
  const variable = file.variable(operand.symbol);
  return variable === undefined ? undefined : variable - address;
}

/** An operand's address in C; undefined when the file does not contain its symbol. */
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
    // Code and variables keep their distance wherever the file is loaded.
    terms.push("PT_REGS_IP(ctx)");
    distance += BigInt(variable - location.address);
  }
  return [...terms, `${BigInt.asUintN(64, distance)}ULL`].join(" + ");
}
