/**
 * The rows of files in the kernel's maps (unwind_tables.h): one file after the other in chunks of
 * 65,536, each chunk a map that is made when the one before is full.
 *
 * @module
 */

import {
  type BpfMap,
  bytes,
  type CreatedMaps,
  createMaps,
  type ObjectMap,
  u32,
} from "../../mod.ts";
import { mappedCallFrames, type MappedFrames, type MemoryRange } from "../../plumbing.ts";

const CHUNK_ROWS = 65536;
const ROW_BYTES = 8;
const Chunk = bytes(CHUNK_ROWS * ROW_BYTES);
const NAME = "unwind_rows";

/** Rows of a file that lie in one chunk. */
export interface Piece {
  /** The address in the file of the first row. */
  readonly from: number;
  readonly chunk: number;
  readonly first: number;
  readonly count: number;
}

/** The rows of a file. */
export interface FileRows {
  readonly pieces: readonly Piece[];
  readonly addressOf: MappedFrames["addressOf"];
}

/** The rows of all files. */
export class UnwindRows implements Disposable {
  readonly #chunks: ObjectMap<number>;
  /** By device, inode and path. */
  readonly #files = new Map<string, FileRows | undefined>();
  readonly #made: CreatedMaps[] = [];
  /** The chunk that is being filled. */
  #words = new Uint32Array(CHUNK_ROWS * ROW_BYTES / 4);
  #used = CHUNK_ROWS;
  #isDirty = false;
  #isFull = false;

  constructor(chunks: ObjectMap<number>) {
    this.#chunks = chunks;
  }

  /** Whether a file has no rows because there was no room. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The rows of the file of a range; undefined when it has none, or there is no room for them. */
  of(pid: number, range: MemoryRange): FileRows | undefined {
    const { file } = range;
    if (file === undefined) return undefined;
    if (this.#files.has(file)) return this.#files.get(file);
    const frames = mappedCallFrames(pid, range);
    const rows = frames && this.#add(frames);
    this.#files.set(file, rows);
    return rows;
  }

  /** Hands the kernel what was added. */
  flush(): void {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    chunkOf(this.#made.at(-1)!).set(0, new Uint8Array(this.#words.buffer));
  }

  [Symbol.dispose](): void {
    for (const made of this.#made.splice(0)) made.close();
  }

  #add({ addresses, rules, addressOf }: MappedFrames): FileRows | undefined {
    const left = (this.#chunks.maxEntries - this.#made.length) * CHUNK_ROWS +
      (CHUNK_ROWS - this.#used);
    if (addresses.length > left) {
      this.#isFull = true;
      return undefined;
    }
    const pieces: Piece[] = [];
    for (let done = 0; done < addresses.length;) {
      if (this.#used === CHUNK_ROWS) this.#next();
      const count = Math.min(addresses.length - done, CHUNK_ROWS - this.#used);
      for (let i = 0; i < count; i++) {
        this.#words[(this.#used + i) * 2] = addresses[done + i]!;
        this.#words[(this.#used + i) * 2 + 1] = rules[done + i]!;
      }
      const chunk = this.#made.length - 1;
      pieces.push({ from: addresses[done]!, chunk, first: this.#used, count });
      this.#isDirty = true;
      this.#used += count;
      done += count;
    }
    return { pieces, addressOf };
  }

  #next(): void {
    this.flush();
    const made = createMaps({
      [NAME]: { type: "ARRAY", key: u32, value: Chunk, maxEntries: 1 },
    });
    this.#made.push(made);
    this.#chunks.set(this.#made.length - 1, chunkOf(made));
    this.#words.fill(0);
    this.#used = 0;
  }
}

const chunkOf = (made: CreatedMaps): BpfMap<number, Uint8Array<ArrayBuffer>> =>
  made.map(NAME, u32, Chunk);
