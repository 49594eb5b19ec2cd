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
import { mappedCallFrames, type MappedFrames, type MemoryRange } from "../../plumbing.ts";

const CHUNK_ROWS = 65536;
const ROW_BYTES = 8;
/** Rows per entry of the index: see struct unwind_chunk. */
const INDEX_STEP = 4;
/**
 * A piece takes a multiple of this many rows, so that its index has room for the size of a bucket,
 * the first bucket and the end of the last one.
 */
const PART_ROWS = 16;
const Chunk = bytes(CHUNK_ROWS * ROW_BYTES + CHUNK_ROWS / INDEX_STEP * 2);
const NAME = "unwind_rows";
/** Pieces that the kernel side can list of a file: libLLVM has 13. */
const FILE_PIECES = 16;

const Key = struct("unwind_file_key", { inode: u64, device: u64 });
type Key = Infer<typeof Key>;
const File = struct("unwind_file", {
  size: i64,
  shift: i64,
  count: u32,
  python: u32,
  pieces: array(
    struct("unwind_piece", { from: u32, chunk: u32, first: u32, count: u32 }),
    FILE_PIECES,
  ),
});
type File = Infer<typeof File>;

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
  /** The number of the interpreter that it is, of python_frames.h or ruby_frames.h; 0 for other files. */
  readonly python: number;
}

/** Follows the last piece of a list. */
const NO_PIECE: Piece = { from: 2 ** 32 - 1, chunk: 0, first: 0, count: 0 };

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

  #add({ addresses, rules, addressOf }: MappedFrames, python: number): FileRows | undefined {
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
      const room = Math.ceil(count / PART_ROWS) * PART_ROWS;
      const index = this.#index.subarray(
        this.#used / INDEX_STEP,
        (this.#used + room) / INDEX_STEP,
      );
      indexRows(addresses.subarray(done, done + count), index);
      this.#isDirty = true;
      this.#used += room;
      done += count;
    }
    return { pieces, addressOf, python };
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
    if (inode === "0" || frames?.shift === undefined || pieces.length > FILE_PIECES) return;
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
      pieces: Array.from(
        { length: FILE_PIECES },
        (_, i) => i === 0 && pieces[0] ? { ...pieces[0], from: 0 } : pieces[i] ?? NO_PIECE,
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
