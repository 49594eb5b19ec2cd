/**
 * Queues and stacks: maps without keys. Needs Linux >= 4.20.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { BpfError } from "../base/errors.ts";
import type { MapInfo } from "./map_info.ts";
import { pinDescriptor } from "../base/pin.ts";

/** How {@linkcode BpfQueue.push} treats a full queue. */
export interface PushOptions {
  /** Drop the oldest value to make room, instead of failing. */
  readonly replaceOldest?: boolean;
}

const ANY = 0n;
const EXIST = 2n;

/** Creates a {@linkcode BpfQueue}; the constructor is private, so its parameters are no API. */
export let newBpfQueue: <V>(
  ...made: [info: MapInfo, codec: Codec<V>]
) => BpfQueue<V>;

/** A queue (first in, first out) or a stack (last in, first out) in the kernel. */
export class BpfQueue<V> {
  /** The map's name in C. */
  readonly name: string;
  /** How many values there is room for. */
  readonly maxEntries: number;
  readonly #fd: number;
  readonly #codec: Codec<V>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;

  /** Made by {@linkcode Bpf.queue}. */
  private constructor(info: MapInfo, codec: Codec<V>) {
    this.name = info.name;
    this.maxEntries = info.maxEntries;
    this.#fd = info.fd;
    this.#codec = codec;
    this.#bytes = alloc(info.valueSize);
    this.#view = new DataView(this.#bytes.buffer);
  }

  static {
    newBpfQueue = (...made) => new BpfQueue(...made);
  }

  /** Adds a value. @throws {BpfError} E2BIG when it is full */
  push(value: V, { replaceOldest = false }: PushOptions = {}): this {
    this.#codec.write(this.#view, 0, value);
    const flags = replaceOldest ? EXIST : ANY;
    const result = libbpf().bpf_map_update_elem(this.#fd, null, this.#bytes, flags);
    if (result < 0) throw this.#failure("push to", -result);
    return this;
  }

  /** Removes the next value and returns it; undefined when the queue is empty. */
  pop(): V | undefined {
    return this.#value(
      "pop from",
      libbpf().bpf_map_lookup_and_delete_elem(this.#fd, null, this.#bytes),
    );
  }

  /** The next value, without removing it; undefined when the queue is empty. */
  peek(): V | undefined {
    return this.#value("read", libbpf().bpf_map_lookup_elem(this.#fd, null, this.#bytes));
  }

  /** Keeps the map in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    pinDescriptor(`map "${this.name}"`, this.#fd, path);
  }

  #value(op: string, result: number): V | undefined {
    if (result === -Errno.ENOENT) return undefined;
    if (result < 0) throw this.#failure(op, -result);
    return this.#codec.read(this.#view, 0);
  }

  #failure(op: string, errno: number): BpfError {
    const reason = errno === Errno.E2BIG
      ? `it is full: it has room for ${this.maxEntries} values`
      : undefined;
    return new BpfError(op, `${op} map "${this.name}"`, errno, reason);
  }
}
