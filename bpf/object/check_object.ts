/**
 * A first check of an object: a wrong file gets a clear error, and a corrupt one does not make
 * libbpf read out of bounds.
 *
 * Layout: elf(5). Parsing the object itself is left to libbpf.
 *
 * @module
 */

import { decodeText } from "../../ffi/codec/mod.ts";
import { checkBtf } from "../btf/check_btf.ts";
import { BpfError } from "../base/errors.ts";

const HEADER_SIZE = 64;
const SECTION_SIZE = 64;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const EM_BPF = 247;
const SHT_NULL = 0;
const SHT_NOBITS = 8;
const ENOEXEC = 8;

/** e_machine numbers of common architectures (include/uapi/linux/elf-em.h). */
const MACHINES: Record<number, string> = {
  3: "x86 (32 bit)",
  8: "MIPS",
  21: "PowerPC 64",
  22: "IBM S/390",
  40: "ARM (32 bit)",
  62: "x86-64",
  183: "arm64",
  243: "RISC-V",
  258: "LoongArch",
};

/** @throws {BpfError} unless the bytes are a complete little-endian eBPF object */
export function checkObject(bytes: Uint8Array, name: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const problem = headerProblem(view) ?? sectionProblem(view);
  if (!problem) return;
  throw new BpfError(
    "load",
    `load object "${name}"`,
    ENOEXEC,
    `${problem}: build it with clang -target bpf`,
  );
}

function headerProblem(view: DataView): string | undefined {
  const length = view.byteLength;
  if (length < 4 || view.getUint32(0) !== 0x7f454c46) return "it is not an ELF file";
  if (length < HEADER_SIZE) return `it ends after ${length} bytes, inside its header`;
  if (view.getUint8(4) !== CLASS_64) return "it is a 32 bit ELF file, not an eBPF object";
  const little = view.getUint8(5) === LITTLE_ENDIAN;
  const machine = view.getUint16(18, little);
  if (machine !== EM_BPF) {
    return `it is code for ${MACHINES[machine] ?? `machine ${machine}`}, not an eBPF object`;
  }
  if (!little) return "it is an eBPF object for big-endian machines, and this one is little-endian";
  return undefined;
}

/** Offset and size of a section in the file, and its name's offset among the names. */
interface Section {
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

function sectionProblem(view: DataView): string | undefined {
  const length = view.byteLength;
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const end = table + count * SECTION_SIZE;
  if (end > length) {
    return `it is cut short: its section table ends at byte ${end}, the file at ${length}`;
  }
  const sections = sectionsOf(view);
  for (const [index, section] of sections.entries()) {
    const { offset, size } = section;
    if (!isInFile(section) || offset + size <= length) continue;
    return `it is cut short or corrupt: section ${index} ends at byte ${
      offset + size
    }, the file at ${length}`;
  }
  const names = sections[view.getUint16(62, true)];
  if (!names || !isInFile(names)) return "it is corrupt: its sections have no names";
  for (const section of sections) {
    const { name, offset, size } = section;
    if (!isInFile(section) || !isNamed(view, names, name, ".BTF")) continue;
    const problem = checkBtf(new Uint8Array(view.buffer, view.byteOffset + offset, size));
    if (problem) return `its BTF is corrupt: ${problem}`;
  }
  return undefined;
}

/** The bytes of a section of an object that passed `checkObject`; undefined when it has none. */
export function sectionBytes(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sections = sectionsOf(view);
  const names = sections[view.getUint16(62, true)]!;
  const found = sections.find((each) => isInFile(each) && isNamed(view, names, each.name, name));
  return found && bytes.subarray(found.offset, found.offset + found.size);
}

function sectionsOf(view: DataView): Section[] {
  const table = Number(view.getBigUint64(40, true));
  return Array.from(
    { length: view.getUint16(60, true) },
    (_, index) => readSection(view, table + index * SECTION_SIZE),
  );
}

function readSection(view: DataView, at: number): Section {
  return {
    name: view.getUint32(at, true),
    type: view.getUint32(at + 4, true),
    offset: Number(view.getBigUint64(at + 24, true)),
    size: Number(view.getBigUint64(at + 32, true)),
  };
}

const isInFile = ({ type }: Section) => type !== SHT_NULL && type !== SHT_NOBITS;

function isNamed(view: DataView, names: Section, offset: number, name: string): boolean {
  if (offset + name.length >= names.size) return false;
  return decodeText(view, names.offset + offset, name.length + 1) === `${name}\0`;
}
