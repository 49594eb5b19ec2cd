/**
 * Symbols of kernel addresses, from /proc/kallsyms.
 *
 * Not through libbcc, which shipped tools run without. The text is kept as read, with typed arrays
 * of addresses and text offsets: names become strings on demand, and 200,000 symbols take some
 * twelve megabytes and no objects.
 *
 * @module
 */

import { decodeText, encodeText } from "../../ffi/codec/mod.ts";
import { readFile } from "../../ffi/libc/files.ts";
import { UnsupportedError } from "../base/errors.ts";
import type { ResolvedSymbol } from "./symbol.ts";
import { orderOf } from "../base/order.ts";

/** Kernel addresses begin with 0xffff: without these bits they are exact as numbers. */
const BASE = 0xffff_0000_0000_0000n;
const SPACE = 0x20;
const NEWLINE = 0x0a;
const TAB = 0x09;
/** Symbol types of data: d, b, r and the like; all others may appear in stacks. */
const DATA = new Set([..."aAbBdDrRgGsSvVnN"].map((letter) => letter.charCodeAt(0)));
/** Entry code of interrupts and faults: arch/x86/entry, arch/arm64/kernel/entry.S. */
const INTERRUPT = /^(asm_|el1|apic_timer_interrupt$|ret_from_intr$|error_entry$)/;
const LINE_PREFIX = 19; // sixteen digits, a space, the type, a space

/** The kernel's functions and those of its modules, as they were when this was made. */
export class KernelSymbols {
  readonly #text: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #addresses: Float64Array;
  readonly #names: Uint32Array;

  /**
   * Reads the table, `text` in place of /proc/kallsyms for tests.
   *
   * @throws {UnsupportedError} when the kernel hides its addresses from this process
   */
  constructor(text: Uint8Array<ArrayBuffer> = readFile("/proc/kallsyms")) {
    this.#text = text;
    this.#view = new DataView(text.buffer, text.byteOffset, text.length);
    const { addresses, names } = parse(text);
    if (addresses.length === 0) {
      throw new UnsupportedError(
        "name kernel addresses",
        "kallsyms",
        "/proc/kallsyms hides them: run as root, with the sysctl kernel.kptr_restrict at 0 or 1",
      );
    }
    const order = orderOf(addresses);
    this.#addresses = addresses.map((_, i) => addresses[order[i]!]!);
    this.#names = names.map((_, i) => names[order[i]!]!);
  }

  /** How many functions there are. */
  get size(): number {
    return this.#addresses.length;
  }

  /**
   * The function that contains an address, or the last one before it; undefined below all
   * functions.
   */
  resolve(address: bigint): ResolvedSymbol | undefined {
    const wanted = Number(address - BASE);
    let [low, high] = [0, this.#addresses.length];
    while (low < high) {
      const middle = low + high >>> 1;
      if (this.#addresses[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const start = this.#addresses[low - 1]!;
    // Of several names at an address the first one is the function's.
    let index = low - 1;
    while (index > 0 && this.#addresses[index - 1] === start) index--;
    return { ...this.#nameAt(index), offset: wanted - start };
  }

  /**
   * Symbolizes a stack as the kernel records it, innermost first: the instruction pointer, then
   * return addresses, which are looked up as the call instruction before them. The frame that an
   * interrupt or fault interrupted made no call, so its address is looked up unchanged.
   */
  resolveStack(addresses: readonly bigint[]): (ResolvedSymbol | undefined)[] {
    const symbols: (ResolvedSymbol | undefined)[] = [];
    for (const [i, address] of addresses.entries()) {
      const isExact = i === 0 || INTERRUPT.test(symbols[i - 1]?.name ?? "");
      const symbol = this.resolve(isExact ? address : address - 1n);
      symbols.push(symbol && !isExact ? { ...symbol, offset: symbol.offset + 1 } : symbol);
    }
    return symbols;
  }

  /** The address of a function, in a module when one is given; undefined when there is none. */
  address(name: string, module?: string): bigint | undefined {
    for (const i of this.#called(name)) {
      if (this.#nameAt(i).module === module) return BigInt(this.#addresses[i]!) + BASE;
    }
    return undefined;
  }

  /** Whether there is a function of this name, of the kernel or of one of its modules. */
  has(name: string): boolean {
    return !this.#called(name).next().done;
  }

  /** The indices of all functions with this name. */
  *#called(name: string): Generator<number, void> {
    const wanted = encodeText(name);
    for (let i = 0; i < this.#names.length; i++) {
      const at = this.#names[i]!;
      if (!wanted.every((byte, j) => this.#text[at + j] === byte)) continue;
      if (this.#nameAt(i).name === name) yield i;
    }
  }

  /** "name" or "name\t[module]" up to the end of the line. */
  #nameAt(index: number): { name: string; module: string | undefined } {
    const start = this.#names[index]!;
    let end = start;
    while (end < this.#text.length && this.#text[end] !== NEWLINE) end++;
    const tab = this.#text.subarray(start, end).indexOf(TAB);
    const nameEnd = tab < 0 ? end : start + tab;
    const name = decodeText(this.#view, start, nameEnd - start);
    if (tab < 0) return { name, module: undefined };
    const size = Math.max(end - nameEnd - 3, 0); // without tab and brackets
    return { name, module: decodeText(this.#view, end - 1 - size, size) };
  }
}

function parse(text: Uint8Array): { addresses: Float64Array; names: Uint32Array } {
  let room = 1 << 16;
  let addresses = new Float64Array(room);
  let names = new Uint32Array(room);
  let count = 0;
  for (let at = 0; at + LINE_PREFIX < text.length;) {
    const end = text.indexOf(NEWLINE, at + LINE_PREFIX);
    const isLine = text[at + 16] === SPACE;
    const top = hex(text, at, 4);
    // Lines with other addresses are hidden (0) or per-CPU offsets.
    if (isLine && top === 0xffff && !DATA.has(text[at + 17]!)) {
      if (count === room) {
        room *= 2;
        [addresses, names] = [
          grown(addresses, new Float64Array(room)),
          grown(names, new Uint32Array(room)),
        ];
      }
      addresses[count] = hex(text, at + 4, 6) * 2 ** 24 + hex(text, at + 10, 6);
      names[count++] = at + LINE_PREFIX;
    }
    at = end < 0 ? text.length : end + 1;
  }
  return { addresses: addresses.slice(0, count), names: names.slice(0, count) };
}

function grown<T extends Float64Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function hex(text: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    const byte = text[i]!;
    value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}
