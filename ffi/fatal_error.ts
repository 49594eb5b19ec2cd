/**
 * Detects that LLVM is about to end the process, as it does when it finds no instruction for some
 * code.
 *
 * @module
 */

import { libbcc } from "./libbcc.ts";
import { alloc, textAt } from "./libc/memory.ts";
import { runtime, type Symbols, type SymbolTable } from "./runtime/runtime.ts";

const TABLE = {
  // int __cxa_atexit(void (*func) (void *), void *arg, void *d);
  __cxa_atexit: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  // void __cxa_finalize(void *d);
  __cxa_finalize: { parameters: ["pointer"], result: "void" },
  // void _exit(int status);
  _exit: { parameters: ["i32"], result: "void" },
} as const satisfies SymbolTable;

let symbols: Symbols<typeof TABLE> | undefined;
const libc = () => symbols ??= runtime.open("libc.so.6", TABLE);

/** The key of our exit handlers: its address is unique. */
const OURS = alloc(8);

/**
 * Calls `end` when LLVM, on this thread, is about to end the process, until this is disposed of;
 * the process ends with status 1 when `end` returns.
 *
 * LLVM has two ways: a fatal error has a reason and aborts; of other errors (LLVM 15 and later:
 * code that it cannot select) it prints the reason and calls exit(3). Where libbcc contains LLVM
 * and hides its symbols, only the second is detected.
 */
export function onFatalError(end: (reason: string) => void): Disposable {
  const finish = (reason: string) => {
    try {
      end(reason);
    } finally {
      libc()._exit(1);
    }
  };
  const handler = atFatalError(finish);
  const exit = atExit(() => finish(""));
  return {
    [Symbol.dispose]() {
      exit[Symbol.dispose]();
      handler[Symbol.dispose]();
    },
  };
}

function atFatalError(call: (reason: string) => void): Disposable {
  const { LLVMInstallFatalErrorHandler: install, LLVMResetFatalErrorHandler: reset } = libbcc();
  if (!install || !reset) return { [Symbol.dispose]() {} };
  const callback = runtime.callback(
    { parameters: ["pointer"], result: "void" },
    (reason) => call(textAt(BigInt(reason!))),
  );
  install(callback.address);
  return {
    [Symbol.dispose]() {
      reset();
      callback.close();
    },
  };
}

function atExit(call: () => void): Disposable {
  let disposed = false;
  const callback = runtime.callback({ parameters: ["pointer"], result: "void" }, () => {
    if (!disposed) call();
  });
  const ours = runtime.addressOf(OURS);
  libc().__cxa_atexit(callback.address, 0n, ours);
  return {
    [Symbol.dispose]() {
      disposed = true;
      // Removes the handler by calling it.
      libc().__cxa_finalize(ours);
      callback.close();
    },
  };
}
