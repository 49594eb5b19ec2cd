/**
 * Makes records of jitdump files (the kernel's tools/perf/Documentation/jitdump-specification.txt).
 *
 * @module
 */

/** The file header, of 40 bytes. */
export function header(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  [0x4a695444, 1, 40, 62, 0, process.pid].forEach((word, i) => view.setUint32(i * 4, word, true));
  return bytes;
}

/** A record of any kind. */
export function record(kind: number, body: Uint8Array, time: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, kind, true);
  view.setUint32(4, bytes.length, true);
  view.setBigUint64(8, BigInt(time), true);
  bytes.set(body, 16);
  return bytes;
}

/** A JIT_CODE_LOAD record: a function was compiled. */
export function load(
  address: number,
  size: number,
  name: string,
  time: number,
): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(`${name}\0`);
  const body = new Uint8Array(40 + text.length + size);
  const view = new DataView(body.buffer);
  [8, 16].forEach((at) => view.setBigUint64(at, BigInt(address), true));
  view.setBigUint64(24, BigInt(size), true);
  body.set(text, 40);
  return record(0, body, time);
}

/** A JIT_CODE_MOVE record: a function was moved. */
export function move(
  from: number,
  to: number,
  size: number,
  time: number,
): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(48);
  const view = new DataView(body.buffer);
  [from, to, size].forEach((word, i) => view.setBigUint64(16 + i * 8, BigInt(word), true));
  return record(1, body, time);
}
