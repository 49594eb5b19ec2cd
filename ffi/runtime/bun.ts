/**
 * The runtime interface over Bun's FFI.
 *
 * @module
 */

import type { NativeType, Runtime, Signature, Symbols, SymbolTable } from "./runtime.ts";

/** The part of `bun:ffi` that is used here; pointers are plain numbers. */
interface BunFfi {
  dlopen(path: string, table: Record<string, BunSignature>): { symbols: Record<string, unknown> };
  ptr(buffer: Uint8Array<ArrayBuffer>): number;
  toArrayBuffer(pointer: number, offset: number, length: number): ArrayBuffer;
  JSCallback: new (
    call: (...values: (number | bigint)[]) => number | void,
    signature: BunSignature,
  ) => { ptr: number; close(): void };
}

interface BunSignature {
  args: string[];
  returns: string;
}

// getBuiltinModule, not import: "bun:ffi" does not resolve where another runtime checks this file.
let loaded: BunFfi | undefined;
function ffi(): BunFfi {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): unknown };
  };
  return loaded ??= process.getBuiltinModule("bun:ffi") as BunFfi;
}

const TYPES: Record<NativeType, string> = {
  void: "void",
  u8: "u8",
  i32: "i32",
  u32: "u32",
  i64: "i64",
  u64: "u64",
  usize: "u64",
  pointer: "u64",
  buffer: "ptr",
};

function toDefinition(signature: Signature): BunSignature {
  return {
    args: signature.parameters.map((type) => TYPES[type]),
    returns: TYPES[signature.result],
  };
}

/**
 * The waiting thread. It blocks in epoll_wait, reports, then sleeps on `turn` until it is told to wait
 * again: epoll is level-triggered, so without the handshake it would spin.
 */
const WAITER_SOURCE = `
import { dlopen } from "bun:ffi";
const { epoll_wait } = dlopen("libc.so.6", {
  epoll_wait: { args: ["i32", "ptr", "i32", "i32"], returns: "i32" },
}).symbols;
const event = new Uint8Array(new ArrayBuffer(16));
self.onmessage = ({ data: { epollFd, turn } }) => {
  for (;;) {
    Atomics.wait(turn, 0, 0);
    Atomics.store(turn, 0, 0);
    postMessage(epoll_wait(epollFd, event, 1, -1) > 0 ? event : undefined);
  }
};
`;

/** A worker as both runtimes' type declarations leave it: `ref` is Node's and Bun's. */
type WaiterThread = Worker & { ref(): void; unref(): void };

/** Bun's implementation of {@linkcode Runtime}. */
export const bun: Runtime = {
  name: "bun",

  open<T extends SymbolTable>(path: string, table: T): Symbols<T> {
    const definitions = Object.entries(table).map(([name, s]) => [name, toDefinition(s)]);
    return ffi().dlopen(path, Object.fromEntries(definitions)).symbols as unknown as Symbols<T>;
  },

  view(address, length) {
    if (address === 0n) throw new TypeError("Cannot view memory at NULL");
    return ffi().toArrayBuffer(Number(address), 0, length);
  },

  addressOf(buffer) {
    return BigInt(ffi().ptr(buffer));
  },

  callback(signature, call) {
    const callback = new (ffi().JSCallback)(call, toDefinition(signature));
    return { address: BigInt(callback.ptr), close: () => callback.close() };
  },

  hasWatchableLoop: true,

  waiter(epollFd) {
    const url = URL.createObjectURL(new Blob([WAITER_SOURCE], { type: "application/javascript" }));
    const thread = new Worker(url, { type: "module" }) as WaiterThread;
    const turn = new Int32Array(new SharedArrayBuffer(4));
    let resolve: ((event: Uint8Array | undefined) => void) | undefined;
    thread.onmessage = ({ data }) => resolve?.(data);
    thread.postMessage({ epollFd, turn });
    thread.unref(); // until somebody waits
    return {
      wait() {
        Atomics.store(turn, 0, 1);
        Atomics.notify(turn, 0);
        return new Promise((done) => resolve = done);
      },
      keepAlive: (yes) => yes ? thread.ref() : thread.unref(),
    };
  },

  collectGarbage() {
    const { Bun } = globalThis as unknown as { Bun: { gc(isSynchronous: boolean): void } };
    Bun.gc(true);
  },

  environment(name) {
    const { process } = globalThis as unknown as {
      process: { env: Record<string, string | undefined> };
    };
    return process.env[name];
  },
};
