/**
 * Common interface of ring buffers and perf buffers, as event streams read them.
 *
 * @module
 */

import { type Wait, whenReady } from "../../ffi/libc/epoll.ts";

/** Takes one record: its bytes are `view` from `start` to `end`, valid during the call only. */
export type RecordReader = (view: DataView, start: number, end: number) => void;

/** Memory that the kernel fills with records and this process empties. */
export interface EventSource extends Disposable {
  /** Readable when there may be something to consume. */
  readonly fd: number;
  /** Whether there is something to consume of which the descriptor may have told already. */
  isDue(): boolean;
  /**
   * Hands every record that is complete to `read`, at most `limit` of them, and returns how many;
   * without `read` they are only counted.
   *
   * When `read` throws, the record it was given counts as read and the error comes out.
   */
  consume(read: RecordReader | undefined, limit?: number): number;
  /** Unmaps; idempotent. */
  close(): void;
}

/**
 * Waits until there may be something to consume; the wait settles with false if there is already.
 *
 * A perf event is ready once per wake-up, for whoever asks first, and adding it to an epoll
 * instance asks. So the memory is looked at, after the descriptor is watched: what comes then
 * makes it ready.
 */
export function whenFilled(source: EventSource): Wait {
  const wait = whenReady(source.fd);
  if (source.isDue()) wait.cancel();
  return wait;
}
