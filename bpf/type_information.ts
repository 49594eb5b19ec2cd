/**
 * BTF of the running kernel and of objects: types as codecs and as C.
 *
 * @module
 */

import type { Codec, CType } from "../ffi/codec/codec.ts";
import { codecFor } from "../ffi/codec/check_layout.ts";
import { toC } from "../ffi/codec/to_c.ts";
import { openId } from "../ffi/libc/bpf_objects.ts";
import { Errno } from "../ffi/libc/errno.ts";
import { ErrnoError } from "../ffi/libc/errno_error.ts";
import { close } from "../ffi/libc/files.ts";
import { BpfError, permissionReason, UnsupportedError } from "./base/errors.ts";
import { Btf as Types, BtfKind } from "./btf/btf.ts";
import { checkBtf } from "./btf/check_btf.ts";
import { kernelBtf } from "./btf/kernel_btf.ts";
import { btfBytes, btfInfo } from "./btf/btf_bytes.ts";
import { checkObject, sectionBytes } from "./object/check_object.ts";

/** Kinds of types with a name in C; structs, unions and enums are found without their keyword. */
const NAMED = [
  BtfKind.STRUCT,
  BtfKind.UNION,
  BtfKind.ENUM,
  BtfKind.ENUM64,
  BtfKind.TYPEDEF,
] as const;

/**
 * The types of a BTF object by their names: structs, unions, enums and typedefs.
 *
 * @example Where a field of a kernel struct lies, in bits
 * ```ts
 * import { Btf } from "../mod.ts";
 *
 * const task = Btf.kernel().type("task_struct");
 * if (task?.kind === "struct") {
 *   console.log(task.members.find(({ name }) => name === "comm")?.bitOffset);
 * }
 * ```
 */
export class Btf {
  readonly #types: Types;

  private constructor(types: Types) {
    this.#types = types;
  }

  /** The running kernel's. Needs Linux >= 5.4 with CONFIG_DEBUG_INFO_BTF. @throws {UnsupportedError} */
  static kernel(): Btf {
    try {
      return new Btf(kernelBtf());
    } catch (error) {
      if (!(error instanceof ErrnoError)) throw error;
      throw new UnsupportedError("read the kernel's types", "BTF", error.message);
    }
  }

  /**
   * An object's BTF; the object as {@linkcode Bpf.load} takes it. @throws {BpfError} when it is no
   * object
   */
  static ofObject(object: Uint8Array, name = "object"): Btf {
    checkObject(object, name);
    const bytes = sectionBytes(object, ".BTF");
    if (bytes) return new Btf(new Types(bytes));
    const reason = "it carries no BTF: compile it with clang -g";
    throw new UnsupportedError(`read the types of object "${name}"`, "BTF", reason);
  }

  /**
   * The BTF of a program or map in the kernel, by id: see {@linkcode ProgramInfo.btfId} and
   * {@linkcode loadedBtf}. Needs Linux >= 4.18 and CAP_SYS_ADMIN.
   *
   * @throws {BpfError} ENOENT when there is none with that id
   * @throws {UnsupportedError} for a module's BTF, which extends the kernel's
   */
  static ofId(id: number): Btf {
    const action = `read BTF ${id}`;
    const fd = openId("btf", id);
    if (fd < 0) throw new BpfError("read", action, -fd, explain(-fd));
    try {
      const { name, isKernel } = btfInfo(id, fd);
      if (isKernel && name !== "vmlinux") {
        const reason = `it is that of module ${name}, which stands on the kernel's`;
        throw new UnsupportedError(action, "BTF of modules", reason);
      }
      const bytes = btfBytes(fd);
      if (bytes) return new Btf(new Types(bytes));
      throw new BpfError("read", action, Errno.EPERM, permissionReason());
    } finally {
      close(fd);
    }
  }

  /** Raw BTF as in /sys/kernel/btf or from `bpftool btf dump … format raw`, but not a module's. */
  static parse(bytes: Uint8Array): Btf {
    const problem = checkBtf(bytes);
    if (problem === undefined) return new Btf(new Types(bytes));
    throw new RangeError(`Cannot read BTF: ${problem}`);
  }

  /** The shape of the first type of that name; undefined when there is none. */
  type(name: string): CType | undefined {
    const id = this.#types.find(name, ...NAMED);
    return id === undefined ? undefined : this.#types.type(id);
  }

  /** A codec of the type of that name: `bpf.map("tasks", u32, btf.codec("task_times"))`. */
  codec(name: string): Codec<unknown> {
    const type = this.type(name);
    if (type) return codecFor(type);
    throw new TypeError(`Cannot make a codec for "${name}": there is no type of that name`);
  }

  /** The type of that name as C, preceded by the types that it uses. */
  toC(name: string): string {
    return toC(this.codec(name));
  }
}

function explain(errno: number): string | undefined {
  if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
  return errno === Errno.ENOENT ? "there is none with that id" : undefined;
}
