/**
 * unwind.c, whose calls have known stacks, as it is compiled without frame pointers.
 *
 * @module
 */

import { buildProgram } from "./build.ts";

/** Flags that compile code without frame pointers, each call of which has a frame. */
export const FRAMELESS = ["-O2", "-fomit-frame-pointer", "-fno-optimize-sibling-calls"];

/** The path of unwind.c, compiled so. */
export const unwindProgram = (): string => buildProgram("unwind.c", FRAMELESS);

/** The outermost frames of its stacks. */
export const START = "main;__libc_start_call_main;__libc_start_main;_start";

/** Frames' names, innermost first, as one text. */
export const stackText = (user: readonly string[]): string =>
  // Some functions of the C library have several symbols.
  user.map((name) => name.replace(/_alias_\d$|_impl$/, "")).join(";");

/** A stack with a number of nested calls, and what the innermost of them called. */
export const chainOf = (inner: string, depth: number): string =>
  `${inner};${"link_of_chain;".repeat(depth)}${START}`;

/** The 127 frames that are kept of a deeper one. */
export const cutChainOf = (inner: string): string =>
  [...inner.split(";"), ...Array<string>(127).fill("link_of_chain")].slice(0, 127).join(";");
