/**
 * The arguments of USDT probes, wherever the compiler has put them. If a probe has several
 * locations that differ, the attach cookie tells which one it is.
 *
 * @module
 */

import { isFloat, parseOperand, type UsdtArgument } from "../../usdt/usdt_argument.ts";
import { probeName, type UsdtOptions } from "../../usdt/usdt.ts";
import { type Reading, usdtReaders, type UsdtSpec } from "../../usdt/usdt_readarg.ts";
import type { Operand, Reg } from "../code/ir.ts";
import { I64, type Int, U64 } from "../language/types.ts";
import { Helper } from "../lower/helpers.ts";
import { extend, inRegister, loadScalar } from "../lower/memory.ts";
import type { Program } from "../lower/program.ts";
import type { InRegister, Value } from "../lower/values.ts";
import { fields } from "./parts.ts";
import { registerOffset } from "../../tables/registers.ts";

/**
 * How a program reads the arguments of its probe. @throws {BpfError} listing the probes that exist
 */
export function readerFor(program: string, options: UsdtOptions) {
  return usdtReaders([{ ...options, program }]).get(program)!;
}

/** The context of a USDT probe. */
export function usdtContext(program: Program, options: UsdtOptions): Value {
  const { specs } = readerFor(program.source.name, options);
  const count = Math.max(0, ...specs.map((spec) => spec.length));
  const what = `the arguments of ${probeName(options)}`;
  const elements = Array.from({ length: count }, (_, i) => argument(program, specs, i));
  return fields(`USDT probe ${probeName(options)}`, { args: { kind: "elements", what, elements } });
}

/** An argument; 0 at locations that lack it. */
function argument(program: Program, specs: readonly UsdtSpec[], index: number): Value {
  return { kind: "computed", make: () => usdtArgument(program, specs, index) };
}

/** An argument in a register; for a floating-point number its bits. */
export function usdtArgument(
  program: Program,
  specs: readonly UsdtSpec[],
  index: number,
  takesFloats = false,
): InRegister {
  const { builder } = program;
  const readings = specs.map((spec) => spec[index]);
  // The traced program's compiler may have encoded a constant as signed at one location only.
  const isSigned = readings.some((reading) => reading?.argument.signed);
  const type = isSigned ? I64 : U64;
  const key = (reading: Reading | undefined) => JSON.stringify(reading);
  const isSame = readings.every((reading) => key(reading) === key(readings[0]));
  const result = builder.register();
  const write = (reading: Reading | undefined) =>
    builder.move(result, reading ? read(program, reading, index, takesFloats) : 0n);
  if (isSame) {
    write(readings[0]);
    return { kind: "register", reg: result, type };
  }
  const cookie = program.once(
    "cookie",
    () => builder.call(Helper.GET_ATTACH_COOKIE, program.context),
  );
  const end = builder.block();
  readings.forEach((reading, spec) => {
    const [here, next] = [builder.block(), builder.block()];
    builder.branch("eq", cookie, BigInt(spec), here, next);
    builder.enter(here);
    program.apart(() => write(reading));
    builder.jump(end);
    builder.enter(next);
  });
  builder.move(result, 0n);
  builder.enter(end);
  return { kind: "register", reg: result, type };
}

function read(
  program: Program,
  { argument, distance }: Reading,
  index: number,
  takesFloats: boolean,
): Operand {
  const { builder, context } = program;
  const operand = parseOperand(argument.operand);
  const { size, signed } = argument;
  const isNumber = size === 1 || size === 2 || size === 4 || size === 8;
  if (!operand || !isNumber || isFloat(argument) && !takesFloats) {
    throw unreadable(program, index, argument);
  }
  const bits = 8 * size as Int["bits"];
  if (operand.kind === "constant") return extend(program, operand.value, bits, signed);
  const register = (field: string): Reg => builder.load(context, registerOffset(field), 8);
  if (operand.kind === "register") {
    const { field, shift } = operand.register;
    return extend(program, builder.alu("rsh", register(field), BigInt(shift)), bits, signed);
  }
  if (operand.symbol !== undefined && distance === undefined) {
    throw unreadable(program, index, argument);
  }
  let address: Operand = operand.offset + BigInt(distance ?? 0);
  for (const { register: { field }, factor } of operand.registers) {
    const term = builder.alu("mul", register(field), BigInt(factor));
    address = builder.alu("add", term, address);
  }
  // Code and variables keep their distance wherever the file is loaded.
  if (distance !== undefined) address = builder.alu("add", register(IP), address);
  const base = inRegister(program, address);
  const type: Int = { kind: "int", bits, signed };
  return loadScalar(program, { kind: "memory", base, offset: 0, type, access: "user" }).reg;
}

const IP = "ip";

function unreadable(program: Program, index: number, { operand }: UsdtArgument): Error {
  return program.error(
    program.place,
    `argument ${index} is in ${operand}, which programs cannot read as a number`,
  );
}
