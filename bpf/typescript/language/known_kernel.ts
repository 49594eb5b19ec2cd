/**
 * What TypeScript knows of a kernel: nothing, unless the declarations that `ts-bcc types` writes are
 * there. Then hooks know their fields and structs theirs.
 *
 * The interfaces are global, so that declarations need not name the module that they are for.
 *
 * @module
 */

declare global {
  /** Tracepoints by `category/name`, and their fields. */
  // deno-lint-ignore no-empty-interface -- declarations add to it
  interface KernelTracepoints {}
  /** Tracepoints by name, and the kernel's own arguments. */
  // deno-lint-ignore no-empty-interface -- declarations add to it
  interface KernelBtfTracepoints {}
  /** Functions by name: `{ parameters, returned }`. */
  // deno-lint-ignore no-empty-interface -- declarations add to it
  interface KernelFunctions {}
  /** Structs and unions by name: `struct task_struct`. */
  // deno-lint-ignore no-empty-interface -- declarations add to it
  interface KernelStructs {}
}

/**
 * What a program reads of its hook's context: fields by name.
 *
 * Which there are depends on the kernel: they are checked when the program is compiled.
 */
// deno-lint-ignore no-explicit-any -- a field may be a number, a text or a struct; see above
export type Fields = any;

/** The fields of a tracepoint. */
export type TracepointFields<N extends string> = N extends keyof KernelTracepoints
  ? KernelTracepoints[N]
  : Fields;

/** The arguments of a tracepoint as the kernel has them. */
export type BtfTracepointFields<N extends string> = N extends keyof KernelBtfTracepoints
  ? KernelBtfTracepoints[N]
  : Fields;

/** What a kernel function takes. */
export type ParametersOf<N extends string> = N extends keyof KernelFunctions
  ? KernelFunctions[N] extends { readonly parameters: infer P } ? P : Fields
  : Fields;

/** What a kernel function returns. */
export type ReturnedBy<N extends string> = N extends keyof KernelFunctions
  ? KernelFunctions[N] extends { readonly returned: infer R } ? R : Fields
  : Fields;

/** What a kernel function takes and returns. */
export type CallOf<N extends string> = N extends keyof KernelFunctions
  ? ParametersOf<N> & { readonly returned: ReturnedBy<N> }
  : Fields;

/** A struct of the kernel by its name, `struct sock`. */
export type StructOf<N extends string> = N extends keyof KernelStructs ? KernelStructs[N] : Fields;
