/**
 * The byte order of this machine and of the memory that codecs read.
 *
 * @module
 */

const firstByte = new Uint8Array(new Uint16Array([1]).buffer)[0];
if (firstByte !== 1) {
  throw new Error("Cannot run on a big-endian machine: codecs expect little-endian memory");
}

/** The `littleEndian` argument of every `DataView` call on memory in the machine's own order. */
export const LITTLE_ENDIAN = true;
