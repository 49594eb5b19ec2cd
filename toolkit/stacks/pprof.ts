/**
 * Writes stacks in pprof's format.
 *
 * @see https://github.com/google/pprof/blob/main/proto/profile.proto
 * @module
 */

import { escapeText } from "../output/escape.ts";
import { frameName } from "./kept_stacks.ts";
import type { StackProfile } from "./stack_files.ts";
import type { Frame } from "./kept_stacks.ts";

/** Field numbers of profile.proto. */
const PROFILE = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  strings: 6,
  timeNanos: 9,
} as const;
const TYPE = { type: 1, unit: 2 } as const;
const SAMPLE = { locations: 1, values: 2, label: 3 } as const;
const LABEL = { key: 1, text: 2, number: 3 } as const;
const MAPPING = { id: 1, file: 5, hasFunctions: 7 } as const;
const LOCATION = { id: 1, mapping: 2, address: 3, line: 4 } as const;
const LINE = { function: 1 } as const;
const FUNCTION = { id: 1, name: 2, systemName: 3, file: 4 } as const;

/** pprof's names for the sums of our tools: a type, and a unit that it can scale. */
const TYPES: Readonly<Record<string, readonly [type: string, unit: string]>> = {
  samples: ["samples", "count"],
  count: ["calls", "count"],
  usecs: ["time", "microseconds"],
  bytes: ["space", "bytes"],
};

/** Encodes stacks as a `Profile` message; pprof files hold it compressed by gzip. */
export function encodePprof(profile: StackProfile): Uint8Array {
  const out = new Message();
  const strings = new Numbers<string>();
  strings.of(""); // required to be the first
  const [type, unit] = TYPES[profile.unit] ?? [profile.unit, "count"];
  const text = (value: string) => strings.of(escapeText(value));
  out.message(
    PROFILE.sampleType,
    new Message().int(TYPE.type, text(type)).int(TYPE.unit, text(unit)),
  );

  const mappings = new Numbers<string>();
  const functions = new Numbers<string>();
  const locations = new Numbers<string>();
  const tables = new Message();
  const locationOf = (frame: Frame) => {
    const name = frameName(frame);
    const file = frame.symbol?.module ?? (frame.kernel ? "[kernel]" : "[unknown]");
    const before = [mappings.size, functions.size, locations.size];
    // Ids begin with 1: 0 means none.
    const mapping = mappings.of(file) + 1;
    const method = functions.of(`${file}\0${name}`) + 1;
    const location = locations.of(`${file}\0${name}\0${frame.address}`) + 1;
    if (mapping > before[0]!) {
      tables.message(
        PROFILE.mapping,
        // The functions are named already: readers need not symbolize from the file.
        new Message().int(MAPPING.id, mapping).int(MAPPING.file, text(file))
          .int(MAPPING.hasFunctions, 1),
      );
    }
    if (method > before[1]!) {
      tables.message(
        PROFILE.function,
        new Message().int(FUNCTION.id, method).int(FUNCTION.name, text(name))
          .int(FUNCTION.systemName, text(name)).int(FUNCTION.file, text(file)),
      );
    }
    if (location > before[2]!) {
      tables.message(
        PROFILE.location,
        new Message().int(LOCATION.id, location).int(LOCATION.mapping, mapping)
          .int(LOCATION.address, frame.address)
          .message(LOCATION.line, new Message().int(LINE.function, method)),
      );
    }
    return location;
  };

  const label = (key: string, value: number | string) => {
    const message = new Message().int(LABEL.key, text(key));
    return typeof value === "string"
      ? message.int(LABEL.text, text(value))
      : message.int(LABEL.number, value);
  };
  for (const { frames, value, comm, pid, tid } of profile.stacks) {
    const sample = new Message();
    // Innermost first.
    for (const frame of frames.toReversed()) sample.int(SAMPLE.locations, locationOf(frame));
    sample.int(SAMPLE.values, value).message(SAMPLE.label, label("comm", comm));
    if (pid !== undefined) sample.message(SAMPLE.label, label("pid", pid));
    if (tid !== undefined) sample.message(SAMPLE.label, label("tid", tid));
    out.message(PROFILE.sample, sample);
  }
  out.append(tables).int(PROFILE.timeNanos, BigInt(profile.time) * 1_000_000n);
  for (const value of strings.keys()) out.text(PROFILE.strings, value);
  return out.bytes();
}

/** Numbers values from 0, in the order of their first use. */
class Numbers<K> {
  readonly #numbers = new Map<K, number>();

  get size(): number {
    return this.#numbers.size;
  }

  of(key: K): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }

  keys(): Iterable<K> {
    return this.#numbers.keys();
  }
}

const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** A message of protocol buffers that grows field by field. */
class Message {
  readonly #bytes: number[] = [];

  /** A field of type int64, uint64 or bool. */
  int(field: number, value: number | bigint): this {
    this.#varint(field << 3 | VARINT);
    this.#varint(value);
    return this;
  }

  text(field: number, value: string): this {
    return this.#chunk(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.#chunk(field, value.#bytes);
  }

  /** All fields of another message. */
  append(other: Message): this {
    for (const byte of other.#bytes) this.#bytes.push(byte);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  #chunk(field: number, chunk: ArrayLike<number>): this {
    this.#varint(field << 3 | LENGTH_DELIMITED);
    this.#varint(chunk.length);
    for (let i = 0; i < chunk.length; i++) this.#bytes.push(chunk[i]!);
    return this;
  }

  #varint(value: number | bigint): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes.push(Number(rest & 0x7fn) | 0x80);
    this.#bytes.push(Number(rest));
  }
}
