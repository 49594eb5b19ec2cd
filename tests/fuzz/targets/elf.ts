/**
 * Fuzz targets: readers of ELF files.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { ElfFile } from "../../../bpf/elf/elf_file.ts";
import { ElfFunctions } from "../../../bpf/elf/elf_functions.ts";
import { notesIn } from "../../../bpf/elf/elf_notes.ts";
import { relocations } from "../../../bpf/elf/relocations.ts";
import { BpfError } from "../../../bpf/base/errors.ts";
import { checkObject, sectionBytes } from "../../../bpf/object/check_object.ts";
import { misreadAs } from "../../../bpf/attach/misread_instruction.ts";
import { parseArguments, parseOperand } from "../../../bpf/usdt/usdt_argument.ts";
import { fileProbes } from "../../../bpf/usdt/usdt_notes.ts";
import { close, memfd } from "../../../ffi/libc/files.ts";
import { unpackXz } from "../../../ffi/lzma.ts";
import killsnoop from "../../../tools/killsnoop/killsnoop.bpf.o.ts";
import { elfImage, type ImageParts } from "../../support/elf_image.ts";
import { type AnyTarget, isOurRange, must, type Sample, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A note with its name and content. */
function note(name: string, type: number, content: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(`${name}\0`);
  const padded = (size: number) => Math.ceil(size / 4) * 4;
  const bytes = new Uint8Array(12 + padded(text.length) + padded(content.length));
  const view = new DataView(bytes.buffer);
  [text.length, content.length, type].forEach((word, i) => view.setUint32(4 * i, word, true));
  bytes.set(text, 12);
  bytes.set(content, 12 + padded(text.length));
  return bytes;
}

function usdtNote(address: number, text: string): Uint8Array {
  const strings = new TextEncoder().encode(text);
  const content = new Uint8Array(24 + strings.length);
  new DataView(content.buffer).setBigUint64(0, BigInt(address), true);
  content.set(strings, 24);
  return note("stapsdt", 3, content);
}

const NOTES = [
  note("GNU", 3, Uint8Array.from({ length: 20 }, (_, i) => i)),
  usdtNote(0x1100, "app\0request\0-4@%edi 8@-16(%rbp) 1@$3\0"),
  usdtNote(0x1200, "app\0reply\0" + "8f@%xmm0 8@table+8(%rax,%rcx,4)\0"),
];
const notes = Uint8Array.from(NOTES.flatMap((bytes) => [...bytes]));

function images(): Sample<Bytes>[] {
  const symbols = Array.from({ length: 12 }, (_, i) => ({
    name: i % 3 === 0 ? `_ZN2ns${i}1fEi@@V_1` : `__function_${i}`,
    address: 0x1100 + 16 * (i >> 1),
    size: i % 4 === 0 ? 0 : 40,
  }));
  const image = elfImage({ symbols, notes });
  return [
    { value: image, hot: [[0, 64], [64, 176], [0x1000, image.length]] },
    // Its program header says that the segment is longer than the file.
    { value: cutImage(symbols) },
  ];
}

/** An image without code, though its program header says that it has some. */
function cutImage(symbols: ImageParts["symbols"] & object): Bytes {
  const image = elfImage({ symbols: symbols.map((each) => ({ ...each, address: 0x9000 })) });
  // The size of the segment that is loaded, in the file.
  new DataView(image.buffer).setBigUint64(64 + 32, 2n ** 32n, true);
  return image;
}

/** Small libraries that most machines have, with relocations, versions and a debug link. */
const LIBRARIES = ["libdl.so.2", "libutil.so.1", "librt.so.1"];

function libraries(): Sample<Bytes>[] {
  return LIBRARIES.flatMap((name) => {
    try {
      const bytes = readFileSync(`/usr/lib/${gnuFolder()}/${name}`);
      if (bytes.length > 2 ** 17) return [];
      const value = Uint8Array.from(bytes);
      const view = new DataView(value.buffer);
      const table = Number(view.getBigUint64(40, true));
      // Symbols, names, versions and relocations come first in such a file, all of it is small.
      return [{ value, hot: [[0, 0x400], [0x200, 0x1000], [table, value.length]] as const }];
    } catch {
      return [];
    }
  });
}

const gnuFolder = () => process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

/** Calls `read` with the path of a memfd that has these bytes. */
export function withFile(bytes: Bytes, read: (path: string) => void): void {
  const fd = memfd("fuzz", bytes);
  try {
    read(`/proc/self/fd/${fd}`);
  } finally {
    close(fd);
  }
}

const elf: Target<Bytes> = {
  name: "elf",
  what: "programs and libraries: symbols, notes, relocations, debug files, USDT",
  samples: () => [...images(), ...libraries()],
  isRefusal: isOurRange,
  run: (bytes) => withFile(bytes, (path) => readElf(path, bytes.length)),
};

