/**
 * The parts of the compiler of kernel code that languages of probes (trace, argdist) are made of. No part of the API:
 * it may change with any version.
 *
 * Apart from plumbing.ts because a tool that compiles nothing would load dozens of modules more from source.
 *
 * @module
 */

export { readerFor, usdtArgument } from "./bpf/typescript/contexts/usdt_context.ts";
export { convert as convertInC, scalarOf } from "./bpf/typescript/c/convert.ts";
export { branchInC, lowerInC, spaceOf } from "./bpf/typescript/c/lower.ts";
export {
  compareSlot,
  contextNumber,
  readMemory as copyMemory,
  readNumber,
} from "./bpf/typescript/c/memory.ts";
export { parseInC, type ScopeInC } from "./bpf/typescript/c/parse.ts";
export { type KnownBytes, NotKnown, type Tree } from "./bpf/typescript/c/tree.ts";
export {
  CHAR,
  describeInC,
  int,
  type IntInC,
  type MemberInC,
  pointerTo,
  type StructInC,
  type TypeInC,
  typeOfWords,
  U32 as UnsignedInC,
  U64 as UnsignedLongInC,
  type VariableInC,
  VOID as VOID_IN_C,
} from "./bpf/typescript/c/types.ts";
export type { Block, Operand as CodeOperand, Reg } from "./bpf/typescript/code/ir.ts";
export type { Hook as KernelHook } from "./bpf/typescript/language/hooks.ts";
export { type AnyMap, arrayMap, hash } from "./bpf/typescript/language/maps.ts";
export { Helper } from "./bpf/typescript/lower/helpers.ts";
export { log2Slot } from "./bpf/typescript/lower/log2.ts";
export type { Program as ProgramWriter } from "./bpf/typescript/lower/program.ts";
export { EmittedCode, type EmittedProgram } from "./bpf/typescript/emitted_code.ts";
