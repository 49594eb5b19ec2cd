/**
 * Reads a recording: the records of its whole blocks, and how much is missing.
 *
 * @module
 */

import { openForeign } from "../../plumbing.ts";
import { UsageError } from "../options/options.ts";
import { type Block, BlockReader } from "./read_blocks.ts";
import { BlockKind } from "./block.ts";
import { parseHead, parseLine, type RecordedLine, type RecordingHead } from "./recorded.ts";

/** How much of a recording is missing. */
export interface Missing {
  /** Records in blocks that are damaged or gone; what is cut off at the end is not known. */
  readonly records: number;
  /** Bytes that belong to no whole block. */
  readonly bytes: number;
  /** Lines that are not in the format of recordings. */
  readonly lines: number;
  /** Whether the last block is there: if not, the tool was killed or the file is truncated. */
  readonly hasEnd: boolean;
  /** Records that had no room when they were recorded. */
  readonly dropped: number;
}

/** What a recording is read from. */
export interface RecordingFile {
  readonly path: string;
  /** Reads bytes at an offset: fewer at the file's end only. */
  readUpTo(at: number, length: number): Uint8Array;
  close(): void;
}

interface Part {
  readonly file: RecordingFile;
  readonly head: RecordingHead | undefined;
  /** Records before the file. */
  readonly before: number;
}

/** One recording: a file, or several between which it was rotated, in any order. */
export class Recording implements Disposable {
  /** What is recorded, if any file says it. */
  readonly head: RecordingHead | undefined;
  readonly #parts: readonly Part[];
  #records = 0;
  #bytes = 0;
  #lines = 0;
  #hasEnd = false;
  #dropped = 0;

  /** Takes the files, and closes them in the end. @throws {UsageError} for those of several recordings */
  constructor(files: readonly RecordingFile[]) {
    try {
      this.#parts = files.map(partOf).sort((a, b) => a.before - b.before);
      this.head = this.#parts.find(({ head }) => head)?.head;
      const other = this.#parts.find(({ head }) => head && !isSame(head, this.head!));
      if (other) {
        throw new UsageError(`${other.file.path} is of another recording: replay it by itself`);
      }
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
  }

  /** Opens the files. @throws {Error} for what cannot be read @throws {UsageError} for those of several recordings */
  static open(paths: readonly string[]): Recording {
    const files: RecordingFile[] = [];
    try {
      for (const path of paths) files.push(openForeign(path));
    } catch (error) {
      for (const file of files) file.close();
      throw error;
    }
    return new Recording(files);
  }

  /** What is missing of what was read until now. */
  get missing(): Missing {
    return {
      records: this.#records,
      bytes: this.#bytes,
      lines: this.#lines,
      hasEnd: this.#hasEnd,
      dropped: this.#dropped,
    };
  }

  /** The lines of each whole block, in their order. */
  *blocks(): Generator<readonly RecordedLine[]> {
    let next: number | undefined;
    for (const { file } of this.#parts) {
      const reader = readerOf(file);
      for (const block of reader) {
        // Records before the first file were removed by rotation, and are not counted as missing.
        next ??= block.before;
        this.#records += Math.max(block.before - next, 0);
        next = Math.max(block.before + block.count, next);
        if (block.kind === BlockKind.records) yield this.#linesOf(block);
        else if (block.kind === BlockKind.end) this.#end(block);
      }
      this.#bytes += reader.skipped;
    }
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    for (const { file } of this.#parts) file.close();
  }

  #linesOf({ text }: Block): readonly RecordedLine[] {
    return text.split("\n").flatMap((line) => {
      if (line === "") return [];
      const found = parseLine(line);
      if (!found) this.#lines++;
      return found ? [found] : [];
    });
  }

  #end({ text }: Block): void {
    this.#hasEnd = true;
    const dropped = /"dropped":(\d{1,15})\b/.exec(text)?.[1];
    this.#dropped = Number(dropped ?? 0);
  }
}

const readerOf = (file: RecordingFile) =>
  new BlockReader((at, length) => file.readUpTo(at, length));

/** @throws {Error} where nothing is of a recording */
function partOf(file: RecordingFile): Part {
  for (const { kind, text, before } of readerOf(file)) {
    return { file, before, head: kind === BlockKind.head ? parseHead(text) : undefined };
  }
  throw new Error(`Cannot replay "${file.path}": it has no whole block of a recording (--record)`);
}

const isSame = (a: RecordingHead, b: RecordingHead) =>
  a.tool === b.tool && a.host === b.host && a.started === b.started;
