/**
 * The file of a recording, and those before it: `FILE`, `FILE.1`, `FILE.2` … from new to old.
 *
 * @module
 */

import { ErrnoError } from "../../mod.ts";
import { OutputFile, renameFile } from "../../plumbing.ts";
import { MAGIC } from "./block.ts";

/** Writes blocks, and begins a new file where one is full. */
export class RecordFile implements Disposable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #files: number;
  readonly #head: () => Uint8Array<ArrayBuffer>;
  #file: OutputFile;

  /**
   * Opens the file: an earlier recording is renamed if several files are kept, and replaced
   * otherwise.
   *
   * @param maxBytes of one file @param files how many are kept
   * @param head makes the first block of a file
   * @throws {Error} where it cannot be written, or holds something that is no recording
   */
  constructor(
    path: string,
    maxBytes: number,
    files: number,
    head: () => Uint8Array<ArrayBuffer>,
  ) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#files = files;
    this.#head = head;
    this.#file = open(path);
    try {
      if (files > 1 && this.#file.begin(1).length > 0) this.#shift();
      this.#begin();
    } catch (error) {
      this.#file.close();
      throw error instanceof ErrnoError ? refused(path, error) : error;
    }
  }

  /** Writes a block. @throws {ErrnoError} when there is no room, with nothing of it written */
  write(block: Uint8Array<ArrayBuffer>): void {
    if (this.#file.size === 0) this.#begin();
    if (this.#file.size + block.length > this.#maxBytes) {
      if (this.#files > 1) this.#shift();
      this.#begin();
    }
    this.#file.write(block);
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }

  #begin(): void {
    this.#file.clear();
    this.#file.write(this.#head());
  }

  /** Renames each file to the one after it; the oldest is replaced. */
  #shift(): void {
    const name = (i: number) => i === 0 ? this.#path : `${this.#path}.${i}`;
    for (let i = this.#files - 1; i > 0; i--) {
      try {
        renameFile(name(i - 1), name(i));
      } catch (error) {
        if (!(error instanceof ErrnoError && error.code === "ENOENT")) throw error;
      }
    }
    const next = OutputFile.open(this.#path);
    this.#file.close();
    this.#file = next;
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  ELOOP: "it is a symbolic link, which is not followed: name the file itself",
  EAGAIN: "another tool records to it",
  EINVAL: "recordings are regular files",
  EISDIR: "it is a folder: name a file in it",
  ENOENT: "make the folder that it is to lie in",
};

function open(path: string): OutputFile {
  let file: OutputFile | undefined;
  try {
    file = OutputFile.open(path);
    const begin = file.begin(MAGIC.length);
    if (begin.length > 0 && !begin.every((byte, i) => byte === MAGIC[i])) {
      throw new Error(
        `Cannot record to "${path}": it holds something that is no recording: remove it, or name another file`,
      );
    }
    return file;
  } catch (error) {
    file?.close();
    throw error instanceof ErrnoError ? refused(path, error) : error;
  }
}

function refused(path: string, { errno, code }: ErrnoError): Error {
  return new ErrnoError(`record to "${path}"`, errno, CAUSES[code]);
}
