/**
 * A first look at an object's ELF header, so that a wrong file is called wrong in plain words.
 *
 * Layout: elf(5). Reading the object itself is libbpf's work.
 *
 * @module
 */

import { BpfError } from "./errors.ts";

const HEADER_SIZE = 64;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const EM_BPF = 247;
const ENOEXEC = 8;

/** e_machine numbers people may meet (include/uapi/linux/elf-em.h). */
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

/** @throws {BpfError} when the bytes are no little-endian eBPF object or end early. */
export function checkObject(bytes: Uint8Array, name: string): void {
  const problem = findProblem(bytes);
  if (!problem) return;
  throw new BpfError(
    "load",
    `load object "${name}"`,
    ENOEXEC,
    `${problem}: build it with clang -target bpf`,
  );
}

function findProblem(bytes: Uint8Array): string | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4 || view.getUint32(0) !== 0x7f454c46) return "it is not an ELF file";
  if (bytes.length < HEADER_SIZE) return `it ends after ${bytes.length} bytes, inside its header`;
  if (bytes[4] !== CLASS_64) return "it is a 32 bit ELF file, not an eBPF object";
  const little = bytes[5] === LITTLE_ENDIAN;
  const machine = view.getUint16(18, little);
  if (machine !== EM_BPF) {
    return `it is code for ${MACHINES[machine] ?? `machine ${machine}`}, not an eBPF object`;
  }
  if (!little) return "it is an eBPF object for big-endian machines, and this one is little-endian";
  const sections = Number(view.getBigUint64(40, true));
  const end = sections + view.getUint16(58, true) * view.getUint16(60, true);
  if (end > bytes.length) {
    return `it is cut short: its section table ends at byte ${end}, the file at ${bytes.length}`;
  }
  return undefined;
}
