/**
 * What a tool is: data, and one function that turns its options into what to load and print.
 *
 * @module
 */

import type { Codec, LoadOptions } from "../../mod.ts";
import type { Column } from "./columns.ts";
import type { Options, Values } from "./options.ts";

/** What a tool does with one set of options. */
export interface Plan<E> {
  /** Passed to `Bpf.load`; the frame adds the size of the ring buffer. */
  readonly load: LoadOptions;
  /** Columns of the table, and keys of the JSON. */
  readonly columns: readonly Column<E>[];
}

/** A tool that prints one row per event of its ring buffer `events`. */
export interface Tool<O extends Options, E> {
  /** The command's name. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Calls and what they do, as help shows them. */
  readonly examples: readonly (readonly [call: string, meaning: string])[];
  /** The compiled kernel side: the default export of `NAME.bpf.o.ts`. */
  readonly object: Uint8Array;
  /** Must include {@linkcode standardOptions}. */
  readonly options: O;
  /** The event, as the kernel side declares it. */
  readonly event: Codec<E>;
  /** @throws {UsageError} when options contradict each other */
  plan(values: Values<O>): Plan<E>;
}

/** A tool whose types matter to nobody any more: what lists of tools hold. */
export type AnyTool = Tool<Options, never>;

/** Checks a tool's types; it returns its argument. */
export function defineTool<const O extends Options, E>(tool: Tool<O, E>): AnyTool {
  return tool as unknown as AnyTool;
}
