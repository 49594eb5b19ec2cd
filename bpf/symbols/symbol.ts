/**
 * Symbols of addresses.
 *
 * @module
 */

import type { SourceLine } from "../elf/line_table.ts";

/** A symbolized address: the function it lies in, or at least the file. */
export interface ResolvedSymbol {
  /** The function; undefined when only the module is known. */
  readonly name: string | undefined;
  /** Offset in the function in bytes; without a function, offset in the module's file. */
  readonly offset: number;
  /** The kernel module, executable or library; undefined for the kernel itself. */
  readonly module: string | undefined;
}

/** A function in a program's text. */
export interface SourceFrame {
  /** The name of a function inlined in the next one; undefined for the last, which has the code. */
  readonly inlined: string | undefined;
  /** The source line; undefined when it is not known. */
  readonly line: SourceLine | undefined;
}

/** How an address is looked up. */
export interface AddressOptions {
  /** When it was sampled, on the clock of `bpf_ktime_get_ns`; for followed processes. */
  readonly time?: number | undefined;
  /**
   * Whether it is a return address: the symbol is then that of the call before it, which may be the
   * last instruction of its function.
   */
  readonly isReturn?: boolean;
}

/** How {@linkcode formatSymbol} formats. */
export interface FormatOptions {
  /** Add the offset to a function: `vfs_read+0x1c`. */
  readonly offset?: boolean;
  /** Add the module to a function: `main [app]`. */
  readonly module?: boolean;
}

/**
 * A symbol as text: `vfs_read`; an address in no known function as `[libc.so.6+0x2a1f0]`; an
 * unknown address as the address itself.
 */
export function formatSymbol(
  symbol: ResolvedSymbol | undefined,
  address: bigint,
  options: FormatOptions = {},
): string {
  if (!symbol) return `0x${address.toString(16)}`;
  const { name, module } = symbol;
  const offset = name === undefined || options.offset ? `+0x${symbol.offset.toString(16)}` : "";
  if (name === undefined) {
    return `[${module === undefined ? "unknown" : fileName(module)}${offset}]`;
  }
  return name + offset + (options.module && module !== undefined ? ` [${fileName(module)}]` : "");
}

/** The last part of a path. "[vdso]" and the like have brackets already. */
function fileName(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const [from, to] = [name.startsWith("[") ? 1 : 0, name.endsWith("]") ? -1 : name.length];
  return name.slice(from, to);
}
