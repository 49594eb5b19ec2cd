/**
 * Reassembles DNS over TCP (RFC 1035, 4.2.2): length-prefixed messages, read in pieces.
 *
 * @module
 */

const LENGTH_BYTES = 2;
const STREAMS_MAX = 256;

/** Reassembles messages from pieces. */
export class DnsStreams {
  /** Incomplete messages by connection, oldest first. */
  readonly #parts = new Map<string, Uint8Array<ArrayBuffer>>();

  /** Adds what was read from a connection; returns the messages that are complete now. */
  add(connection: string, piece: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[] {
    const before = this.#parts.get(connection) ?? new Uint8Array(0);
    const bytes = new Uint8Array(before.length + piece.length);
    bytes.set(before);
    bytes.set(piece, before.length);
    const messages: Uint8Array<ArrayBuffer>[] = [];
    let at = 0;
    for (;;) {
      const start = at + LENGTH_BYTES;
      const end = start + (bytes[at]! << 8 | bytes[at + 1]!);
      if (start > bytes.length || end > bytes.length) break;
      messages.push(bytes.slice(start, end));
      at = end;
    }
    this.#parts.delete(connection);
    if (at < bytes.length) this.#parts.set(connection, bytes.slice(at));
    if (this.#parts.size > STREAMS_MAX) this.#parts.delete(this.#parts.keys().next().value!);
    return messages;
  }
}
