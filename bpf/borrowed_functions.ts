/**
 * Functions of a loaded object that kernel code in TypeScript calls. Their instructions are
 * appended to those of the calling program, and keep using the maps of the object.
 *
 * @module
 */

import { readInfo } from "../ffi/libc/bpf_objects.ts";
import { alloc } from "../ffi/libc/memory.ts";
import { runtime } from "../ffi/runtime/runtime.ts";
import { BpfError } from "./base/errors.ts";
import type { Btf } from "./btf/btf.ts";
import type { LoadedProgram } from "./loaded_program.ts";

/**
 * The functions that a program calls, directly or through others. They work as long as the object
 * is open.
 */
export interface BorrowedFunctions {
  readonly instructions: Uint8Array<ArrayBuffer>;
  /**
   * In the order of their first instructions: `at` is the index of the first instruction, `type`
   * the BTF id of the function.
   */
  readonly functions: readonly {
    readonly name: string;
    readonly at: number;
    readonly type: number;
  }[];
  /** The BTF that has their types. */
  readonly btf: Uint8Array<ArrayBuffer>;
}

/**
 * struct bpf_prog_info (include/uapi/linux/bpf.h): the size of the part that Linux 5.16 has, and
 * offsets of fields.
 */
const [INFO_BYTES, FUNCTION_INFO_AT, FUNCTION_COUNT_AT] = [224, 136, 144];
const FUNCTION_INFO_SIZE_AT = 132;
const FUNCTION_BYTES = 8;

/** The functions of one of an object's programs. @throws {BpfError} */
export function borrowedFunctions(program: LoadedProgram, btf: Btf): BorrowedFunctions {
  const all = program.instructions!();
  const types = functionTypes(program);
  const words = new Int32Array(all.buffer);
  // Each called function begins at the target of a call; the program itself comes first.
  const starts = new Set<number>();
  for (let i = 0; i < all.length / 8; i++) {
    const isCall = (words[2 * i]! & 0xf0ff) === PSEUDO_CALL;
    if (isCall) starts.add(i + 1 + words[2 * i + 1]!);
  }
  const sorted = [...starts].sort((a, b) => a - b);
  const first = sorted[0] ?? all.length / 8;
  return {
    instructions: all.slice(8 * first),
    functions: sorted.map((at, i) => {
      const type = types[i + 1]!;
      return { name: btf.name(type), at: at - first, type };
    }),
    btf: btf.bytes(),
  };
}

/** BPF_JMP | BPF_CALL, with BPF_PSEUDO_CALL in the source register. */
const PSEUDO_CALL = 0x1085;

/** The BTF ids of a program's functions, in the order of their instructions. */
function functionTypes(program: LoadedProgram): number[] {
  const ask = (ids: Uint8Array<ArrayBuffer>) => {
    const info = alloc(INFO_BYTES);
    const view = new DataView(info.buffer);
    if (ids.length > 0) {
      view.setUint32(FUNCTION_INFO_SIZE_AT, FUNCTION_BYTES, true);
      view.setBigUint64(FUNCTION_INFO_AT, runtime.addressOf(ids), true);
      view.setUint32(FUNCTION_COUNT_AT, ids.length / FUNCTION_BYTES, true);
    }
    const result = readInfo(program.fd(), info);
    void ids.length; // alive until the kernel has written to it
    if (result < 0) throw new BpfError("read", `read the functions of "${program.name}"`, -result);
    return view.getUint32(FUNCTION_COUNT_AT, true);
  };
  const found = alloc(FUNCTION_BYTES * ask(alloc(0)));
  ask(found);
  const words = new Uint32Array(found.buffer);
  return Array.from({ length: words.length / 2 }, (_, i) => words[2 * i + 1]!);
}
