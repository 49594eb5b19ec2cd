/**
 * What scripts and one-liners have: the library, and the language of kernel code.
 *
 * @module
 */

export * from "../../kernel.ts";
export * from "../../mod.ts";
export type { Fields } from "../../kernel.ts";
