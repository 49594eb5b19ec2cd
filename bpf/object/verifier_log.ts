/**
 * Memory that the verifier writes its log to.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { map, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";

/** The kernel's limit (UINT_MAX >> 8); the pages cost nothing until they are written. */
export const LOG_SIZE = 0xffffff;

/** A place for what the verifier says. */
export interface VerifierLog extends Disposable {
  readonly address: bigint;
  /** What it has said; once it is closed, what it had said then. */
  text(): string;
}

/** Makes a place of {@linkcode LOG_SIZE} bytes. */
export function newLog(): VerifierLog {
  const memory = map("a log buffer", LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  let kept: string | undefined;
  const text = () => kept ?? bufferText(new Uint8Array(memory.buffer));
  return {
    address: memory.address,
    text,
    [Symbol.dispose]: () => {
      kept = text();
      memory.close();
    },
  };
}
