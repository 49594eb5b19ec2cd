/**
 * A buffer for the verifier's log.
 *
 * @module
 */

import { bufferText } from "../../ffi/libc/memory.ts";
import { map, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";

/** The kernel's limit (UINT_MAX >> 8); pages cost nothing until they are written. */
export const LOG_SIZE = 0xffffff;

/** A log buffer. */
export interface VerifierLog extends Disposable {
  readonly address: bigint;
  /** The log so far; after closing, the log as it was then. */
  text(): string;
}

/** Allocates {@linkcode LOG_SIZE} bytes. */
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
