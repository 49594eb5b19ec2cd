/**
 * Blocks of a recording. Each is a member of gzip (RFC 1952), so that `zcat` shows their lines,
 * with a head of ours in its extra field: damage costs the block that it is in, and the head of the
 * next one tells how many records that held.
 *
 *      0  1f 8b 08 04, time (u32) 0, flags 0, system 3 (Unix)
 *     10  length of the extra field (u16) 36; "TB", length of what follows (u16) 32
 *     16  version (u8), kind (u8), 0 (u16)
 *     20  number of the block (u32)
 *     24  number of records before it (u64), in all files of the recording
 *     32  number of records in it (u32)
 *     36  bytes of the block (u32), bytes of its text (u32)
 *     44  CRC-32 of the bytes before (u32)
 *     48  the text, deflated; its CRC-32 (u32) and length (u32), as gzip has them
 *
 * @module
 */

/** What a block holds. */
export const BlockKind = {
  /** What is recorded: the first block of each file. */
  head: 1,
  /** Records, one a line. */
  records: 2,
  /** The last block of a recording. */
  end: 3,
} as const;

/** One of {@linkcode BlockKind}. */
export type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];

/** A block without its text. */
export interface BlockHead {
  /** What it holds. */
  readonly kind: BlockKind;
  /** Its number in the recording, from 0. */
  readonly number: number;
  /** How many records there are in blocks before it. */
  readonly before: number;
  /** How many records it has. */
  readonly count: number;
}

/** A block as it is found in a file. */
export interface FoundBlock extends BlockHead {
  /** Its bytes. */
  readonly size: number;
  /** Bytes of its text. */
  readonly textSize: number;
}

const VERSION = 1;
/** Bytes before the deflated text. */
export const HEAD_BYTES = 48;
const TAIL_BYTES = 8;
const CRC_AT = 44;
/** What every block begins with. */
export const MAGIC: Uint8Array<ArrayBuffer> = Uint8Array.of(
  ...[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 36, 0, 0x54, 0x42, 32, 0, VERSION],
);
/** Limit on the text of a block: a head that says more is taken for damaged. */
export const MAX_TEXT_BYTES = 8 * 1024 * 1024;
/** Deflate can make text longer by a few bytes in each 16 KiB. */
const MAX_BYTES = MAX_TEXT_BYTES + 64 * 1024;
/** The level of deflate: six times as fast as the default, and the result is larger by half. */
const LEVEL = 1;

const zlib = () => process.getBuiltinModule("node:zlib");

/** Makes the bytes of a block. @param text at most {@linkcode MAX_TEXT_BYTES} */
export function encodeBlock(head: BlockHead, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const packed = zlib().deflateRawSync(bytes, { level: LEVEL });
  const block = new Uint8Array(HEAD_BYTES + packed.length + TAIL_BYTES);
  block.set(MAGIC);
  block.set(packed, HEAD_BYTES);
  const view = new DataView(block.buffer);
  view.setUint8(17, head.kind);
  view.setUint32(20, head.number, true);
  view.setBigUint64(24, BigInt(head.before), true);
  view.setUint32(32, head.count, true);
  view.setUint32(36, block.length, true);
  view.setUint32(40, bytes.length, true);
  view.setUint32(CRC_AT, zlib().crc32(block.subarray(0, CRC_AT)), true);
  view.setUint32(HEAD_BYTES + packed.length, zlib().crc32(bytes), true);
  view.setUint32(HEAD_BYTES + packed.length + 4, bytes.length, true);
  return block;
}

/** The head of the block at this offset; undefined if none begins there, or it is damaged. */
export function readHead(bytes: Uint8Array, at: number): FoundBlock | undefined {
  if (at + HEAD_BYTES > bytes.length || MAGIC.some((byte, i) => bytes[at + i] !== byte)) {
    return undefined;
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, HEAD_BYTES);
  const sum = zlib().crc32(bytes.subarray(at, at + CRC_AT));
  if (view.getUint32(CRC_AT, true) !== sum) return undefined;
  const kind = view.getUint8(17);
  const before = view.getBigUint64(24, true);
  const size = view.getUint32(36, true);
  const textSize = view.getUint32(40, true);
  const isSane = (kind === 1 || kind === 2 || kind === 3) &&
    before <= BigInt(Number.MAX_SAFE_INTEGER) &&
    size >= HEAD_BYTES + TAIL_BYTES && size <= MAX_BYTES && textSize <= MAX_TEXT_BYTES;
  if (!isSane) return undefined;
  return {
    kind,
    number: view.getUint32(20, true),
    before: Number(before),
    count: view.getUint32(32, true),
    size,
    textSize,
  };
}

/** The text of a block; undefined if it is damaged. @param bytes the whole block */
export function readText(head: FoundBlock, bytes: Uint8Array): string | undefined {
  const packed = bytes.subarray(HEAD_BYTES, head.size - TAIL_BYTES);
  let text: Uint8Array;
  try {
    // Never more than the head says, which is bounded.
    text = zlib().inflateRawSync(packed, { maxOutputLength: Math.max(head.textSize, 1) });
  } catch {
    return undefined;
  }
  const tail = new DataView(bytes.buffer, bytes.byteOffset + head.size - TAIL_BYTES, TAIL_BYTES);
  const isWhole = text.length === head.textSize && tail.getUint32(4, true) === text.length &&
    tail.getUint32(0, true) === zlib().crc32(text);
  return isWhole ? new TextDecoder().decode(text) : undefined;
}
