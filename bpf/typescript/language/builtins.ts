/**
 * The built-in functions of kernel code, which have a meaning inside of programs only.
 *
 * A program is compiled from its text, so that these are never called. They are declared as
 * functions for their types, and because a bundler that renames one renames it in programs as well:
 * `pid.name` is its name in their text.
 *
 * @module
 */

import type { StructOf } from "./known_kernel.ts";
import type { KernelStack, UserStack } from "./stacks.ts";

/** The process's id, as user space counts it. */
export function pid(): number {
  throw outsideOfKernel("pid");
}

/** The thread's id. */
export function tid(): number {
  throw outsideOfKernel("tid");
}

/** The user's id. */
export function uid(): number {
  throw outsideOfKernel("uid");
}

/** The group's id. */
export function gid(): number {
  throw outsideOfKernel("gid");
}

/** The thread's name. */
export function comm(): string {
  throw outsideOfKernel("comm");
}

/** Nanoseconds since boot, without the time the machine was suspended. */
export function ktime(): bigint {
  throw outsideOfKernel("ktime");
}

/** Nanoseconds since boot, suspended or not. Needs Linux >= 5.8. */
export function bootTime(): bigint {
  throw outsideOfKernel("bootTime");
}

/** The number of the CPU. */
export function cpu(): number {
  throw outsideOfKernel("cpu");
}

/** The id of the process's cgroup of version 2. */
export function cgroupId(): bigint {
  throw outsideOfKernel("cgroupId");
}

/** A random number of 32 bits. */
export function random(): number {
  throw outsideOfKernel("random");
}

/** The text at an address of the process's memory, truncated to `size` bytes with its NUL. */
export function userString(_address: bigint | number, _size?: number): string {
  throw outsideOfKernel("userString");
}

/** The text at an address of the kernel's memory, truncated to `size` bytes with its NUL. */
export function kernelString(_address: bigint | number, _size?: number): string {
  throw outsideOfKernel("kernelString");
}

/** The lowest `bits` bits as a number with a sign: 8, 16, 32 or 64. */
export function signed<T extends bigint | number>(_value: T, _bits?: number): T {
  throw outsideOfKernel("signed");
}

/** The lowest `bits` bits as a number without a sign: 8, 16, 32 or 64. */
export function unsigned<T extends bigint | number>(_value: T, _bits?: number): T {
  throw outsideOfKernel("unsigned");
}

/** Sends a signal to the process. Needs Linux >= 5.3. */
export function sendSignal(_signal: number): void {
  throw outsideOfKernel("sendSignal");
}

/**
 * Prints a line: a template, or values with a space in between. The lines are read by
 * `bpf.events("print")`; `ts-bcc run` shows them.
 */
export function print(..._values: unknown[]): void {
  throw outsideOfKernel("print");
}

/** The unsigned number at an address of the process's memory; 0 if it cannot be read. */
export function userNumber(_address: bigint | number, _bits?: 8 | 16 | 32 | 64): bigint {
  throw outsideOfKernel("userNumber");
}

/** The unsigned number at an address of the kernel's memory; 0 if it cannot be read. */
export function kernelNumber(_address: bigint | number, _bits?: 8 | 16 | 32 | 64): bigint {
  throw outsideOfKernel("kernelNumber");
}

/** The thread as the kernel sees it: `struct task_struct`. */
export function currentTask(): StructOf<"struct task_struct"> {
  throw outsideOfKernel("currentTask");
}

/**
 * The struct of the kernel at an address: `cast(args[0], "struct sock")`; in an array of structs,
 * the one with that index: `cast(pid.numbers, "struct upid", level)`.
 */
export function cast<N extends string>(
  _address: bigint | number,
  _struct: N,
  _index?: bigint | number,
): StructOf<N> {
  throw outsideOfKernel("cast");
}

/** Whether this kernel has a field, of a struct or by a struct's name; decided when compiling. */
export function has(_struct: unknown, _field: string): boolean {
  throw outsideOfKernel("has");
}

/** An IP address of 4 or 16 bytes, or of a number, to print, count by, or put in `ipv4` and `ipv6` fields. */
export function ip(_address: readonly number[] | bigint | number | object): string {
  throw outsideOfKernel("ip");
}

/** The kernel's stack, to count by: `ts-bcc run` shows its functions. */
export function kernelStack(): KernelStack {
  throw outsideOfKernel("kernelStack");
}

/** The process's stack, to count by: `ts-bcc run` shows its functions. */
export function userStack(): UserStack {
  throw outsideOfKernel("userStack");
}

const BUILTINS = {
  pid,
  tid,
  uid,
  gid,
  comm,
  ktime,
  bootTime,
  cpu,
  cgroupId,
  random,
  userString,
  kernelString,
  signed,
  unsigned,
  sendSignal,
  print,
  userNumber,
  kernelNumber,
  currentTask,
  cast,
  has,
  ip,
  kernelStack,
  userStack,
};

/** A built-in's name. */
export type Builtin = keyof typeof BUILTINS;

/** Which built-in a name in a program's text means, if any. */
export const builtinOf: ReadonlyMap<string, Builtin> = new Map([
  // A script that an executable reads uses these names, even if the executable's bundler has
  // renamed the functions.
  ...Object.keys(BUILTINS).map((name) => [name, name as Builtin] as const),
  ...Object.entries(BUILTINS).map(([word, { name }]) => [name, word as Builtin] as const),
]);

function outsideOfKernel(word: string): TypeError {
  return new TypeError(`Cannot call ${word}() here: it is for programs that run in the kernel`);
}
