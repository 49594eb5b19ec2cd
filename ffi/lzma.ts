/**
 * Decompresses xz through the system's liblzma, if it is installed.
 *
 * @module
 */

import { loader } from "./libc/libc.ts";
import { alloc, cString } from "./libc/memory.ts";
import { runtime, type Symbols, type SymbolTable } from "./runtime/runtime.ts";

const TABLE = {
  // lzma_ret lzma_stream_buffer_decode(uint64_t *memlimit, uint32_t flags,
  //     const lzma_allocator *allocator, const uint8_t *in, size_t *in_pos, size_t in_size,
  //     uint8_t *out, size_t *out_pos, size_t out_size);
  lzma_stream_buffer_decode: {
    parameters: [
      "buffer",
      "u32",
      "pointer",
      "buffer",
      "buffer",
      "usize",
      "buffer",
      "buffer",
      "usize",
    ],
    result: "i32",
  },
} as const satisfies SymbolTable;

const SONAME = "liblzma.so.5";
const RTLD_NOW = 2;
/** enum lzma_ret */
const [LZMA_OK, LZMA_BUF_ERROR] = [0, 10];
/** Memory limit of the dictionary. xz -6, the default, needs 9 MiB, xz -9 65 MiB. */
const MEMORY_LIMIT = 96n * 2n ** 20n;
const FIRST_GUESS = 2 ** 18;

let library: Symbols<typeof TABLE> | null | undefined;

function open(): Symbols<typeof TABLE> | null {
  // Tried here first, because a missing liblzma is not an error.
  if (loader().dlopen(cString(SONAME), RTLD_NOW) === 0n) return null;
  return runtime.open(SONAME, TABLE);
}

/**
 * Decompresses one xz stream.
 *
 * Undefined when it is corrupt, would have more than `limit` bytes, or there is no liblzma.
 */
export function unpackXz(
  packed: Uint8Array<ArrayBuffer>,
  limit: number,
): Uint8Array<ArrayBuffer> | undefined {
  const functions = library === undefined ? library = open() : library;
  if (!functions) return undefined;
  const positions = [0, 1, 2].map(() => new BigUint64Array(new ArrayBuffer(8)));
  const [memory, read, written] = positions as [BigUint64Array, BigUint64Array, BigUint64Array];
  const bytesOf = (cell: BigUint64Array) => new Uint8Array(cell.buffer as ArrayBuffer);
  for (let size = Math.min(FIRST_GUESS, limit);; size = Math.min(size * 4, limit)) {
    const output = alloc(size);
    [memory[0], read[0], written[0]] = [MEMORY_LIMIT, 0n, 0n];
    const result = functions.lzma_stream_buffer_decode(
      bytesOf(memory),
      0,
      0n,
      packed,
      bytesOf(read),
      BigInt(packed.length),
      output,
      bytesOf(written),
      BigInt(size),
    );
    if (result === LZMA_OK) return output.subarray(0, Number(written[0]));
    // LZMA_BUF_ERROR: the output has no room in this buffer. Corrupt input is another error.
    if (result !== LZMA_BUF_ERROR || size === limit) return undefined;
  }
}
