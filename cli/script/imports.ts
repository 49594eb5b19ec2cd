/**
 * The names that scripts and one-liners can use: the library and the language of kernel code.
 *
 * @module
 */

export * from "../../kernel.ts";
export * from "../../mod.ts";
export type { Fields } from "../../kernel.ts";
