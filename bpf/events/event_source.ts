/**
 * What an event stream reads from: the common face of ring buffers and perf buffers.
 *
 * @module
 */

/** Takes one record: its bytes are `view` from `start` to `end`, valid during the call only. */
export type RecordReader = (view: DataView, start: number, end: number) => void;

/** Memory that the kernel fills with records and this process empties. */
export interface EventSource extends Disposable {
  /** Readable when there may be something to consume. */
  readonly fd: number;
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
