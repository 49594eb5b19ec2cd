/**
 * The rows of files in the kernel's maps (unwind_tables.h): one file after the other in chunks of
 * 65,536, each chunk a map that is made when the one before is full; and a list of the files, by which
 * the kernel side knows them in processes that have just begun (mapped_code.h).
 *
 * @module
 */

import {
  array,
  type Bpf,
  type BpfMap,
  bytes,
  type CreatedMaps,
  createMaps,
  i64,
  type Infer,
  type ObjectMap,
  struct,
  u32,
  u64,
} from "../../mod.ts";
import { Pythons } from "./pythons.ts";
import { Rubies } from "./rubies.ts";
import { CHUNK_ROWS, type Part, placeOf, sectionsOf } from "./unwind_parts.ts";
import type { MemoryRange } from "../../plumbing.ts";
import { mappedCallFrames, type MappedFrames } from "../../unwinding.ts";

const ROW_BYTES = 8;
/** Rows per entry of the index: see struct unwind_chunk. */
const INDEX_STEP = 4;
const Chunk = bytes(CHUNK_ROWS * ROW_BYTES + CHUNK_ROWS / INDEX_STEP * 2);
const NAME = "unwind_rows";
/** Pieces that the kernel side can list of a file: libLLVM has 13. */
const FILE_PIECES = 16;

const Key = struct("unwind_file_key", { inode: u64, device: u64 });
type Key = Infer<typeof Key>;
const FilePiece = struct("unwind_piece", { from: u32, chunk: u32, first: u32, count: u32 });
const File = struct("unwind_file", {
  size: i64,
  shift: i64,
  count: u32,
  python: u32,
  calls_chunk: u32,
  calls_first: u32,
  calls: u32,
  reserved: u32,
  pieces: array(FilePiece, FILE_PIECES),
});
type File = Infer<typeof File>;

/** Rows of a file that lie in one chunk. */
export interface Piece {
  /** The addresses in the file to which they apply. */
  readonly start: number;
  readonly end: number;
  readonly chunk: number;
  readonly first: number;
  readonly count: number;
  /** The addresses to which the same rows for return addresses apply. */
  readonly low: number;
  readonly high: number;
  readonly calls_chunk: number;
  readonly calls_first: number;
  readonly calls: number;
}

/** The rows of a file. */
export interface FileRows {
  readonly pieces: readonly Piece[];
  readonly addressOf: MappedFrames["addressOf"];
  /** The number of the interpreter that it is, of python_frames.h or ruby_frames.h; 0 for other files. */
  readonly python: number;
}

/** Behind the last address that rows can have. */
const ADDRESSES = 2 ** 32;
/** Follows the last piece of a list. */
const NO_PIECE = { from: ADDRESSES - 1, chunk: 0, first: 0, count: 0 };

/** The rows of all files. */
export class UnwindRows implements Disposable {
  readonly #chunks: ObjectMap<number>;
  readonly #listed: BpfMap<Key, File>;
  readonly #pythons: Pythons;
  readonly #rubies: Rubies;
  #listedCount = 0;
  /** Files to list once the kernel side has their rows. */
  #waiting: [Key, File][] = [];
  /** By device, inode and path. */
  readonly #files = new Map<string, FileRows | undefined>();
  readonly #made: CreatedMaps[] = [];
  /** The chunk that is being filled. */
  readonly #bytes = new Uint8Array(Chunk.size);
  readonly #words = new Uint32Array(this.#bytes.buffer, 0, CHUNK_ROWS * ROW_BYTES / 4);
  readonly #index = new Uint16Array(this.#bytes.buffer, CHUNK_ROWS * ROW_BYTES);
  #used = CHUNK_ROWS;
  #isDirty = false;
  #isFull = false;

  constructor(bpf: Bpf) {
    this.#chunks = bpf.mapOfMaps("unwind_chunks", u32) as ObjectMap<number>;
    this.#pythons = new Pythons(bpf);
    this.#rubies = new Rubies(bpf);
    this.#listed = bpf.map("unwind_files", Key, File);
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
    // The process may have ended, so this is not remembered: the next one that maps the file may
    // not have.
    if (frames === null) return undefined;
    const rows = frames &&
      this.#add(frames, this.#pythons.numberOf(pid, range) || this.#rubies.numberOf(pid, range));
    this.#files.set(file, rows);
    this.#list(range, rows && frames, rows);
    return rows;
  }

