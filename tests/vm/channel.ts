/** The byte stream from a guest: a job's output, with messages of the guest's init in between. */

/** The callbacks of a {@linkcode Channel}. */
export interface ChannelReader {
  /** A piece of a job's output. */
  output(text: string): void;
  /** The words of a message; the first word is its type. */
  message(words: string[]): void;
}

/** Splits a guest's stream into output and messages, which `guest_init.sh` describes. */
export class Channel {
  readonly #start: string;
  readonly #reader: ChannelReader;
  readonly #decoder = new TextDecoder();
  #pending = "";

  /**
   * @param token A random text at the start of messages: tests cannot guess it, so they cannot
   * forge messages.
   */
  constructor(token: string, reader: ChannelReader) {
    this.#start = `\x1e${token} `;
    this.#reader = reader;
  }

  /** Takes the next bytes. */
  push(bytes: Uint8Array): void {
    this.#pending += this.#decoder.decode(bytes, { stream: true });
    for (;;) {
      const start = this.#pending.indexOf(this.#start);
      if (start < 0) return this.#emit(this.#safeLength());
      this.#emit(start);
      const end = this.#pending.indexOf("\n");
      if (end < 0) return;
      const words = this.#pending.slice(this.#start.length, end).split(" ");
      this.#pending = this.#pending.slice(end + 1);
      this.#reader.message(words);
    }
  }

  #emit(length: number): void {
    if (length > 0) this.#reader.output(this.#pending.slice(0, length));
    this.#pending = this.#pending.slice(length);
  }

  /** The length of the pending text that cannot be part of a message. */
  #safeLength(): number {
    const last = this.#pending.lastIndexOf("\x1e");
    const isBeginning = last >= 0 && this.#start.startsWith(this.#pending.slice(last));
    return isBeginning ? last : this.#pending.length;
  }
}
