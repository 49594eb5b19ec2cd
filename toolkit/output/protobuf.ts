/**
 * Writes messages of Protocol Buffers (https://protobuf.dev/programming-guides/encoding).
 *
 * @module
 */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;

const encoder = new TextEncoder();

/** One message. Fields are written in the order of calls. */
export class Message {
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** What is written so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  /** An int64, bool or enum. */
  varint(field: number, value: number | bigint | boolean): this {
    this.#key(field, VARINT);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  /** A sint32 or sint64. */
  zigzag(field: number, value: number): this {
    return this.varint(field, zigzagOf(value));
  }

  /** Several sint64, packed. */
  packedZigzag(field: number, values: readonly number[]): this {
    const list = new Message();
    for (const value of values) list.#varint(BigInt.asUintN(64, zigzagOf(value)));
    return this.embed(field, list.bytes);
  }

  /** A fixed64. */
  fixed64(field: number, value: bigint): this {
    this.#key(field, FIXED64);
    this.#room(8).setBigUint64(this.#length, BigInt.asUintN(64, value), true);
    this.#length += 8;
    return this;
  }

  /** A double. */
  double(field: number, value: number): this {
    this.#key(field, FIXED64);
    this.#room(8).setFloat64(this.#length, value, true);
    this.#length += 8;
    return this;
  }

  /** A string. */
  text(field: number, value: string): this {
    return this.embed(field, encoder.encode(value));
  }

  /** A message in this one, or bytes. */
  embed(field: number, bytes: Uint8Array): this {
    this.#key(field, BYTES);
    this.#varint(BigInt(bytes.length));
    return this.append(bytes);
  }

  /** A message after its length, for streams of several messages. */
  delimited(bytes: Uint8Array): this {
    this.#varint(BigInt(bytes.length));
    return this.append(bytes);
  }

  /** Appends fields that are encoded already. */
  append(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** Numbers of 8 bytes each, packed. */
  packed(field: number, numbers: Float64Array<ArrayBuffer> | BigUint64Array<ArrayBuffer>): this {
    return this.embed(
      field,
      new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
    );
  }

  #key(field: number, type: number): void {
    this.#varint(BigInt(field << 3 | type));
  }

  #varint(value: bigint): void {
    this.#room(10);
    let rest = value;
    // Most numbers fit in 32 bits, for which bigints would be slow.
    if (rest > 0xffffffffn) {
      for (; rest > 0x7fn; rest >>= 7n) this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      this.#bytes[this.#length++] = Number(rest);
      return;
    }
    let small = Number(rest);
    for (; small > 0x7f; small = Math.floor(small / 128)) {
      this.#bytes[this.#length++] = small % 128 | 0x80;
    }
    this.#bytes[this.#length++] = small;
  }

  #room(bytes: number): DataView {
    if (this.#length + bytes > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + bytes));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return this.#view;
  }
}

/** 0, -1, 1, -2 … as 0, 1, 2, 3 … */
const zigzagOf = (value: number): bigint => BigInt(value) << 1n ^ (value < 0 ? -1n : 0n);
