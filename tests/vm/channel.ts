/** The stream of bytes from a guest: a job's output with the guest's own messages in between. */

/** What a {@linkcode Channel} does with what it finds. */
export interface ChannelReader {
  /** A piece of a job's output. */
  output(text: string): void;
  /** A message's words, the first of which says what it is. */
  message(words: string[]): void;
}

/** Splits a guest's stream; `guest_init.sh` describes the messages. */
export class Channel {
  readonly #start: string;
  readonly #reader: ChannelReader;
  readonly #decoder = new TextDecoder();
  #pending = "";

  /** @param token What a test cannot guess, so that no test can forge a message. */
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

  /** How much of what is pending cannot be the beginning of a message. */
  #safeLength(): number {
    const last = this.#pending.lastIndexOf("\x1e");
    const isBeginning = last >= 0 && this.#start.startsWith(this.#pending.slice(last));
    return isBeginning ? last : this.#pending.length;
  }
}
