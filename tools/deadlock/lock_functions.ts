/**
 * Finds the functions of a process that lock and unlock mutexes, and attaches to them.
 *
 * @module
 */

import {
  type Bpf,
  findFile,
  type Link,
  type MappedFile,
  mappedFiles,
  TsBccError,
} from "../../mod.ts";

/** Which functions to trace, and where. */
export interface LockSymbols {
  readonly pid: number;
  /** A path, or a library's name; undefined: any file mapped by the process. */
  readonly binary: string | undefined;
  readonly lock: readonly string[];
  readonly unlock: readonly string[];
}

/**
 * Finds the file with these functions. @throws {Error} if no file has them all
 */
function lockFile({ pid, binary, lock, unlock }: LockSymbols): string {
  const names = [...lock, ...unlock];
  const hasAll = (file: MappedFile) =>
    names.every((name) => file.functionOffset(name) !== undefined);
  if (binary === undefined) {
    const file = mappedFiles(pid).find(hasAll);
    if (file) return file.name;
    throw new Error(
      `Cannot trace process ${pid}: none of its files has the functions ${
        names.join(", ")
      }: they may ` +
        "be inlined, or have other names: see --lock-symbols and --unlock-symbols",
    );
  }
  const path = findFile(binary, pid);
  if (path === undefined) {
    throw new Error(`Cannot trace process ${pid}: there is no file "${binary}" that it sees`);
  }
  return path;
}

/**
 * Attaches the programs. Unlock functions come first: otherwise a mutex that is locked and unlocked
 * meanwhile would seem to be held for ever.
 */
export function attachLocks(bpf: Bpf, symbols: LockSymbols): Link[] {
  const path = lockFile(symbols);
  const attach = (program: string, names: readonly string[]) =>
    names.map((symbol) => bpf.program(program).attachUprobe({ path, symbol, pid: symbols.pid }));
  return [
    ...attach("left", symbols.unlock),
    ...attach("asked", symbols.lock),
    ...attachCreation(bpf, symbols.pid),
  ];
}

/** Functions that create threads; where they cannot be probed, thread creation has no stack. */
function attachCreation(bpf: Bpf, pid: number): Link[] {
  const symbol = "pthread_create";
  const file = mappedFiles(pid).find((file) => file.functionOffset(symbol) !== undefined);
  try {
    return file ? [bpf.program("creating").attachUprobe({ path: file.name, symbol, pid })] : [];
  } catch (error) {
    if (error instanceof TsBccError) return [];
    throw error;
  }
}
