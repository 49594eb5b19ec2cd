/**
 * Symbolizes kernel addresses where this process may read kallsyms; plain addresses elsewhere.
 *
 * @module
 */

import { KernelSymbols, type ResolvedSymbol, UnsupportedError } from "../../mod.ts";
import { complainLines } from "../output/complain.ts";

/** The kernel's symbols, read once at the first address. */
export class KernelNames {
  readonly #read: () => KernelSymbols;
  /** null: the kernel hides them */
  #symbols: KernelSymbols | undefined | null;

  /** @param read reads the symbols, in place of /proc/kallsyms for tests */
  constructor(read: () => KernelSymbols = () => new KernelSymbols()) {
    this.#read = read;
  }

  /** The function that contains an address; undefined where names are hidden. */
  resolve(address: bigint): ResolvedSymbol | undefined {
    return this.#find()?.resolve(address);
  }

  /** Those of a stack, innermost first. */
  resolveStack(addresses: readonly bigint[]): (ResolvedSymbol | undefined)[] {
    return (addresses.length > 0 && this.#find()?.resolveStack(addresses)) || [];
  }

  #find(): KernelSymbols | null {
    if (this.#symbols !== undefined) return this.#symbols;
    try {
      return this.#symbols = this.#read();
    } catch (error) {
      if (!(error instanceof UnsupportedError)) throw error;
      // Not read again: the kernel would only write all names without addresses once more.
      complainLines(`${error.message}: addresses are shown instead`);
      return this.#symbols = null;
    }
  }
}
