import assert from "node:assert/strict";
import { test } from "node:test";
import kept from "../../tools/opensnoop/opensnoop.bpf.o.ts";
import { checkObject } from "./check_object.ts";

// Not a Buffer, whose slice() would be no copy.
const object = new Uint8Array(kept);
const view = new DataView(object.buffer, object.byteOffset, object.length);
const table = Number(view.getBigUint64(40, true));
const names = view.getUint16(62, true);

/** Where the header of the section of that name is. */
function sectionNamed(name: string): number {
  const strings = Number(view.getBigUint64(table + names * 64 + 24, true));
  for (let at = table; at < object.length; at += 64) {
    const start = strings + view.getUint32(at, true);
    const text = new TextDecoder().decode(object.subarray(start, start + name.length + 1));
    if (text === `${name}\0`) return at;
  }
  return assert.fail(`there is no section ${name}`);
}

function edited(change: (view: DataView) => void): Uint8Array {
  const copy = object.slice();
  change(new DataView(copy.buffer));
  return copy;
}

const btf = sectionNamed(".BTF");
const btfIndex = (btf - table) / 64;
const btfAt = Number(view.getBigUint64(btf + 24, true));
const size = object.length;

const CASES: readonly (readonly [what: string, bytes: Uint8Array, problem: string])[] = [
  ["an empty file", new Uint8Array(0), "it is not an ELF file"],
  ["three bytes of ELF", object.slice(0, 3), "it is not an ELF file"],
  ["a script", new TextEncoder().encode("#!/bin/sh\n"), "it is not an ELF file"],
  ["a header cut short", object.slice(0, 40), "it ends after 40 bytes, inside its header"],
  [
    "32 bit code",
    edited((view) => view.setUint8(4, 1)),
    "it is a 32 bit ELF file, not an eBPF object",
  ],
  [
    "code for arm64",
    edited((view) => view.setUint16(18, 183, true)),
    "it is code for arm64, not an eBPF object",
  ],
  [
    "code for nobody knows what",
    edited((view) => view.setUint16(18, 999, true)),
    "it is code for machine 999, not an eBPF object",
  ],
  [
    "big-endian eBPF",
    edited((view) => (view.setUint8(5, 2), view.setUint16(18, 247))),
    "it is an eBPF object for big-endian machines, and this one is little-endian",
  ],
  [
    "half a file",
    object.slice(0, size >> 1),
    `it is cut short: its section table ends at byte ${size}, the file at ${size >> 1}`,
  ],
  [
    "a section behind the end",
    edited((view) => view.setBigUint64(btf + 24, BigInt(size) - 5n, true)),
    `it is cut short or corrupt: section ${btfIndex} ends at byte ${
      size - 5 + Number(view.getBigUint64(btf + 32, true))
    }, the file at ${size}`,
  ],
  [
    "a section too large",
    edited((view) => view.setBigUint64(btf + 32, 1n << 40n, true)),
    `it is cut short or corrupt: section ${btfIndex} ends at byte ${
      2 ** 40 + btfAt
    }, the file at ${size}`,
  ],
  [
    "sections without names",
    edited((view) => view.setUint16(62, 999, true)),
    "it is corrupt: its sections have no names",
  ],
  [
    "BTF without its magic number",
    edited((view) => view.setUint8(btfAt, 0)),
    "its BTF is corrupt: it has no header",
  ],
];

for (const [what, bytes, problem] of CASES) {
  test(`checkObject() refuses ${what}`, () => {
    assert.throws(() => checkObject(bytes, "wrong"), {
      name: "BpfError",
      code: "ENOEXEC",
      message: 'Cannot load object "wrong": Exec format error (ENOEXEC): ' +
        `${problem}: build it with clang -target bpf`,
    });
  });
}

test("checkObject() accepts an object, also as a part of something", () => {
  checkObject(object, "good");
  const larger = new Uint8Array(size + 3);
  larger.set(object, 3);
  checkObject(larger.subarray(3), "good");
});

test("checkObject() lets libbpf say that there is no BTF", () => {
  checkObject(edited((view) => view.setUint32(btf, 0, true)), "without");
});

test("checkObject() refuses or accepts whatever the section table says", () => {
  // Every byte of the table in turn, to its complement.
  for (let at = table; at < size; at++) {
    const bytes = edited((view) => view.setUint8(at, ~view.getUint8(at)));
    try {
      checkObject(bytes, "changed");
    } catch (error) {
      assert.match(String(error), /^BpfError: Cannot load object "changed": [^\n]+$/);
    }
  }
});
