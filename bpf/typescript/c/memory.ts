/**
 * Reads memory at a numeric address: the kernel's or the process's, decided by the address's sign.
 *
 * @module
 */

import type { Block, Operand, Reg, Slot, Width } from "../code/ir.ts";
import { Helper } from "../lower/helpers.ts";
import { inRegister, target, wordOf } from "../lower/memory.ts";
import type { Program } from "../lower/program.ts";
import type { KnownBytes } from "./tree.ts";

/** What is known about an address: certainly the kernel's, or to be decided by its sign. */
export type Space = "kernel" | "any";

/** The amount to read: bytes, or a text with its NUL up to a size. */
type What = "bytes" | "text";

const HELPERS = {
  bytes: { kernel: Helper.PROBE_READ_KERNEL, user: Helper.PROBE_READ_USER },
  text: { kernel: Helper.PROBE_READ_KERNEL_STR, user: Helper.PROBE_READ_USER_STR },
};

/** The context pointer as a number: the verifier forbids arithmetic on the pointer. */
export function contextNumber(program: Program): Reg {
  const { builder } = program;
  return program.once(
    "context number",
    // Two byte swaps leave the value, but the verifier no longer takes it for a pointer.
    () => builder.swap(builder.swap(program.context, 64), 64),
  );
}

/**
 * Copies memory to `base` + `offset`; zeros if it cannot be read. Returns the helper's result: for
 * a text its size with the NUL, negative on failure.
 *
 * On x86-64 and arm64 the kernel has the upper half of all addresses.
 */
export function readMemory(
  program: Program,
  what: What,
  space: Space,
  address: Operand,
  base: Reg | Slot,
  offset: number,
  size: number,
): Reg {
  const { builder } = program;
  const at = inRegister(program, address);
  builder.keep();
  const to = target(program, base, offset);
  builder.keep();
  const call = (from: "kernel" | "user") => builder.call(HELPERS[what][from], to, BigInt(size), at);
  if (space === "kernel") return call("kernel");
  const result = builder.register();
  const [kernel, user, end] = [builder.block(), builder.block(), builder.block()];
  builder.branch("slt", at, 0n, kernel, user);
  builder.enter(kernel);
  builder.move(result, call("kernel"));
  builder.jump(end);
  builder.enter(user);
  builder.move(result, call("user"));
  builder.enter(end);
  return result;
}

/** The number in memory, zero-extended. */
export function readNumber(program: Program, space: Space, address: Operand, bytes: Width): Reg {
  return program.builder.withSlot(8, (slot) => {
    readMemory(program, "bytes", space, address, slot, 0, bytes);
    return program.builder.load(slot, 0, bytes);
  });
}

/** Branches to `yes` if these bytes, or exactly this text, are at an address, to `no` otherwise. */
export function compareMemory(
  program: Program,
  { bytes, isPrefix }: KnownBytes,
  space: Space,
  address: Operand,
  yes: Block,
  no: Block,
): void {
  const { builder } = program;
  // One byte more, to recognize a longer text, and one for the NUL.
  const size = isPrefix ? bytes.length : bytes.length + 2;
  builder.withSlot(size, (slot) => {
    const what = isPrefix ? "bytes" : "text";
    const result = readMemory(program, what, space, address, slot, 0, size);
    const read = builder.block();
    builder.branch("eq", result, isPrefix ? 0n : BigInt(bytes.length + 1), read, no);
    builder.enter(read);
    compareSlot(program, slot, 0, bytes, yes, no);
  });
}

/** Like {@linkcode compareMemory}, for bytes on the stack from an offset on. */
export function compareSlot(
  program: Program,
  slot: Slot,
  offset: number,
  bytes: Uint8Array,
  yes: Block,
  no: Block,
): void {
  const { builder } = program;
  for (let done = 0; done < bytes.length;) {
    let width = 8;
    while (width > bytes.length - done || (offset + done) % width !== 0) width /= 2;
    const loaded = builder.load(slot, offset + done, width as Width);
    const known = wordOf(bytes, done, width);
    done += width;
    const next = done < bytes.length ? builder.block() : yes;
    builder.branch("eq", loaded, known, next, no);
    if (next !== yes) builder.enter(next);
  }
}
