/**
 * Streams of typed events.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import type { Wait } from "../../ffi/libc/epoll.ts";
import { type EventSource, type RecordReader, whenFilled } from "./event_source.ts";

/** Number of events in one drain that counts as a flood. */
const FLOOD = 16;
/**
 * Milliseconds between drains during a flood: fewer wake-ups cost the traced programs and the
 * tracer less.
 */
const FLOOD_PAUSE = 2;

/** Creates a {@linkcode EventStream}; the constructor is private, so its parameters are no API. */
export let newEventStream: <T>(
  ...made: [
    source: EventSource,
    codec: Codec<T>,
    dropped: () => number | undefined,
    onClose: () => void,
  ]
) => EventStream<T>;

/**
 * Typed events from a ring buffer or a perf buffer.
 *
 * `for await (const event of stream)` is the simple way. The fast way is `drain`, which calls a
 * function for each event that is there and never waits, with `wait` in between:
 *
 * @example A loop over batches
 * ```ts
 * import type { EventStream } from "../../mod.ts";
 *
 * export async function main(stream: EventStream<{ pid: number }>) {
 *   while (await stream.wait()) stream.drain((event) => console.log(event.pid));
 * }
 * ```
 */
export class EventStream<T> implements Disposable {
  readonly #source: EventSource;
  readonly #codec: Codec<T>;
  /** The minimum size of a record. */
  readonly #size: number;
  readonly #dropped: () => number | undefined;
  readonly #onClose: () => void;
  #wait: Wait | undefined;
  #pause: number | undefined;
  #closed = false;

  /** Made by {@linkcode Bpf.events}. */
  private constructor(
    source: EventSource,
    codec: Codec<T>,
    dropped: () => number | undefined,
    onClose: () => void,
  ) {
    this.#source = source;
    this.#codec = codec;
    this.#size = minimumSize(codec);
    this.#dropped = dropped;
    this.#onClose = onClose;
  }

  static {
    newEventStream = (...made) => new EventStream(...made);
  }

  /**
   * How many events were dropped so far; undefined when nothing counts them.
   *
   * For a perf buffer the kernel counts; before Linux 6.0 the count is as of the last event
   * drained. For a ring buffer `NAME` this is the program's global `NAME_dropped`, if it has one.
   */
  get dropped(): number | undefined {
    return this.#dropped();
  }

  /**
   * Calls `each` for every event that is there, at most `limit`, and returns their number.
   *
   * @throws {RangeError} when a record is shorter than the codec's type.
   */
  drain(each: (event: T) => void, limit?: number): number {
    const codec = this.#codec;
    const size = this.#size;
    return this.#consume((view, start, end) => {
      if (end - start < size) {
        throw new RangeError(
          `Cannot read an event of ${end - start} bytes: its codec needs at least ${size}`,
        );
      }
      each(codec.read(view, start, end));
    }, limit);
  }

  /** Discards pending events, at most `limit`, and returns their number. */
  skip(limit?: number): number {
    return this.#consume(undefined, limit);
  }

  #consume(read: RecordReader | undefined, limit?: number): number {
    if (this.#closed) return 0;
    const count = this.#source.consume(read, limit);
    if (count === limit) this.#pause = 0; // there may be more at once
    else this.#pause = count >= FLOOD ? FLOOD_PAUSE : undefined;
    return count;
  }

  /**
   * Resolves to true when there may be events to drain or `wake` was called, to false when the
   * stream is closed. One wait at a time.
   */
  async wait(): Promise<boolean> {
    if (this.#closed) return false;
    if (this.#pause !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, this.#pause));
      return !this.#closed;
    }
    this.#wait = whenFilled(this.#source);
    await this.#wait.ready;
    this.#wait = undefined;
    return !this.#closed;
  }

  /** Ends a pending `wait` early. */
  wake(): void {
    this.#wait?.cancel();
  }

  /** Ends iteration and waits, and unmaps the buffer; idempotent. Events not read are gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wait?.cancel();
    this.#source.close();
    this.#onClose();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Yields events as they come, until the stream is closed; leaving the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    try {
      let batch: T[] = [];
      while (await this.wait()) {
        this.drain((event) => batch.push(event));
        yield* batch;
        batch = [];
      }
    } finally {
      this.close();
    }
  }
}

/** The minimum size of a record: a flexible array member may begin inside the type's padding. */
function minimumSize(codec: Codec<unknown>): number {
  const { type } = codec;
  if (type.kind !== "struct") return codec.size;
  const last = type.members.at(-1);
  const flexible = last?.type.kind === "array" && last.type.length === 0;
  return flexible ? last.bitOffset / 8 : codec.size;
}
