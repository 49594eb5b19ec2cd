/**
 * Standard output with backpressure.
 *
 * Lines are collected in memory and written with few system calls. A slow reader slows the tool
 * down but does not block its event loop: signals are still handled, and events that the kernel
 * cannot store meanwhile are counted as dropped.
 *
 * @module
 */

import { whenReady, WRITABLE, writeNow } from "../../plumbing.ts";

const STDOUT = 1;
const FULL = 64 * 1024;

/**
 * Thrown when the reader of standard output is gone (`| head -1`): a reason to end, not an error.
 */
export class ClosedOutput extends Error {
  override name = "ClosedOutput";
}

/** A buffer for standard output. */
export class Output {
  /** Whether lines are printed at all. */
  readonly prints: boolean = true;
  #text = "";
  #waitsSince: number | undefined;
  readonly #encoder = new TextEncoder();

  /** For how many milliseconds a write has been waiting for the reader. */
  get waitingMs(): number {
    return this.#waitsSince === undefined ? 0 : performance.now() - this.#waitsSince;
  }

  /** Adds a line. */
  line(text: string): void {
    this.#text += text + "\n";
  }

  /** Adds text without a line end. */
  text(text: string): void {
    this.#text += text;
  }

  /** Whether enough is buffered for a write. */
  get full(): boolean {
    return this.#text.length >= FULL;
  }

  /** Writes everything. @throws {ClosedOutput} */
  async flush(): Promise<void> {
    if (this.#text === "") return;
    const bytes = this.#encoder.encode(this.#text);
    this.#text = "";
    for (let done = 0; done < bytes.length;) {
      this.#waitsSince = performance.now();
      done += await writeSome(bytes.subarray(done));
      this.#waitsSince = undefined;
    }
  }
}

/** Takes lines and prints none: they go elsewhere. */
export class NoOutput extends Output {
  override readonly prints = false;
  override line(): void {}
  override text(): void {}
}

/** Prints lines and returns when they are written. @throws {ClosedOutput} */
export async function printText(text: string): Promise<void> {
  const output = new Output();
  output.line(text);
  await output.flush();
}

async function writeSome(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  try {
    const written = writeNow(STDOUT, bytes);
    if (written === 0) await whenReady(STDOUT, WRITABLE).ready;
    return written ?? await writeInBackground(bytes);
  } catch (error) {
    throw error instanceof Error && "code" in error && error.code === "EPIPE"
      ? new ClosedOutput()
      : error;
  }
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
