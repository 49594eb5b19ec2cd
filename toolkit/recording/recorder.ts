/**
 * `--record`: all records of a tool into a file.
 *
 * @module
 */

import { ErrnoError, readText } from "../../mod.ts";
import type { Column } from "../output/columns.ts";
import { keyOf } from "../output/columns.ts";
import { complain } from "../output/complain.ts";
import type { Destination, RecordMembers, RowTaker } from "../output/destination.ts";
import { toJson } from "../output/escape.ts";
import { BlockKind, encodeBlock } from "./block.ts";
import { RecordFile } from "./record_file.ts";
import { FORMAT, type RecordedColumn, type RecordingHead, recordLine } from "./recorded.ts";

/** A block is written when its text has this many characters … */
const FULL = 256 * 1024;
/** … or its first record is this old. */
const PATIENCE_MS = 1000;
/** Limit on a record, in characters: longer ones are dropped. */
const MAX_LINE = 1024 * 1024;

/**
 * What is done when the disk is full: the tool ends, or goes on and drops records.
 */
export type WhenFull = "end" | "go-on";

/** Where a recording goes. */
export interface RecorderOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly files: number;
  readonly whenFull: WhenFull;
  /**
   * Gives the time of the record at hand, in milliseconds since 1970. Default: the present time.
   */
  readonly clock?: (() => number) | undefined;
}

type FoundOut = "host" | "kernel" | "started";

/** The part of a recording's head that its maker gives; the recorder finds out the rest. */
export type Recorded =
  & Omit<RecordingHead, "format" | FoundOut>
  & Partial<Pick<RecordingHead, FoundOut>>;

/** Writes records to a recording. */
export class Recorder implements Destination, Disposable {
  readonly #name: string;
  readonly #whenFull: WhenFull;
  readonly #file: RecordFile;
  readonly #clock: () => number;
  #stop: () => void = () => {};
  #blocks = 0;
  /** Records in blocks that were written. */
  #written = 0;
  #lines: string[] = [];
  #length = 0;
  /** Records among the lines. */
  #count = 0;
  #tables = 0;
  /** Tables whose columns are in the block. */
  readonly #known = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the file had no room for something. */
  hasFailed = false;
  /** Records that were dropped: they are not in the file. */
  dropped = 0;

  /** Opens the file. @throws {Error} where it cannot be written */
  constructor(recorded: Recorded, options: RecorderOptions) {
    const { path, maxBytes, files, whenFull, clock = Date.now } = options;
    this.#name = recorded.tool;
    this.#clock = clock;
    this.#whenFull = whenFull;
    const kernelSays = (name: string) => readText(`/proc/sys/kernel/${name}`).trim();
    const head: RecordingHead = {
      format: FORMAT,
      host: kernelSays("hostname"),
      kernel: kernelSays("osrelease"),
      started: Date.now(),
      ...recorded,
    };
    this.#file = new RecordFile(path, maxBytes, files, () => {
      return encodeBlock(this.#head(BlockKind.head, 0), `${toJson(head)}\n`);
    });
  }

  /** Tracing begins. @param stop ends the tool */
  start(stop: () => void): void {
    this.#stop = stop;
  }

  begin(): void {
    this.#add(`{"at":${this.#clock()},"begin":true}`, 0);
  }

  rows<R>(columns: readonly Column<R>[]): RowTaker<R> {
    const id = this.#tables++;
    const texts = columns.flatMap(({ text }, i) =>
      text ? [columns[i]!.text!.bind(columns[i])] : []
    );
    const table = toJson({ table: id, columns: columns.map(recordedColumn) });
    return (row, json) => {
      // The JSON is made before the texts, always in this order: both may ask for the time.
      const made = json();
      const shown = texts.length > 0 ? `,"texts":${toJson(texts.map((text) => text(row)))}` : "";
      this.#add(recordLine(`{"at":${this.#clock()},"table":${id}${shown}`, made), 1, id, table);
    };
  }

  record(kind: string, _members: RecordMembers, json: () => string): void {
    this.#add(recordLine(`{"at":${this.#clock()},"kind":${toJson(kind)}`, json()), 1);
  }

  flush(): void {
    if (this.#length >= FULL) this.write();
  }

  end(): void {
    this.write();
    const text = toJson({ ended: this.#clock(), dropped: this.dropped });
    this.#try(encodeBlock(this.#head(BlockKind.end, 0), `${text}\n`), 0);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#file[Symbol.dispose]();
  }

  /** @param id the table of a row, whose columns each block repeats */
  #add(line: string, count: number, id?: number, table = ""): void {
    if (line.length + table.length > MAX_LINE) {
      this.dropped += count;
      return;
    }
    if (id !== undefined && !this.#known.has(id)) {
      this.#known.add(id);
      this.#lines.push(table);
      this.#length += table.length + 1;
    }
    this.#lines.push(line);
    this.#length += line.length + 1;
    this.#count += count;
    if (this.#length >= 2 * FULL) this.write();
    else this.#timer ??= setTimeout(() => this.write(), PATIENCE_MS);
  }

  /** Writes what is gathered as a block. */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join("\n") + "\n";
    this.#try(encodeBlock(this.#head(BlockKind.records, this.#count), text), this.#count);
    this.#lines = [];
    this.#length = 0;
    this.#count = 0;
    this.#known.clear();
  }

  #head(kind: BlockKind, count: number) {
    return { kind, number: this.#blocks, before: this.#written, count };
  }

  #try(block: Uint8Array<ArrayBuffer>, count: number): void {
    try {
      this.#file.write(block);
      this.#blocks++;
      this.#written += count;
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      this.dropped += count;
      if (this.hasFailed) return;
      this.hasFailed = true;
      const goesOn = this.#whenFull === "go-on";
      complain(
        this.#name,
        `${error.message}: what has no room is not recorded` + (goesOn ? "" : ", so the tool ends"),
      );
      if (!goesOn) this.#stop();
    }
  }
}

function recordedColumn<R>(column: Column<R>): RecordedColumn {
  const { head, width, align, digits, text } = column;
  return { key: keyOf(column), head, width, align, digits, ...text && { isText: true } };
}
