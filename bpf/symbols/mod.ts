/**
 * Names for addresses and back: of the kernel and of processes, including JIT-compiled code; C++
 * and Rust names are demangled.
 *
 * @module
 */

export { demangle } from "./demangle.ts";
export type { SourceLine } from "../elf/line_table.ts";
export { KernelSymbols } from "./kernel_symbols.ts";
export { MappedFile, mappedFiles } from "./mapped_file.ts";
export type { FollowOptions } from "./process_history.ts";
export {
  type AddressOptions,
  type FormatOptions,
  formatSymbol,
  type ResolvedSymbol,
  type SourceFrame,
} from "./symbol.ts";
export { type UserFunction, userFunctions } from "./user_functions.ts";
export { type UserSymbolOptions, UserSymbols } from "./user_symbols.ts";
