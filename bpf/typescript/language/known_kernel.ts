/**
 * The kernel's types for TypeScript's checker: none, unless declarations written by `ts-bcc types`
 * are included. Then hooks have typed fields and structs typed members.
 *
 * The interfaces are global, so that declarations need not name the module that they are for.
 *
 * @module
 */

/**
 * A global interface by its name, if declarations have it. It is found by a global variable of the
 * same name and type, as only the declarations may extend the global scope: packages of JSR must
 * not.
 */
export type Declared<N extends string> = typeof globalThis extends { [K in N]: infer T } ? T
  : Record<never, never>;

/**
 * The context of a hook: fields by name.
 *
 * Which fields exist depends on the kernel; they are checked when the program is compiled.
 */
// deno-lint-ignore no-explicit-any -- a field may be a number, a text or a struct; see above
export type Fields = any;

/** The fields of a tracepoint. */
export type TracepointFields<N extends string> = N extends keyof Declared<"KernelTracepoints">
  ? Declared<"KernelTracepoints">[N]
  : Fields;

/** The arguments of a tracepoint as the kernel has them. */
export type BtfTracepointFields<N extends string> = N extends keyof Declared<"KernelBtfTracepoints">
  ? Declared<"KernelBtfTracepoints">[N]
  : Fields;

/** What a kernel function takes. */
export type ParametersOf<N extends string> = N extends keyof Declared<"KernelFunctions">
  ? Declared<"KernelFunctions">[N] extends { readonly parameters: infer P } ? P : Fields
  : Fields;

/** What a kernel function returns. */
export type ReturnedBy<N extends string> = N extends keyof Declared<"KernelFunctions">
  ? Declared<"KernelFunctions">[N] extends { readonly returned: infer R } ? R : Fields
  : Fields;

/** What a kernel function takes and returns. */
export type CallOf<N extends string> = N extends keyof Declared<"KernelFunctions">
  ? ParametersOf<N> & { readonly returned: ReturnedBy<N> }
  : Fields;

/** A struct of the kernel by its name, `struct sock`. */
export type StructOf<N extends string> = N extends keyof Declared<"KernelStructs">
  ? Declared<"KernelStructs">[N]
  : Fields;