  /** Writes added rows to the kernel's map. */
  flush(): void {
    if (this.#isDirty) chunkOf(this.#made.at(-1)!).set(0, this.#bytes);
    this.#isDirty = false;
    for (const [key, file] of this.#waiting.splice(0)) this.#listed.set(key, file);
  }

  [Symbol.dispose](): void {
    for (const made of this.#made.splice(0)) made.close();
  }

  #add(frames: MappedFrames, python: number): FileRows | undefined {
    const { addresses, addressOf } = frames;
    const sections = sectionsOf(frames, this.#used);
    const parts = sections.flatMap(({ all, calls }) => [...all, calls])
      .toSorted((a, b) => a.chunk - b.chunk || a.first - b.first);
    const current = this.#made.length - 1;
    if (current + parts.at(-1)!.chunk >= this.#chunks.maxEntries) {
      this.#isFull = true;
      return undefined;
    }
    for (const { chunk, first, rows } of parts) {
      if (current + chunk >= this.#made.length) this.#next();
      this.#write(frames, rows, first);
    }
    const startOf = (part: Part | undefined) => part ? addresses[part.rows[0]!]! : ADDRESSES;
    const pieces = sections.flatMap(({ all, calls }, s) => {
      const [low, high] = [s === 0 ? 0 : startOf(all[0]), startOf(sections[s + 1]?.all[0])];
      return all.map(({ chunk, first, rows }, i): Piece => ({
        start: i === 0 ? low : startOf(all[i]),
        end: all[i + 1] ? startOf(all[i + 1]) : high,
        chunk: current + chunk,
        first,
        count: rows.length,
        low,
        high,
        calls_chunk: current + calls.chunk,
        calls_first: calls.first,
        calls: calls.rows.length,
      }));
    });
    return { pieces, addressOf, python };
  }

  /** Writes some of a file's rows, and their index. */
  #write({ addresses, rules }: MappedFrames, rows: Uint32Array, first: number): void {
    rows.forEach((row, i) => {
      this.#words[(first + i) * 2] = addresses[row]!;
      this.#words[(first + i) * 2 + 1] = rules[row]!;
    });
    this.#used = first + placeOf(rows.length);
    this.#isDirty = true;
    const index = this.#index.subarray(first / INDEX_STEP, this.#used / INDEX_STEP);
    indexRows(rows.map((row) => addresses[row]!), index);
  }

  /**
   * Lists a file. There is room for as many files as a machine usually runs; the kernel side asks
   * for those that are not listed.
   */
  #list(
    { file, inode }: MemoryRange,
    frames: MappedFrames | undefined,
    rows: FileRows | undefined,
  ) {
    const { pieces = [] } = rows ?? {};
    const isLarge = pieces.length > FILE_PIECES || pieces.some(({ low }) => low > 0);
    if (inode === "0" || frames?.shift === undefined || isLarge) return;
    if (this.#listedCount++ >= this.#listed.maxEntries) return;
    const [major = 0, minor = 0] = file!.split(" ")[0]!.split(":").map((part) =>
      parseInt(part, 16)
    );
    const device = BigInt(major) << MINOR_BITS | BigInt(minor);
    this.#waiting.push([{ inode: BigInt(inode), device }, {
      size: BigInt(frames.size),
      shift: BigInt(frames.shift),
      count: pieces.length,
      python: rows?.python ?? 0,
      calls_chunk: pieces[0]?.calls_chunk ?? 0,
      calls_first: pieces[0]?.calls_first ?? 0,
      calls: pieces[0]?.calls ?? 0,
      reserved: 0,
      pieces: Array.from(
        { length: FILE_PIECES },
        (_, i) => pieces[i] ? { ...pieces[i], from: pieces[i].start } : NO_PIECE,
      ),
    }]);
  }

  #next(): void {
    this.flush();
    const made = createMaps({
      [NAME]: { type: "ARRAY", key: u32, value: Chunk, maxEntries: 1 },
    });
    this.#made.push(made);
    this.#chunks.set(this.#made.length - 1, chunkOf(made));
    this.#bytes.fill(0);
    this.#used = 0;
  }
}

/**
 * Writes the index of rows: how many bits of an address a bucket has, the row that applies at the start of each
 * bucket, and for all that follow the last row.
 */
export function indexRows(addresses: Uint32Array, index: Uint16Array): void {
  const [from, last] = [addresses[0]!, addresses.at(-1)!];
  let shift = 0;
  // One more entry follows that of the last row's bucket.
  while (Math.floor((last - from) / 2 ** shift) + 3 > index.length) shift++;
  index[0] = shift;
  for (let bucket = 0, row = 0; bucket + 1 < index.length; bucket++) {
    const start = from + bucket * 2 ** shift;
    while (row + 1 < addresses.length && addresses[row + 1]! <= start) row++;
    index[bucket + 1] = row;
  }
}

/** How a kernel packs a device's number (include/linux/kdev_t.h). */
const MINOR_BITS = 20n;

const chunkOf = (made: CreatedMaps): BpfMap<number, Uint8Array<ArrayBuffer>> =>
  made.map(NAME, u32, Chunk);
