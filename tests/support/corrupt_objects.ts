/**
 * Damages a valid object in many ways and loads each copy: `corrupt_objects.ts FROM TO` prints a
 * line for each seed: `ok`, or the error's message as JSON. It is a separate process because libbpf
 * may crash.
 *
 * @module
 */

import { writeSync } from "node:fs";
import { Bpf, type MapOptions } from "../../mod.ts";
import { buildObject } from "./build.ts";

/** A part of the file, and its weight in the random choice of a part to damage. */
interface Region {
  readonly offset: number;
  readonly size: number;
  readonly tickets: number;
}

/** Weights of sections; the others have 1. Readers trust the contents of these sections most. */
const TICKETS: Readonly<Record<string, number>> = { ".BTF": 5, ".BTF.ext": 3, ".symtab": 3 };

function regionsOf(object: Uint8Array): Region[] {
  const view = new DataView(object.buffer, object.byteOffset, object.length);
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const headers = Array.from({ length: count }, (_, i) => {
    const at = table + 64 * i;
    const [offset, size] = [24, 32].map((field) => Number(view.getBigUint64(at + field, true)));
    return { name: view.getUint32(at, true), offset: offset!, size: size! };
  });
  const names = headers[view.getUint16(62, true)]!.offset;
  const nameOf = (at: number) =>
    new TextDecoder().decode(object.subarray(names + at, object.indexOf(0, names + at)));
  const sections = headers.map(({ name, offset, size }) => {
    const text = nameOf(name);
    const tickets = text.includes(".debug_") || text === ".bss" ? 0 : TICKETS[text] ?? 1;
    return { offset, size, tickets: size > 0 ? tickets : 0 };
  });
  const header = { offset: 0, size: 64, tickets: 1 };
  return [header, { offset: table, size: 64 * count, tickets: 4 }, ...sections];
}

/** mulberry32: integers from 0 to `limit` - 1, the same for the same seed on every machine. */
function generator(seed: number): (limit: number) => number {
  let state = Math.imul(seed + 1, 0x9e3779b1);
  return (limit) => {
    state = state + 0x6d2b79f5 | 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) % limit;
  };
}

function corrupt(object: Uint8Array, regions: readonly Region[], seed: number): Uint8Array {
  const random = generator(seed);
  const way = random(16);
  if (way === 0) return object.slice(0, random(object.length));
  const drawn = regions.flatMap((region) => new Array<Region>(region.tickets).fill(region));
  const { offset, size } = drawn[random(drawn.length)]!;
  const copy = new Uint8Array(object); // slice() of a Buffer is no copy
  const at = offset + random(size);
  if (way < 4) return copy.fill(0, at, Math.min(at + 1 + random(64), offset + size));
  if (way < 6) return copy.fill(0xff, at, Math.min(at + 1 + random(16), offset + size));
  for (let i = random(3); i >= 0; i--) {
    const where = offset + random(size);
    copy[where] = way < 11 ? copy[where]! ^ 1 << random(8) : random(256);
  }
  return copy;
}

/** Options that keep maps small: for a damaged size the kernel would really allocate gigabytes. */
function smallMaps(object: Uint8Array): Record<string, MapOptions> {
  using bpf = Bpf.load(object);
  const declared = bpf.mapNames.filter((name) => !name.includes("."));
  return Object.fromEntries(
    declared.map((name) => [name, { maxEntries: name === "events" ? 4096 : 8 }]),
  );
}

function outcome(object: Uint8Array, maps: Record<string, MapOptions>): string {
  try {
    Bpf.load(object, { name: "corrupt", maps }).close();
    return "ok";
  } catch (error) {
    return JSON.stringify(error instanceof Error ? error.message : error);
  }
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2).map(Number) as [number, number];
  const object = buildObject("library.bpf.c");
  const regions = regionsOf(object);
  const maps = smallMaps(object);
  for (let seed = from; seed < to; seed++) {
    // Written before loading, so that after a crash the last line names the seed.
    writeSync(1, `${seed}\t`);
    writeSync(1, `${outcome(corrupt(object, regions, seed), maps)}\n`);
  }
}
