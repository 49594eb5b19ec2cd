/**
 * The runtime interface over Deno's FFI.
 *
 * @module
 */

import type { NativeType, Runtime, Signature, Symbols, SymbolTable } from "./runtime.ts";

const EPOLL_WAIT = {
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32", nonblocking: true },
} as const;

function toDeno(type: NativeType): Deno.NativeType | "void" {
  // Addresses travel as plain 64-bit integers: Deno's pointer objects would leak its types here.
  return type === "pointer" ? "usize" : type;
}

function toDefinition(signature: Signature) {
  return {
    parameters: signature.parameters.map(toDeno) as Deno.NativeType[],
    result: toDeno(signature.result) as Deno.NativeResultType,
  };
}

/** Deno's implementation of {@linkcode Runtime}. */
export const deno: Runtime = {
  name: "deno",

  open<T extends SymbolTable>(path: string, table: T): Symbols<T> {
    const definitions = Object.entries(table).map(([name, s]) => [name, toDefinition(s)]);
    return Deno.dlopen(path, Object.fromEntries(definitions)).symbols as unknown as Symbols<T>;
  },

  view(address, length) {
    const pointer = Deno.UnsafePointer.create(address);
    if (pointer === null) throw new TypeError("Cannot view memory at NULL");
    return Deno.UnsafePointerView.getArrayBuffer(pointer, length);
  },

  addressOf(buffer) {
    return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer)));
  },

  callback(signature, call) {
    const definition = toDefinition(signature) as Deno.UnsafeCallbackDefinition;
    const callback = new Deno.UnsafeCallback(definition, call as never);
    return {
      address: BigInt(Deno.UnsafePointer.value(callback.pointer)),
      close: () => callback.close(),
    };
  },

  // Signals and what other threads have done wake it in ways that no descriptor shows (seen with 2.9.6).
  hasWatchableLoop: false,

  waiter(epollFd) {
    // A nonblocking call runs on a thread of Deno's pool and keeps the event loop alive while it
    // is pending, so keepAlive has nothing to add: whoever stops waiting wakes the call.
    const { epoll_wait } = Deno.dlopen("libc.so.6", EPOLL_WAIT).symbols;
    const event = new Uint8Array(new ArrayBuffer(16));
    return {
      wait: async () => await epoll_wait(epollFd, event, 1, -1) > 0 ? event : undefined,
      keepAlive() {},
    };
  },

  environment(name) {
    // Without --allow-env a program that never sets our variables should simply go on.
    const state = Deno.permissions.querySync({ name: "env", variable: name }).state;
    return state === "granted" ? Deno.env.get(name) : undefined;
  },
};
