/**
 * Prints the shared libraries that ELF files need (DT_NEEDED), one a line. Unlike ldd it runs no code
 * of the files: `bun scripts/needed.ts MACHINE FILE…`, with MACHINE as `uname -m` prints it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const MACHINES: Record<string, number> = { x86_64: 62, aarch64: 183 };

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

function needed(file: Uint8Array, machine: string): string[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  // "\x7fELF", 64 bits, little-endian
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint16(4) !== 0x0201) {
    throw new Error("not a 64-bit little-endian ELF file");
  }
  if (view.getUint16(18, true) !== MACHINES[machine]) {
    throw new Error(`not made for ${machine}`);
  }
  const all = segments(view);
  const dynamic = all.find((segment) => segment.type === PT_DYNAMIC);
  if (dynamic === undefined) return [];
  const names: number[] = [];
  let strings = 0;
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = u64(view, at);
    if (tag === DT_NEEDED) names.push(u64(view, at + 8));
    if (tag === DT_STRTAB) strings = fileOffset(all, u64(view, at + 8));
  }
  return names.map((name) => text(file, strings + name));
}

function segments(view: DataView): Segment[] {
  const start = u64(view, 0x20);
  const size = view.getUint16(0x36, true);
  const count = view.getUint16(0x38, true);
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size;
    return {
      type: view.getUint32(at, true),
      offset: u64(view, at + 8),
      address: u64(view, at + 16),
      size: u64(view, at + 32),
    };
  });
}

function fileOffset(all: Segment[], address: number): number {
  const holder = all.find(({ type, address: start, size }) =>
    type === PT_LOAD && start <= address && address < start + size
  );
  if (holder === undefined) throw new Error("its string table is not in the file");
  return holder.offset + address - holder.address;
}

function text(file: Uint8Array, start: number): string {
  return new TextDecoder().decode(file.subarray(start, file.indexOf(0, start)));
}

function u64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

const [machine, ...paths] = process.argv.slice(2);
for (const path of paths) {
  for (const name of needed(readFileSync(path), machine!)) console.log(name);
}
