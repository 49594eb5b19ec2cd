/**
 * The interface that ring buffers and perf buffers share, for event streams.
 *
 * @module
 */

import { type Wait, whenReady } from "../../ffi/libc/epoll.ts";

/** Receives one record: its bytes are `view` from `start` to `end`, valid during the call only. */
export type RecordReader = (view: DataView, start: number, end: number) => void;

/** Memory that the kernel fills with records and this process empties. */
export interface EventSource extends Disposable {
  /** Readable when there may be something to consume. */
  readonly fd: number;
  /** Whether there are records that a wait on the descriptor would not report any more. */
  isDue(): boolean;
  /**
   * Passes complete records to `read`, at most `limit`, and returns their number; without `read`
   * they are only counted.
   *
   * When `read` throws, its record counts as consumed and the error propagates.
   */
  consume(read: RecordReader | undefined, limit?: number): number;
  /** Unmaps; idempotent. */
  close(): void;
}

/**
 * Waits for records; settles at once, with false, if there are some already.
 *
 * A perf event reports readiness once per wake-up, to whoever polls first, and adding it to an
 * epoll instance polls it. So the memory is checked after the descriptor is being watched: records
 * that arrive later make it ready.
 */
export function whenFilled(source: EventSource): Wait {
  const wait = whenReady(source.fd);
  if (source.isDue()) wait.cancel();
  return wait;
}
