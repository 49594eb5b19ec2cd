/**
 * Standard output with backpressure.
 *
 * Lines are collected in memory and written with few system calls. A slow reader slows the tool
 * down but does not block its event loop: signals are still handled, and events that the kernel
 * cannot store meanwhile are counted as dropped.
 *
 * @module
 */

import {
  errnoNumber,
  isOwnDescriptor,
  isWritable,
  PromptWriter,
  STDOUT,
  whenReady,
  WRITABLE,
  writeError,
} from "../../plumbing.ts";

const WHAT = "standard output";
const FULL = 64 * 1024;
/** A long report is encoded in pieces of about this many characters, so that its bytes are not in memory at once. */
const PIECE = 2 ** 20;

/**
 * Thrown when the reader of standard output is gone. After something was written it is a reason to
 * end (`| head -1`); otherwise all output is lost, which is an error.
 */
export class ClosedOutput extends Error {
  override name = "ClosedOutput";
  /** Whether something was written before. */
  readonly isAnswered: boolean;

  /** Made by {@linkcode Output.flush}. */
  constructor(isAnswered: boolean) {
    super(
      writeError(WHAT, errnoNumber("EPIPE"), "its reader ended before it saw anything").message,
    );
    this.isAnswered = isAnswered;
  }
}

/**
 * Checks that standard output is open for writing. Runtimes open /dev/null in place of a standard
 * output that is closed; under Deno this cannot be told from a /dev/null that the caller chose, and
 * is not found.
 *
 * @throws {ErrnoError}
 */
export function requireOutput(): void {
  const fix = "for no output redirect it to /dev/null";
  if (isOwnDescriptor(STDOUT)) {
    throw writeError(WHAT, errnoNumber("EBADF"), `it was closed from the start: ${fix}`);
  }
  if (!isWritable(STDOUT)) {
    throw writeError(WHAT, errnoNumber("EBADF"), `it is not open for writing: ${fix}`);
  }
}

/** The non-blocking writer of standard output, if there can be one; made at the first use. */
let prompt: { readonly writer: PromptWriter | undefined } | undefined;

/** A buffer for standard output. */
export class Output {
  /** Whether lines are printed at all. */
  readonly prints: boolean = true;
  #text = "";
  /** What comes before that. */
  #pieces: string[] = [];
  #waitsSince: number | undefined;
  #isAnswered = false;
  readonly #encoder = new TextEncoder();

  /** For how many milliseconds a write has been waiting for the reader. */
  get waitingMs(): number {
    return this.#waitsSince === undefined ? 0 : performance.now() - this.#waitsSince;
  }

  /** Adds a line. */
  line(text: string): void {
    this.text(text + "\n");
  }

  /** Adds text without a line end. */
  text(text: string): void {
    this.#text += text;
    if (this.#text.length < PIECE) return;
    this.#pieces.push(this.#text);
    this.#text = "";
  }

  /** Whether enough is buffered for a write. */
  get full(): boolean {
    return this.#pieces.length > 0 || this.#text.length >= FULL;
  }

  /** Writes everything. @throws {ClosedOutput} @throws {ErrnoError} */
  async flush(): Promise<void> {
    const pieces = [...this.#pieces, this.#text];
    this.#pieces = [];
    this.#text = "";
    try {
      const { writer } = prompt ??= { writer: PromptWriter.open(STDOUT) };
      for (let piece; (piece = pieces.shift());) {
        const bytes = this.#encoder.encode(piece);
        // Mostly there is room for all: then nothing else is done before it is written.
        for (let done = writer?.write(bytes) ?? 0; done < bytes.length;) {
          this.#isAnswered ||= done > 0;
          this.#waitsSince = performance.now();
          done += await writeSome(writer, bytes.subarray(done));
          this.#waitsSince = undefined;
        }
        this.#isAnswered = true;
      }
    } catch (error) {
      // An ErrnoError or an error of the runtime: both have a `code`.
      if (!(error instanceof Error && "code" in error)) throw error;
      const failure = errnoNumber(String(error.code));
      if (failure === 0) throw error;
      throw error.code === "EPIPE" ? new ClosedOutput(this.#isAnswered) : writeError(WHAT, failure);
    }
  }
}

/** Prints nothing: the records go to other destinations only. */
export class NoOutput extends Output {
  override readonly prints = false;
  override line(): void {}
  override text(): void {}
}

/** Prints lines and returns when they are written. @throws {ClosedOutput} @throws {ErrnoError} */
export async function printText(text: string): Promise<void> {
  requireOutput();
  const output = new Output();
  if (text !== "") output.line(text);
  await output.flush();
}

/** Writes as much as there is room for, once there is some; the number of bytes. */
async function writeSome(
  writer: PromptWriter | undefined,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<number> {
  if (!writer) return await writeInBackground(bytes);
  await whenReady(writer.fd, WRITABLE).ready;
  return writer.write(bytes);
}

async function writeInBackground(bytes: Uint8Array): Promise<number> {
  // Imported on first use: it costs Bun milliseconds, which would delay the start.
  const fs = await import("node:fs");
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  fs.write(STDOUT, bytes, 0, bytes.length, null, (error, written) => {
    if (error) reject(error);
    else resolve(written);
  });
  return await promise;
}