function readElf(path: string, size: number): void {
  const isPlace = (offset: number) => offset >= 0 && offset < size;
  using file = new ElfFile(path);
  must(/^([0-9a-f]{2})*$/.test(file.buildId ?? ""), "a build id has other digits");
  let count = 0;
  for (const { name, offset } of file.functions()) {
    must(name !== "" && isPlace(offset), `function ${name} lies at ${offset} of ${size}`);
    must(++count <= size, "there are more functions than bytes");
  }
  file.function("__function_1");
  file.variable("table");
  for (const { symbol } of relocations(file)) {
    must(symbol?.name !== "" || symbol.address >= 0, "a relocation is odd");
    must(++count <= 2 * size, "there are more relocations than bytes");
  }
  for (const { locations } of fileProbes(path)) {
    for (const { offset } of locations) must(isPlace(offset), `a probe lies at ${offset}`);
  }
  using functions = new ElfFunctions(path);
  for (const offset of [0, 0x100, 0x108, 0x128, 0x200, 0x1000, 0x1100, size - 1]) {
    const found = functions.at(offset);
    must(!found || found.name !== "" && found.offset >= 0, "a function has no name");
    must(!found || found.size === 0 || found.offset < found.size, "an address is not in it");
    functions.bytesAt(offset, 16);
  }
}

const elfNotes: Target<Bytes> = {
  name: "notes",
  what: "notes of ELF files",
  samples: () => [{ value: notes as Bytes }],
  run(bytes) {
    for (const align of [4, 8]) {
      let size = 0;
      for (const { name, content } of notesIn(bytes, align)) {
        must(name.length <= 256, "a name is long");
        size += 12 + content.length;
      }
      must(size <= bytes.length, "notes are larger than what they are in");
    }
  },
};

// "hello" 20 times, packed by xz.
const XZ = Uint8Array.fromBase64(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ABjAAtdADQZSe6OnZ8AgAAAAADYOfd0FRtV+gABJ2QPopywH7bzfQEAAAAABFla",
);

const xz: Target<Bytes> = {
  name: "xz",
  what: "the packed symbols of MiniDebugInfo",
  samples: () => [{ value: XZ }],
  isRefusal: isOurRange,
  run(bytes) {
    const unpacked = unpackXz(bytes, 2 ** 20);
    must((unpacked?.length ?? 0) <= 2 ** 20, "it is larger than its limit");
  },
};

const object: Target<Bytes> = {
  name: "object",
  what: "the first look at an object of BPF programs",
  samples: () => {
    const value = killsnoop as Bytes;
    const table = Number(new DataView(value.buffer, value.byteOffset).getBigUint64(40, true));
    return [{ value, hot: [[0, 64], [table, value.length]] }];
  },
  isRefusal: (error) => error instanceof BpfError,
  run(bytes) {
    checkObject(bytes, "fuzz");
    for (const name of [".BTF", ".BTF.ext", "license"]) sectionBytes(bytes, name);
  },
};

const instruction: Target<Bytes> = {
  name: "instruction",
  what: "the instruction under a uprobe",
  samples: () =>
    ["c5f877c3", "62f17c4828c0", "f30f1efa55", "660f3800c1", "d5184189c0", "8fe97800c0", "48ffd0"]
      .map((hex) => ({ value: Uint8Array.fromHex(`${hex}9090909090909090`) })),
  run(bytes) {
    for (const is64 of [true, false]) {
      must(misreadAs(bytes, is64) !== "", "it is taken for nothing");
    }
  },
};

const usdt: Target<string> = {
  name: "usdt",
  what: "the arguments of USDT probes",
  samples: () =>
    [
      "-4@%edi 8@-16(%rbp) 1@$3 8@counter(%rip) 8f@%xmm0",
      "8@40+sym+8(%rax,%rcx,8) -8@$-0x10 4@%ah",
      "8@[sp, 16] -4@w1 8@[x0, x1] 8@x30",
      "8@sym(%rax,%rcx,8(%rax)",
    ].map((value) => ({ value })),
  words: ["8@", "-4@", "%rax", "(%rip)", "[sp, ", "$-", "0x", "%fs:", "(,%rax,4)", "8f@", "999@"],
  run(text) {
    for (const argument of parseArguments(text)) {
      must(argument.operand !== "", "an argument lies nowhere");
      for (const arch of ["x64", "arm64"]) {
        const operand = parseOperand(argument.operand, arch);
        if (operand?.kind !== "memory") continue;
        const isKnown = operand.registers.every(({ factor }) => Number.isInteger(factor));
        must(isKnown, "an index has an odd factor");
      }
    }
  },
};

/** Readers of ELF files and of their sections. */
export const ELF_TARGETS: readonly AnyTarget[] = [
  elf,
  elfNotes,
  xz,
  object,
  instruction,
  usdt,
];
