/**
 * The small interface that both runtimes meet; `deno.ts` and `bun.ts` implement it, and nothing
 * else names their FFI.
 *
 * Addresses are bigints on this side of the interface, in both runtimes: 0n is NULL.
 *
 * @module
 */

import "./minimum.ts";
import { bun } from "./bun.ts";
import { deno } from "./deno.ts";

/** A C parameter or result as the symbol tables name it. */
export type NativeType =
  | "void"
  | "u8"
  | "i32"
  | "u32"
  | "i64"
  | "u64"
  | "usize"
  | "pointer"
  | "buffer";

/** One C function: its parameters and its result. */
export interface Signature {
  readonly parameters: readonly NativeType[];
  readonly result: Exclude<NativeType, "buffer">;
  /** The function is newer than the oldest library we serve: the symbol may be null. */
  readonly optional?: true;
}

/** C functions by name. */
export type SymbolTable = Readonly<Record<string, Signature>>;

type Argument<T extends NativeType> = T extends "buffer" ? Uint8Array<ArrayBuffer> | null
  : T extends "pointer" | "i64" | "u64" | "usize" ? bigint
  : number;

type Arguments<P extends readonly NativeType[]> = { -readonly [K in keyof P]: Argument<P[K]> };

type Returned<T extends NativeType> = T extends "void" ? void
  : T extends "pointer" | "i64" | "u64" | "usize" ? bigint
  : number;

/** A C function as TypeScript calls it. */
export type NativeFunction<S extends Signature> = (
  ...values: Arguments<S["parameters"]>
) => Returned<S["result"]>;

/** What opening a library with a table gives; a missing optional function is null. */
export type Symbols<T extends SymbolTable> = {
  readonly [K in keyof T]: T[K] extends { optional: true } ? NativeFunction<T[K]> | null
    : NativeFunction<T[K]>;
};

/** A JavaScript function that C can call; it lives until `close()`. */
export interface NativeCallback {
  readonly address: bigint;
  close(): void;
}

/** Waits on another thread until an epoll instance has something ready. */
export interface EpollWaiter {
  /**
   * Resolves once `epoll_wait` returns: to the `struct epoll_event` it took, or undefined; one call
   * at a time.
   */
  wait(): Promise<Uint8Array | undefined>;
  /** Whether a pending wait keeps the process alive. */
  keepAlive(yes: boolean): void;
}

/** What ts-bcc needs of a JavaScript runtime beyond the web's and Node's standard modules. */
export interface Runtime {
  readonly name: "deno" | "bun";
  /**
   * Opens a shared library by path or soname; every function of the table must be there.
   *
   * Use it through `library.ts`, which knows where to look, and checks first what is missing.
   */
  open<T extends SymbolTable>(path: string, table: T): Symbols<T>;
  /**
   * Returns `length` bytes of foreign memory as an ArrayBuffer, not a copy; the owner still frees
   * the memory.
   */
  view(address: bigint, length: number): ArrayBuffer;
  /** The address of a buffer's first byte; keep the buffer alive yourself. */
  addressOf(buffer: Uint8Array<ArrayBuffer>): bigint;
  /**
   * Makes a function that C can call on this thread. Exceptions must not cross C frames: `call`
   * has to catch its own (Deno would swallow them, Bun would rethrow later).
   */
  callback(
    signature: Signature,
    call: (...values: (number | bigint)[]) => number | void,
  ): NativeCallback;
  /**
   * Whether the event loop sleeps in an epoll instance that becomes readable for whatever wakes the
   * loop except timers.
   */
  readonly hasWatchableLoop: boolean;
  /** Makes the waiter of an epoll file descriptor. */
  waiter(epollFd: number): EpollWaiter;
  /** Collects all garbage now, and gives freed memory back; undefined where the runtime offers no way. */
  readonly collectGarbage?: () => void;
  /** An environment variable, or undefined when unset or not permitted to be read. */
  environment(name: string): string | undefined;
}

/** The runtime this program runs in. */
export const runtime: Runtime = "Bun" in globalThis ? bun : deno;
