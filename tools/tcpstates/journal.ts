/**
 * Writes to the systemd journal by its native protocol (systemd's docs/JOURNAL_NATIVE_PROTOCOL.md).
 *
 * @module
 */

import { close } from "../../ffi/libc/files.ts";
import { openUnixDatagram, sendDatagram } from "../../ffi/libc/socket.ts";
import { errnoName } from "../../mod.ts";

const SOCKET = "/run/systemd/journal/socket";

/** The fields of a journal entry. */
export type JournalFields = Readonly<Record<string, string>>;

/**
 * The datagram of an entry. Each field is its name, a newline, the value's length as a 64-bit
 * little-endian number, the value, a newline: so values may contain newlines.
 */
export function journalEntry(fields: JournalFields): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = Object.entries(fields).flatMap(([name, text]) => {
    const value = encoder.encode(text);
    const length = new Uint8Array(new ArrayBuffer(8));
    new DataView(length.buffer).setBigUint64(0, BigInt(value.length), true);
    return [encoder.encode(`${name}\n`), length, value, encoder.encode("\n")];
  });
  const entry = new Uint8Array(
    new ArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0)),
  );
  let at = 0;
  for (const part of parts) {
    entry.set(part, at);
    at += part.length;
  }
  return entry;
}

/** An open connection to the journal. */
export class Journal implements Disposable {
  #fd: number;

  /** @param path the journal's socket @throws {Error} if nothing listens there */
  constructor(path: string = SOCKET) {
    this.#fd = openUnixDatagram(path);
    if (this.#fd < 0) this.#fail(`reach ${path}`, this.#fd);
  }

  /** Sends an entry; blocks while the socket is full. @throws {Error} if the journal has ended */
  send(fields: JournalFields): void {
    const result = sendDatagram(this.#fd, journalEntry(fields));
    if (result < 0) this.#fail("send", result);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }

  #fail(what: string, result: number): never {
    throw new Error(
      `Cannot log to the systemd journal: cannot ${what} (${
        errnoName(-result)
      }): systemd-journald ` +
        "does not run here: leave out -Y/--journal",
    );
  }
}
